import type { io as library } from 'partyline/socket-io'

/** A chat as in Socket.IO's own guide, on the screen of one page. */
export function start(io: typeof library): void {
  const screen = document.body
  const lines: string[] = []
  let status = 'connecting'
  const draw = (): void => void (screen.textContent = [status, ...lines].join('\n'))

  const socket = io({ auth: { name: 'ann' } })
  const admin = io('/admin', { auth: { name: 'ann' } })
  socket.on('connect', () => {
    status = 'connected'
    draw()
    socket.emit('join', 'lobby', () => {
      lines.push('in the lobby')
      draw()
    })
  })
  socket.on('disconnect', reason => {
    status = `disconnected: ${reason}`
    draw()
  })
  socket.on('said', (who: string, text: string) => {
    lines.push(`${who}: ${text}`)
    draw()
  })
  admin.on('notice', (text: string) => {
    lines.push(`! ${text}`)
    draw()
  })
  Object.assign(window, {
    say: (text: string) => socket.emit('all', 'said', 'ann', text),
    ask: (text: string) => socket.emitWithAck('echo', text),
    notify: (text: string) => admin.emitWithAck('echo').then(() => admin.emit('all', 'notice', text)),
    leave: () => socket.disconnect(),
  })
  draw()
}
