import type { FloorSnapshot, Member, Members, Message, Typing } from '../model.ts'

export interface FloorState {
  /** Of the snapshot; `undefined` until the first. */
  readonly service: string | undefined
  readonly members: readonly Member[]
  readonly typing: readonly string[]
  /** When the server told last who is there or who types. */
  readonly toldAt: number
  readonly messages: readonly Message[]
}

const MAX_MESSAGES = 50

export const EMPTY_FLOOR: FloorState = { service: undefined, members: [], typing: [], toldAt: 0, messages: [] }

/** The same message may come twice, and out of order with a snapshot. */
export function withMessage(state: FloorState, message: Message): FloorState {
  if (state.messages.some(known => known.id === message.id)) return state
  const messages = [...state.messages, message].toSorted((a, b) => a.id - b.id)
  return { ...state, messages: messages.slice(-MAX_MESSAGES) }
}

export function withMembers(state: FloorState, { members, at }: Members): FloorState {
  return { ...state, members, toldAt: at }
}

export function withTyping(state: FloorState, { names, at }: Typing): FloorState {
  return { ...state, typing: names, toldAt: at }
}

/** The snapshot counts, except for what was said and told since it was taken. */
export function withSnapshot(state: FloorState, snapshot: FloorSnapshot): FloorState {
  const { service, members, typing, at, messages } = snapshot
  const isSameService = state.service === undefined || state.service === service
  const lastId = messages.at(-1)?.id ?? 0
  const later = isSameService ? state.messages.filter(({ id }) => id > lastId) : []
  const told = isSameService && state.toldAt > at ? state : { members, typing, toldAt: at }
  return { ...state, ...told, service, messages: [...messages, ...later].slice(-MAX_MESSAGES) }
}

/** Who was there and typed then is not there now, as far as anybody knows. */
export function fromKept({ service, messages }: FloorSnapshot): FloorState {
  return { ...EMPTY_FLOOR, service, messages }
}
