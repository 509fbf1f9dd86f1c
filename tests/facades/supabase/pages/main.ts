import { RealtimeClient as Original, type RealtimeClient } from '@supabase/realtime-js'
import { createRealtime, shareRealtime, useWorker } from 'partyline/supabase'
import { behaviours } from '../behaviours/index.ts'
import { createApi } from './api.ts'

declare global {
  interface Window {
    /** Runs one behaviour with the library or the face; resolves with what was seen. */
    observeSupabase(name: string, library: 'original' | 'face', server: { url: string; key: string }): Promise<unknown>
    callServer(method: string, args: readonly unknown[]): Promise<unknown>
  }
}

useWorker(
  options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
)

let count = 0

window.observeSupabase = async (name, library, { url, key }) => {
  const behaviour = behaviours.find(one => one.name === name)
  if (behaviour === undefined) throw new Error(`there is no behaviour ${name}`)
  const scope = `${library}-${++count}@supabase+${url}?key=${key}`
  const api = createApi(
    `${library}-${count}`,
    { url, key },
    (address, options) => {
      if (library === 'original') return new Original(address, options)
      const face: unknown = createRealtime(address, { scope, ...options })
      return face as RealtimeClient
    },
    supabase => (library === 'original' ? supabase : shareRealtime(supabase, { scope })),
  )
  try {
    await behaviour.run(api)
  } finally {
    await api.close()
  }
  return api.notes
}
