/** The switch by which the server cuts this browser's network, as all of its tabs know it. */
import { useSyncExternalStore } from 'react'
import { createPersisted } from '../lib/persisted.ts'
import { request } from '../lib/request.ts'

interface Network {
  readonly cut: boolean
}

const URL = '/network'
const stored = createPersisted('partyline-demo:network')

export function useIsCut(): boolean {
  return useSyncExternalStore(stored.subscribe, isCut)
}

/** Resolves when the network is as wanted, for all tabs and workers of this browser. */
export async function turnNetwork(cut: boolean): Promise<void> {
  remember(await request<Network>(URL, { method: 'POST', body: JSON.stringify({ cut }) }))
}

/** The server may have been restarted since, and then nothing is cut. */
export async function askNetwork(signal: AbortSignal): Promise<void> {
  remember(await request<Network>(URL, { signal }))
}

/** Hears that the network is there again. */
export function onHealed(listener: () => void, signal: AbortSignal): void {
  let wasCut = isCut()
  const stop = stored.subscribe(() => {
    if (wasCut && !isCut()) listener()
    wasCut = isCut()
  })
  signal.addEventListener('abort', stop)
}

function isCut(): boolean {
  return stored.get() === 'cut'
}

function remember({ cut }: Network): void {
  if (cut !== isCut()) stored.set(cut ? 'cut' : null)
}
