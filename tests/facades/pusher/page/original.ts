import Pusher from 'pusher-js'
import { offer, type PusherClass } from './offer.ts'

offer(Pusher as unknown as PusherClass)
