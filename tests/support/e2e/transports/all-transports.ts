import { pusherUnderTest } from './pusher.ts'
import { socketIoUnderTest } from './socket-io.ts'
import { supabaseUnderTest } from './supabase.ts'
import type { TransportUnderTest } from './transport-under-test.ts'
import { eventStreamUnderTest, webSocketUnderTest } from './websocket.ts'

/** Transports that keep the same promises. */
export const ALL_TRANSPORTS: readonly TransportUnderTest[] = [
  socketIoUnderTest,
  pusherUnderTest,
  supabaseUnderTest,
  webSocketUnderTest,
  eventStreamUnderTest,
]
