/** What comes in from a broker. Small, because it lands in every tab. */
import { PartylineError } from './errors.ts'
import type { Announce, EventItem, Frame, Notice, Welcome } from './messages.ts'

export function isAnnounce(value: unknown): value is Announce {
  const announce = value as Partial<Announce> | null | undefined
  return announce?.type === 'partyline:announce' && typeof announce.epoch === 'string'
}

/** @throws PartylineError `bad-message` when it is no frame; the items are checked one by one on the way to their handlers. */
export function parseFrame(value: unknown): Frame {
  const frame = value as Partial<Frame> | null | undefined
  if (frame?.type !== 'frame' || !Number.isSafeInteger(frame.seq) || !Array.isArray(frame.items))
    throw new PartylineError('bad-message', 'the broker sent something else than a frame')
  return frame as Frame
}

export function isEventItem(item: unknown): item is EventItem {
  return Array.isArray(item) && typeof item[0] === 'number' && typeof item[2] === 'string'
}

export function isNotice(item: unknown): item is Notice {
  return typeof (item as Notice | null)?.type === 'string'
}

/** @throws PartylineError `bad-message` when it is no welcome. */
export function parseWelcome(value: unknown): Welcome {
  const welcome = value as Partial<Welcome> | null | undefined
  if (typeof welcome?.epoch !== 'string' || typeof welcome.status?.status !== 'string')
    throw new PartylineError('bad-message', 'the broker sent no valid welcome')
  return welcome as Welcome
}
