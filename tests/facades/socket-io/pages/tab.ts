import { io, useWorker, type Socket } from 'partyline/socket-io'

declare global {
  interface Window {
    noted: unknown[]
    socket: Socket
  }
}

useWorker(
  options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
)

const { user = 'ann' } = Object.fromEntries(new URLSearchParams(location.search))
const noted: unknown[] = (window.noted = [])
const socket = (window.socket = io({
  auth: { token: user },
  rooms: { join: 'leave' },
  toOtherTabs: (event, ...args) => (event === 'typing' ? ['typing', ...args] : undefined),
}))
socket.on('connect', () => noted.push(['connect', socket.recovered ?? false]))
socket.on('disconnect', reason => noted.push(['disconnect', reason]))
socket.onAny((event: string, ...args: unknown[]) => {
  const answer = args.at(-1)
  if (typeof answer === 'function') (answer as (reply: string) => void)(user)
  noted.push([event, ...args.filter(arg => typeof arg !== 'function')])
})
