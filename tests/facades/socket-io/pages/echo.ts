import Echo from 'laravel-echo'
import { io, useWorker } from 'partyline/socket-io'

declare global {
  interface Window {
    told: unknown[]
    act(name: string): void
  }
}

useWorker(
  options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
)

const user = new URLSearchParams(location.search).get('user') ?? 'ann'
const echo = new Echo({
  broadcaster: 'socket.io',
  client: io,
  host: location.origin,
  auth: { headers: { Authorization: `Bearer ${user}` } },
  // Beside Echo's own options: what one connection for all tabs has to know of this server.
  rooms: { subscribe: 'unsubscribe' },
  toOtherTabs: (event: string, { channel, event: name, data }: { channel: string; event: string; data: unknown }) =>
    event === 'client event' ? [name, channel, data] : undefined,
})

const heard: unknown[] = (window.told = [])
const note =
  (what: string) =>
  (...values: unknown[]) =>
    void heard.push([what, ...values])

echo.channel('news').listen('Published', note('public'))
echo.private('orders.1').listen('Shipped', note('private')).listenForWhisper('typing', note('whisper'))
echo.private(`App.Models.User.${user}`).notification(note('notification'))
echo.join('room').here(note('here')).joining(note('joining')).leaving(note('leaving')).listen('Said', note('presence'))
echo.private('closed').on('subscription_error', note('refused'))

const actions: { readonly [name: string]: () => unknown } = {
  whisper: () => echo.private('orders.1').whisper('typing', { by: user }),
  'leave orders': () => echo.leave('orders.1'),
  'leave room': () => echo.leave('room'),
  disconnect: () => echo.disconnect(),
}
window.act = name => void actions[name]?.()
Object.assign(window, { echo })
