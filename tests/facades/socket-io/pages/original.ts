import * as library from 'socket.io-client'
import { offer } from './run.ts'

offer(library)
