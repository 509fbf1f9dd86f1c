/** What comes in from a broker. Small, because it lands in every tab. */
import { PartylineError } from './errors.ts'
import type { Announce, Frame, Welcome } from './messages.ts'

export function isAnnounce(value: unknown): value is Announce {
  const announce = value as Partial<Announce> | null | undefined
  return announce?.type === 'partyline:announce'
}

/** @throws PartylineError `bad-message` when it is no frame. A single item that is none fails by itself, where it is handled. */
export function parseFrame(value: unknown): Frame {
  const frame = value as Partial<Frame> | null | undefined
  if (frame?.type !== 'frame' || !Array.isArray(frame.items))
    throw new PartylineError('bad-message', 'the broker sent no frame')
  return frame as Frame
}

/** @throws PartylineError `bad-message` when it is no welcome. */
export function parseWelcome(value: unknown): Welcome {
  const welcome = value as Partial<Welcome> | null | undefined
  if (typeof welcome?.epoch !== 'string') throw new PartylineError('bad-message', 'the broker sent no welcome')
  return welcome as Welcome
}
