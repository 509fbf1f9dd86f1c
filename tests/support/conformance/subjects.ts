import { socketIoSubject } from './socket-io-subject.ts'
import type { Subject } from './subject.ts'

/** Every transport of Partyline: all go through all cases. */
export const subjects: readonly Subject[] = [socketIoSubject]
