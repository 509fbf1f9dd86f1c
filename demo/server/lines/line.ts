import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** What the house needs of a line, whichever transport it is for. */
export interface Line {
  /** By which browsers name the app, where the service has many; public. */
  readonly key?: string
  /** Lets visitors in from here on. Called once. */
  open(desk: Desk): void
  /** To everybody on the channel, in order. */
  emit(channel: string, event: string, payload: unknown): void
  /** Resolves when the service has all that was emitted until now. @default it has it at once */
  emitted?(): Promise<unknown>
  /** Those that visitors have now. */
  connections(): number
  /** Answers what is meant for the line itself over HTTP, and tells whether it was. */
  answers?(request: IncomingMessage, response: ServerResponse): boolean
  /** What was emitted and is still here is let go. */
  close(): Promise<void>
}

/** `http` gives requests and upgrades, and listens to nothing itself. */
export type OpenLine = (http: Server) => Promise<Line>

/** Where visitors are received. */
export interface Desk {
  /**
   * @param event `channel:event`
   * @throws Refusal
   */
  take(event: string, asked: Asked): object | void
  /** Somebody is on the floor. */
  enter(connection: string, name: string): void
  leave(connection: string): void
}

export interface Asked {
  /** Whose it is. */
  readonly name: string
  readonly payload: unknown
  /** The idempotency key of a message that may come again. */
  readonly key: string | undefined
}
