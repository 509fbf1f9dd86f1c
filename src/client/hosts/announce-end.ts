import { PROTOCOL_VERSION, toWireError, type Announce, type PartylineError } from '../../protocol/index.ts'

/** Makes whoever listens to a link hear that its broker is gone, as a broker that still could would say it. */
export function announceEnd(control: EventTarget, error: PartylineError): void {
  const announce: Announce = {
    type: 'partyline:announce',
    protocol: PROTOCOL_VERSION,
    epoch: 'gone',
    error: toWireError(error),
  }
  control.dispatchEvent(new MessageEvent('message', { data: announce }))
}
