import { useSyncExternalStore } from 'react'
import { createPersisted } from '../lib/persisted.ts'

export type Theme = 'light' | 'dark'

const stored = createPersisted('partyline-demo:theme')
const prefersDark = matchMedia('(prefers-color-scheme: dark)')

/** What the visitor chose, or else what the system prefers. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme)
}

export function toggleTheme(): void {
  stored.set(currentTheme() === 'dark' ? 'light' : 'dark')
}

function currentTheme(): Theme {
  const chosen = stored.get()
  if (chosen === 'light' || chosen === 'dark') return chosen
  return prefersDark.matches ? 'dark' : 'light'
}

function subscribe(listener: () => void): () => void {
  const stop = stored.subscribe(() => {
    document.documentElement.dataset['theme'] = currentTheme()
    listener()
  })
  prefersDark.addEventListener('change', listener)
  return () => {
    stop()
    prefersDark.removeEventListener('change', listener)
  }
}
