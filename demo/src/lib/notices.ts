import { createStore } from './store.ts'

export interface Notice {
  readonly id: number
  readonly text: string
}

const SHOWN_MS = 6_000
const MAX_NOTICES = 3
let lastId = 0

export const notices = createStore<readonly Notice[]>([])

export function notify(text: string): void {
  const id = ++lastId
  notices.update(current => [...current.filter(notice => notice.text !== text), { id, text }].slice(-MAX_NOTICES))
  setTimeout(dismiss, SHOWN_MS, id)
}

export function dismiss(id: number): void {
  notices.update(current => current.filter(notice => notice.id !== id))
}
