import 'react'

declare module 'react' {
  interface CSSProperties {
    '--done'?: number
  }
}
