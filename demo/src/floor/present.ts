import type { Channel, Member as Present } from 'partyline'
import type { AppEvents } from '../events.ts'
import { createStore, type Store } from '../lib/store.ts'
import type { Member } from '../model.ts'
import { transport } from '../transport/transport.ts'

/** Visitors on the floor as far as the transport tells; elsewhere the house does. */
export function watchPresent(
  channel: Channel<AppEvents['floor']>,
  me: string,
  signal: AbortSignal,
): Store<readonly Member[]> {
  const store = createStore<readonly Member[]>([])
  if (transport.presence === 'none') return store
  if (transport.presence === 'own') channel.track({ name: me })
  channel.onPresence(present => store.update(() => byName(present)), { signal })
  return store
}

/** Where members are users nobody knows how many connections each has. */
function byName(present: readonly Present[]): readonly Member[] {
  const names = present.map(nameOf)
  return [...new Set(names)].toSorted().map(name => ({
    name,
    staff: false,
    connections: transport.presence === 'own' ? names.filter(other => other === name).length : undefined,
  }))
}

function nameOf({ id, states: [state] }: Present): string {
  const name = (state as { readonly name?: unknown } | null | undefined)?.name
  return typeof name === 'string' ? name : id
}
