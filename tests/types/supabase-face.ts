/** An app that is written for `@supabase/realtime-js` compiles with `partyline/supabase` in its place. */
import type * as original from '@supabase/realtime-js'
import { createClient } from '@supabase/supabase-js'
import { expectTypeOf } from 'vitest'
import {
  createRealtime,
  REALTIME_SUBSCRIBE_STATES,
  RealtimeClient,
  shareRealtime,
  type RealtimeChannel,
  type RealtimeChannelOptions,
  type RealtimeClientOptions,
  type RealtimePostgresChangesPayload,
  type RealtimePostgresInsertPayload,
  type RealtimePresenceJoinPayload,
  type RealtimePresenceState,
} from '../../src/facades/supabase/index.ts'

/** What is public: classes with private members are assignable to themselves alone. */
type Client = Pick<
  original.RealtimeClient,
  | 'connect'
  | 'disconnect'
  | 'setAuth'
  | 'connectionState'
  | 'isConnected'
  | 'isConnecting'
  | 'isDisconnecting'
  | 'endpointURL'
  | 'log'
  | 'hasLogger'
  | 'apiKey'
  | 'accessTokenValue'
  | 'accessToken'
  | 'httpEndpoint'
  | 'endPoint'
  | 'timeout'
  | 'heartbeatIntervalMs'
>
type Channel = Pick<
  original.RealtimeChannel,
  | 'send'
  | 'httpSend'
  | 'track'
  | 'untrack'
  | 'presenceState'
  | 'unsubscribe'
  | 'teardown'
  | 'topic'
  | 'subTopic'
  | 'state'
  | 'params'
  | 'private'
  | 'joinedOnce'
  | 'timeout'
  | 'broadcastEndpointURL'
>

declare const client: RealtimeClient
declare const channel: RealtimeChannel

expectTypeOf(client).toExtend<Client>()
expectTypeOf(channel).toExtend<Channel>()
expectTypeOf<original.RealtimeChannelOptions>().toExtend<RealtimeChannelOptions>()
expectTypeOf<original.RealtimeClientOptions>().toExtend<RealtimeClientOptions>()
expectTypeOf<RealtimePresenceState<{ n: number }>>().toExtend<original.RealtimePresenceState<{ n: number }>>()
expectTypeOf<RealtimePresenceJoinPayload<{ n: number }>>().toExtend<
  original.RealtimePresenceJoinPayload<{ n: number }>
>()
expectTypeOf<RealtimePostgresChangesPayload<{ id: number }>['new']>().toExtend<
  original.RealtimePostgresChangesPayload<{ id: number }>['new']
>()

// ── as apps write it ────────────────────────────────────────────────────────────────────────────

interface Order {
  readonly id: number
}

const realtime = createRealtime('https://abc.supabase.co/realtime/v1', { params: { apikey: 'key' } })
realtime
  .channel('room', { config: { broadcast: { self: true }, presence: { key: 'ann' }, private: true } })
  .on('broadcast', { event: 'cursor' }, ({ event, payload }) => [event, payload])
  .on<{ n: number }>('broadcast', { event: 'typed' }, ({ payload }) => payload.n.toFixed())
  .on('presence', { event: 'sync' }, () => {})
  .on('presence', { event: 'join' }, ({ key, newPresences }) => [key, newPresences.length])
  .on<Order>('postgres_changes', { event: 'INSERT', schema: 'public', table: 'orders' }, change => {
    expectTypeOf(change).toEqualTypeOf<RealtimePostgresInsertPayload<Order>>()
  })
  .on('postgres_changes', { event: '*', schema: 'public', filter: 'id=eq.1' }, ({ eventType }) => eventType)
  .on('system', {}, payload => payload)
  .subscribe((status, error) => {
    if (status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED || status === 'CLOSED') return
    expectTypeOf(error).toEqualTypeOf<Error | undefined>()
  })

/** A callback that was written with the library's enumeration. */
declare const onStatus: (status: original.REALTIME_SUBSCRIBE_STATES, error?: Error) => void
channel.subscribe(onStatus, 500)

const supabase = shareRealtime(createClient('https://abc.supabase.co', 'key'), { scope: 'ann' })
expectTypeOf(supabase.channel('room')).toEqualTypeOf<original.RealtimeChannel>()
expectTypeOf(new RealtimeClient('wss://abc', { params: { apikey: 'key' } }).getChannels()).toEqualTypeOf<
  RealtimeChannel[]
>()

// @ts-expect-error no such thing to listen to
channel.on('presense', { event: 'sync' }, () => {})

// @ts-expect-error a payload of rows has no such field
channel.on<Order>('postgres_changes', { event: 'INSERT', schema: 'public' }, change => change.record)

// @ts-expect-error a timeout is a number
channel.subscribe(() => {}, '500')

// @ts-expect-error no such option
createRealtime('wss://abc', { params: { apikey: 'key' }, apikey: 'key' })
