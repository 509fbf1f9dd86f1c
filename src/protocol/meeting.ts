/**
 * How tabs without a SharedWorker and the broker in one tab's dedicated worker find each other. They share the
 * names here, and three kinds of messages:
 * - on the **meeting** channel, which all of them hear: {@link Knock} and {@link Here};
 * - on a **link**, two channels that only one tab and the broker know, the protocol as over ports, and at its end
 *   {@link Gone};
 * - from the tab that owns the worker to the worker: {@link PortMessage}, with a real port.
 */
import { MAX_NAME_LENGTH } from './parse.ts'
import { toWorkerName, type BrokerAddress } from './worker-name.ts'

export type MeetingMessage = Knock | Here

/** *tab → broker.* Open your ends of this link. Answered by the announcement on its control channel. */
export interface Knock {
  readonly type: 'knock'
  /** Unguessable, and never the same twice. */
  readonly link: string
}

/** *broker → tabs.* A broker has started: knock (again). Links to a broker of another epoch are dead. */
export interface Here {
  readonly type: 'here'
  readonly epoch: string
}

/** *tab → broker, last message on a link's control channel.* The tab has closed its ends. */
export interface Gone {
  readonly type: 'partyline:gone'
}

/** *tab → its own worker, with one port.* Serve this control port. */
export interface PortMessage {
  readonly type: 'partyline:port'
}

/** Names of one address. The protocol's major version is part of each: who would not understand each other never meets. */
export interface MeetingNames {
  /** Web Lock, exclusive: its holder runs the worker, those who wait for it would. */
  readonly leader: string
  /** Web Lock, shared: held by candidates whose tab is visible. */
  readonly visible: string
  /** BroadcastChannel. */
  readonly meeting: string
}

export function meetingNames(address: BrokerAddress): MeetingNames {
  const base = toWorkerName(address)
  return { leader: `${base}:leader`, visible: `${base}:visible`, meeting: `${base}:meeting` }
}

/** The two BroadcastChannels of one link. */
export function linkNames(address: BrokerAddress, link: string): { readonly control: string; readonly data: string } {
  const base = `${toWorkerName(address)}:link:${link}`
  return { control: `${base}:control`, data: `${base}:data` }
}

/** `undefined` for what does not belong on a meeting channel. */
export function parseMeeting(value: unknown): MeetingMessage | undefined {
  const { type, link, epoch } = Object(value) as { readonly [field: string]: unknown }
  if (type === 'knock' && isName(link)) return { type, link }
  if (type === 'here' && isName(epoch)) return { type, epoch }
  return undefined
}

export function isGone(value: unknown): value is Gone {
  return hasType(value, 'partyline:gone')
}

export function isPortMessage(value: unknown): value is PortMessage {
  return hasType(value, 'partyline:port')
}

function hasType(value: unknown, type: string): boolean {
  return (Object(value) as { readonly type?: unknown }).type === type
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH
}
