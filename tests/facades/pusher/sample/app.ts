import Pusher, { type PresenceChannel } from 'pusher-js'

interface Order {
  readonly id: number
  readonly dish: string
}

const query = new URLSearchParams(location.search)
const port = Number(query.get('port'))

const pusher = new Pusher('key', {
  cluster: 'eu',
  wsHost: '127.0.0.1',
  wsPort: port,
  forceTLS: false,
  enabledTransports: ['ws'],
  channelAuthorization: {
    endpoint: `http://127.0.0.1:${port}/pusher/auth`,
    transport: 'ajax',
    params: { user_id: query.get('user') },
  },
})

const list = document.querySelector('ul')
const state = document.querySelector('#state')
const staff = document.querySelector('#staff')
const seen = document.querySelector('#seen')

pusher.connection.bind('state_change', ({ current }: { current: string }) => {
  if (state) state.textContent = current
})

const orders = pusher.subscribe('private-orders')
orders.bind('created', ({ id, dish }: Order) => {
  const row = document.createElement('li')
  row.textContent = `${id}: ${dish}`
  list?.append(row)
})
orders.bind('client-seen', ({ id }: Order) => {
  if (seen) seen.textContent = `somebody has seen ${id}`
})

const floor = pusher.subscribe('presence-floor') as PresenceChannel
function showStaff(): void {
  const names: string[] = []
  floor.members.each(({ info }: { info: { name: string } }) => names.push(info.name))
  if (staff) staff.textContent = names.toSorted().join(', ')
}
floor.bind('pusher:subscription_succeeded', showStaff)
floor.bind('pusher:member_added', showStaff)
floor.bind('pusher:member_removed', showStaff)

document.querySelector('button')?.addEventListener('click', () => {
  const last = list?.lastElementChild?.textContent ?? '0'
  orders.trigger('client-seen', { id: Number.parseInt(last, 10) })
})
