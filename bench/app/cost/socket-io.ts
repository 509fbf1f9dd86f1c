/** An app's page with a Socket.IO client of its own: WebSocket at once, or polling and an upgrade as is the default. */
import { io } from 'socket.io-client'
import { watchFirstEvent } from './first-event.ts'

const query = new URLSearchParams(location.search)
const gotEvent = watchFirstEvent()

const socket = io(query.get('server') ?? '', query.has('websocket') ? { transports: ['websocket'] } : {})
socket.on('connect', () => socket.emit('join', 'cost', () => {}))
socket.on('cost:tick', gotEvent)
