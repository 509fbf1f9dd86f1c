import { NameButton } from './identity/name-button.tsx'
import type { ViewName } from './lib/use-view.ts'
import { Navigation } from './navigation.tsx'
import { NetworkSwitch } from './network/network-switch.tsx'
import { StatusPill } from './panel/status-pill.tsx'
import { ThemeToggle } from './theme/theme-toggle.tsx'

export function Header({ view }: { readonly view: ViewName }) {
  return (
    <header className="header">
      <h1 className="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true" className="brand-mark">
          <rect width="32" height="32" rx="9" />
          <path d="M7 9c9 0 7 7 10 7h8M7 16h18M7 23c9 0 7-7 10-7" />
        </svg>
        <span className="brand-name">Osteria Filo</span>
      </h1>
      <Navigation view={view} className="top-navigation" />
      <div className="header-tools">
        <StatusPill />
        <NetworkSwitch />
        <NameButton />
        <ThemeToggle />
      </div>
    </header>
  )
}
