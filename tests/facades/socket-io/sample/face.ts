import { io } from 'partyline/socket-io'
import { start } from './app.ts'

start(io)
