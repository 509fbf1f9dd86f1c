import * as library from 'socket.io-client'
import { offer } from './offer.ts'

offer(library)
