import { linesSubject } from './lines-subject.ts'
import { pusherSubject } from './pusher-subject.ts'
import { socketIoSubject } from './socket-io-subject.ts'
import type { Subject } from './subject.ts'
import { supabaseSubject } from './supabase-subject.ts'
import { eventStreamSubject, webSocketSubject } from './websocket-subject.ts'

/** Every transport of Partyline, and the example in docs/transports.md: all go through all cases. */
export const subjects: readonly Subject[] = [
  socketIoSubject,
  pusherSubject,
  supabaseSubject,
  webSocketSubject,
  eventStreamSubject,
  linesSubject,
]
