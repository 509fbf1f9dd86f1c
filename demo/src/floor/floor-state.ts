import type { FloorSnapshot, Member, Message } from '../model.ts'

export interface FloorState {
  /** False until the first snapshot. */
  readonly loaded: boolean
  readonly members: readonly Member[]
  readonly typing: readonly string[]
  readonly messages: readonly Message[]
}

const MAX_MESSAGES = 50

export const EMPTY_FLOOR: FloorState = { loaded: false, members: [], typing: [], messages: [] }

/** The same message may come twice, and out of order with a snapshot. */
export function withMessage(state: FloorState, message: Message): FloorState {
  if (state.messages.some(known => known.id === message.id)) return state
  const messages = [...state.messages, message].toSorted((a, b) => a.id - b.id)
  return { ...state, messages: messages.slice(-MAX_MESSAGES) }
}

export function fromSnapshot({ members, typing, messages }: FloorSnapshot): FloorState {
  return { loaded: true, members, typing, messages }
}
