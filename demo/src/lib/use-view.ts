import { useSyncExternalStore } from 'react'
import { STATIONS, type Station } from '../model.ts'

export const VIEWS = ['board', 'kitchen', 'floor', 'line'] as const
export type ViewName = (typeof VIEWS)[number]

/** What this tab shows, from the address: `#board`, `#kitchen`, `#kitchen/grill`, … */
export interface View {
  readonly name: ViewName
  readonly station: Station | undefined
}

export function useView(): View {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  return parseView(hash)
}

function parseView(hash: string): View {
  const [first, second] = hash.slice(1).split('/')
  return {
    name: VIEWS.find(name => name === first) ?? 'board',
    station: STATIONS.find(station => station === second),
  }
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}
