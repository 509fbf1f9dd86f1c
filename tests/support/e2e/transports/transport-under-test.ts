import type { Continuity, Member } from '../../../../src/client/index.ts'

/** A transport of the page of tests/support/app (its broker-options.ts), and a real server for it. */
export interface TransportUnderTest {
  readonly name: string
  /** What tabs hear when the server was killed and has come back: `recovered` where it knows what they had. */
  readonly verdictAfterRestart: Continuity['verdict']
  /** Without it the transport does not offer presence. */
  readonly presence?: PresenceUnderTest
  start(): Promise<ServerUnderTest>
}

export interface PresenceUnderTest {
  /** A channel with presence. */
  readonly channel: string
  /** Tabs tell who they are; without it the server knows from their credentials. */
  readonly isTold: boolean
  /** The user. */
  who(member: Member): string
}

/** As tabs tell it: `{ user }`. */
export function whoTold({ states: [state] }: Member): string {
  return String((state as { readonly user?: unknown } | undefined)?.user)
}

/** It lets nobody do anything without a token. */
export interface ServerUnderTest {
  /** What the page takes for the server's address. The same after a restart. */
  readonly address: string
  /** One that it takes, one that it takes besides and after, and one that it does not. */
  readonly tokens: { readonly first: string; readonly next: string; readonly refused: string }
  /** The first token is good no longer, and what it has opened is ended. */
  expire(): void
  /** Where new credentials reach the open connection: that the next token has. */
  hasBeenRenewed?(): boolean
  connections(): number
  /** The most that it ever had at once, before the restart and after. */
  peakConnections(): number
  /** Of the channel `orders`, at the server that runs. */
  joins(): number
  /** Sends an event with this number to all on the channel `orders`. */
  emit(n: number): void
  /** Ends the server as one that is killed. */
  kill(): Promise<void>
  /** Another one on the same port. */
  restart(): Promise<void>
  close(): Promise<void>
}
