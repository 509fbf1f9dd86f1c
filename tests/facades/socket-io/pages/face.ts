import * as library from 'partyline/socket-io'
import type { Library } from '../behaviours/behaviour.ts'
import { offer } from './offer.ts'

library.useWorker(
  options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
)
offer(library as unknown as Library)
