import { useSyncExternalStore } from 'react'
import { createPersisted } from '../lib/persisted.ts'

export const MAX_NAME = 24
const FIRST_NAMES = ['Mara', 'Theo', 'Ines', 'Jonas', 'Lucia', 'Emil', 'Noor', 'Pia', 'Sami', 'Vera']

const stored = createPersisted('partyline-demo:name')

export function useName(): string {
  return useSyncExternalStore(stored.subscribe, currentName)
}

/** Tells all tabs of the browser. */
export function rename(name: string): void {
  const tidy = name.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_NAME)
  if (tidy !== '') stored.set(tidy)
}

/** A browser that comes for the first time gets a name by lot. */
function currentName(): string {
  const known = stored.get()
  if (known !== null) return known
  const drawn = FIRST_NAMES[Math.floor(Math.random() * FIRST_NAMES.length)] ?? 'Guest'
  localStorage.setItem('partyline-demo:name', drawn)
  return drawn
}
