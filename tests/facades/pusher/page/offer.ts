import type PusherJs from 'pusher-js'
import { behaviours } from '../behaviours/index.ts'
import { createApi } from './api.ts'

/** In types for Node the class stands in a namespace; what a browser's build exports is the class. */
export type PusherClass = typeof PusherJs.default
export type Pusher = PusherJs.default

declare global {
  interface Window {
    /** What was observed, in order. */
    observePusher(name: string, port: number): Promise<unknown>
  }
}

/** Lets the test run any of the behaviours with this class. */
export function offer(Class: PusherClass): void {
  window.observePusher = async (name, port) => {
    const behaviour = behaviours.find(one => one.name === name)
    if (behaviour === undefined) throw new Error(`there is no behaviour ${name}`)
    const api = createApi(Class, name, port)
    try {
      await behaviour.run(api)
      return api.seen()
    } finally {
      api.end()
    }
  }
}
