/** Broadcasts by HTTP. Loaded when the first is sent: most tabs send none. */
import type { RealtimeChannel } from './channel.ts'
import type { RealtimeBroadcastPersist, SendArgs, SendResponse } from './types.ts'

/** For `send` where the socket cannot take it. */
export async function sendByHttp(
  channel: RealtimeChannel,
  { persist, event, payload }: SendArgs,
  timeoutMs: number,
): Promise<SendResponse> {
  if (persist && !channel.private) return refuse(channel, 'Realtime send() cannot store a message on a public channel.')
  warn(
    channel,
    'warn',
    'Realtime send() is automatically falling back to REST API. This behavior will be deprecated in the future. Please use httpSend() explicitly for REST delivery.',
  )
  if (persist)
    return refuse(
      channel,
      'Realtime send() fell back to REST and cannot store this message. The batch endpoint does not support persistence. Use httpSend() or send after the channel is connected and subscribed.',
    )
  const { subTopic: topic, private: isPrivate, broadcastEndpointURL } = channel
  const body = JSON.stringify({ messages: [{ topic, event, payload: payload as unknown, private: isPrivate }] })
  try {
    const response = await post(channel, broadcastEndpointURL, 'application/json', body, timeoutMs)
    return response.ok ? 'ok' : 'error'
  } catch (error) {
    return (error as Error).name === 'AbortError' ? 'timed out' : 'error'
  }
}

/** @throws Error with the server's words */
export async function httpSend(
  channel: RealtimeChannel,
  event: string,
  body: string | ArrayBuffer | undefined,
  persist: RealtimeBroadcastPersist | undefined,
  timeoutMs: number,
): Promise<{ success: true }> {
  if (body === undefined) throw new Error('Payload is required for httpSend()')
  const url = new URL(channel.broadcastEndpointURL)
  url.pathname += `/${encodeURIComponent(channel.subTopic)}/events/${encodeURIComponent(event)}`
  if (channel.private) url.searchParams.set('private', 'true')
  if (persist) {
    if (!channel.private) throw new Error('Realtime httpSend() cannot store a message on a public channel.')
    const { ttl } = persist as { ttl?: number }
    url.searchParams.set(ttl === undefined ? 'persist' : 'persist[ttl]', String(ttl ?? true))
  }
  const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
  const response = await post(channel, url.href, type, body, timeoutMs)
  if (response.status === 202) return { success: true }
  if (response.status === 404)
    throw new Error(
      'httpSend() requires Realtime server v2.97.0 or newer; the endpoint returned 404. ' +
        'Update your Supabase CLI to a recent version, or upgrade the Realtime server in your self-hosted setup. ' +
        'See https://github.com/supabase/supabase-js/blob/master/packages/core/realtime-js/migrations/httpsend-server-version.md',
    )
  const { error, message } = (await response.json().catch(() => ({}))) as { error?: string; message?: string }
  throw new Error(error || message || response.statusText)
}

async function post(
  { socket: { apiKey, accessTokenValue, fetch } }: RealtimeChannel,
  url: string,
  type: string,
  body: BodyInit,
  timeoutMs: number,
): Promise<Response> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), timeoutMs)
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      apikey: apiKey,
      'Content-Type': type,
      ...(accessTokenValue && { Authorization: `Bearer ${accessTokenValue}` }),
    },
    body,
    signal: abort.signal,
  })
  clearTimeout(timer)
  return response
}

function refuse(channel: RealtimeChannel, problem: string): SendResponse {
  warn(channel, 'error', problem)
  return 'error'
}

function warn({ socket }: RealtimeChannel, how: 'warn' | 'error', text: string): void {
  if (socket.hasLogger()) socket.log('channel', text)
  else console[how](text)
}
