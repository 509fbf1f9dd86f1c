import Pusher, { useWorker } from 'partyline/pusher'
import { offer, type PusherClass } from './offer.ts'

useWorker(
  options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
)
offer(Pusher as unknown as PusherClass)
