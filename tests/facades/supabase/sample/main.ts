/** A small app as one writes it with the library: who is in the room, what they say, and the orders that come in. */
import { RealtimeClient } from '@supabase/realtime-js'

const params = new URLSearchParams(location.search)
const realtime = new RealtimeClient(params.get('address') ?? '', { params: { apikey: params.get('key') } })
const room = realtime.channel('room', {
  config: { broadcast: { self: true }, presence: { key: params.get('name') ?? '' } },
})

let status = 'CLOSED'
let rows = 'none yet'
const said: string[] = []
const orders: number[] = []

function show(): void {
  const screen = document.querySelector('#screen')
  if (screen === null) throw new Error('there is no screen')
  screen.textContent = [
    `Room: ${status}`,
    `Rows: ${rows}`,
    `Here: ${Object.keys(room.presenceState()).toSorted().join(', ')}`,
    `Said: ${said.join(', ')}`,
    `Orders: ${orders.join(', ')}`,
  ].join('\n')
}

room
  .on('broadcast', { event: 'said' }, ({ payload }: { payload: { text: string } }) => {
    said.push(payload.text)
    show()
  })
  .on('presence', { event: 'sync' }, show)
  .on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'orders' }, ({ new: order }) => {
    orders.push((order as { id: number }).id)
    show()
  })
  .on('system', {}, ({ status: flow }: { status: string }) => {
    rows = flow
    show()
  })

const token = params.get('token')
if (token !== null) void realtime.setAuth(token)
room.subscribe((next, error) => {
  status = error === undefined ? next : `${next} ${error.message}`
  if (status === 'SUBSCRIBED') void room.track({ since: 'today' })
  show()
})
document.querySelector('#say')?.addEventListener('click', () => {
  void room.send({ type: 'broadcast', event: 'said', payload: { text: 'hello' } })
})
document.querySelector('#change')?.addEventListener('click', () => void realtime.setAuth(params.get('next')))
document.querySelector('#leave')?.addEventListener('click', () => void realtime.removeChannel(room))
show()
