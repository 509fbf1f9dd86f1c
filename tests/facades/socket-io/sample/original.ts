import { io } from 'socket.io-client'
import { start } from './app.ts'

start(io)
