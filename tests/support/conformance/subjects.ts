import { linesSubject } from './lines-subject.ts'
import { socketIoSubject } from './socket-io-subject.ts'
import type { Subject } from './subject.ts'

/** Every transport of Partyline, and the example in docs/transports.md: all go through all cases. */
export const subjects: readonly Subject[] = [socketIoSubject, linesSubject]
