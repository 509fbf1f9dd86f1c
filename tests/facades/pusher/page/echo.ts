import Echo from 'laravel-echo'
import Pusher, { useWorker } from 'partyline/pusher'

declare global {
  interface Window {
    echo: Echo<'pusher'>
    /** What this tab has heard, in order. */
    echoHeard: unknown[]
  }
}

const query = new URLSearchParams(location.search)
const server = `http://127.0.0.1:${query.get('port')}`

useWorker(
  options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
)

/** As an app of Laravel has them. */
const options = {
  key: 'key',
  wsHost: '127.0.0.1',
  wsPort: Number(query.get('port')),
  forceTLS: false,
  enabledTransports: ['ws', 'wss'] as ('ws' | 'wss')[],
  authEndpoint: `${server}/pusher/auth`,
  auth: { params: { user_id: 'ann' }, headers: {} },
}

window.echo =
  query.get('broadcaster') === 'reverb'
    ? (new Echo({
        ...options,
        broadcaster: 'reverb',
        bearerToken: 'right',
        Pusher: Pusher as never,
      }) as unknown as Echo<'pusher'>)
    : new Echo<'pusher'>({
        broadcaster: 'pusher',
        client: new Pusher(options.key, {
          ...options,
          cluster: '',
          auth: { ...options.auth, headers: { Authorization: 'Bearer right' } },
        }),
      })

window.echoHeard = []
const note =
  (what: string) =>
  (...args: unknown[]): void =>
    void window.echoHeard.push([what, ...args])

const { echo } = window
echo.channel('orders').subscribed(note('public')).listen('OrderShipped', note('shipped'))
echo
  .private('kitchen.1')
  .subscribed(note('private'))
  .listen('.order.ready', note('ready'))
  .listenForWhisper('typing', note('typing'))
echo.private('App.Models.User.1').notification(note('notification'))
echo
  .join('floor')
  .here(note('here'))
  .joining(note('joining'))
  .leaving(note('leaving'))
  .listenForWhisper('waving', note('waving'))
echo.private('forbidden').error(note('error'))
