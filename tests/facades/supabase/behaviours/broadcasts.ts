import type { Behaviour } from './behaviour.ts'

export const broadcasts: readonly Behaviour[] = [
  {
    name: 'a broadcast of the server comes with its type, event and payload',
    async run({ create, topic, joined, noting, noted, server }) {
      const channel = create().channel(topic)
      channel.on('broadcast', { event: 'tick' }, noting('tick'))
      await joined(channel)
      await server.broadcast(topic, 'tick', { n: 1 })
      await noted('tick')
    },
  },
  {
    name: 'listeners hear in the order in which they were added, each what it asked for',
    async run({ create, topic, joined, noting, noted, server }) {
      const channel = create().channel(topic)
      channel.on('broadcast', { event: '*' }, noting('any'))
      channel.on('broadcast', { event: 'a' }, noting('a'))
      channel.on('broadcast', { event: 'A' }, noting('A'))
      channel.on('broadcast', { event: 'b' }, noting('b'))
      channel.on('broadcast', { event: 'a' }, noting('a again'))
      await joined(channel)
      await server.broadcast(topic, 'a', { n: 1 })
      await server.broadcast(topic, 'b', { n: 2 })
      await noted('b')
    },
  },
  {
    name: 'a listener for broadcasts may be added after the join',
    async run({ create, topic, joined, noting, noted, server }) {
      const channel = await joined(create().channel(topic))
      channel.on('broadcast', { event: 'late' }, noting('late'))
      await server.broadcast(topic, 'late', {})
      await noted('late')
    },
  },
  {
    name: 'a listener gets the payload alone',
    async run({ create, topic, joined, note, noted, server }) {
      const channel = create().channel(topic)
      channel.on('broadcast', { event: 'tick' }, (...heard: unknown[]) => note('heard', heard.length))
      await joined(channel)
      await server.broadcast(topic, 'tick', {})
      await noted('heard')
    },
    differs: {
      why: 'a listener gets the payload alone',
      face: [['SUBSCRIBED'], ['heard', 1]],
    },
  },
  {
    name: 'a listener that throws',
    async run({ create, topic, joined, note, noted, server }) {
      const thrown = (event: ErrorEvent): void => {
        event.preventDefault()
        note('thrown', event.message)
      }
      window.addEventListener('error', thrown, { once: true })
      const channel = create().channel(topic)
      channel.on('broadcast', { event: 'tick' }, () => {
        throw new Error('own')
      })
      channel.on('broadcast', { event: 'tick' }, () => note('next'))
      channel.on('broadcast', { event: 'tock' }, () => note('tock'))
      await joined(channel)
      await server.broadcast(topic, 'tick', {})
      await server.broadcast(topic, 'tock', {})
      await noted('tock')
    },
    differs: {
      why: 'a listener that throws does not stop the others',
      face: [['SUBSCRIBED'], ['thrown', 'Uncaught Error: own'], ['next'], ['tock']],
    },
  },
  {
    name: 'a broadcast to others is not heard by whoever sent it',
    async run({ create, peer, topic, joined, peerJoined, noting, noted }) {
      const other = peer().channel(topic)
      other.on('broadcast', { event: 'said' }, noting('other'))
      await peerJoined(other)
      const channel = create().channel(topic)
      channel.on('broadcast', { event: 'said' }, noting('own'))
      await joined(channel)
      await channel.send({ type: 'broadcast', event: 'said', payload: { text: 'hello' } })
      await noted('other')
    },
  },
  {
    name: 'with self: true it is',
    async run({ create, topic, joined, noting, noted }) {
      const channel = create().channel(topic, { config: { broadcast: { self: true } } })
      channel.on('broadcast', { event: 'said' }, noting('own'))
      await joined(channel)
      await channel.send({ type: 'broadcast', event: 'said', payload: { text: 'hello' } })
      await noted('own')
    },
  },
  {
    name: 'send resolves with ok at once',
    async run({ create, topic, joined, outcome }) {
      const channel = await joined(create().channel(topic))
      await outcome('sent', () => channel.send({ type: 'broadcast', event: 'said', payload: {} }))
    },
  },
  {
    name: 'with ack: true it resolves with the word of the server',
    async run({ create, topic, joined, outcome }) {
      const channel = await joined(create().channel(topic, { config: { broadcast: { ack: true } } }))
      await outcome('sent', () => channel.send({ type: 'broadcast', event: 'said', payload: {} }))
    },
  },
  {
    name: 'with ack: true and a silent server it times out',
    async run({ create, topic, joined, outcome, server }) {
      const channel = await joined(create().channel(topic, { config: { broadcast: { ack: true } } }))
      await server.silence()
      await outcome('sent', () => channel.send({ type: 'broadcast', event: 'said', payload: {} }, { timeout: 150 }))
    },
  },
  {
    name: 'broadcasts come in the order in which they were sent',
    async run({ create, peer, topic, joined, peerJoined, noting, noted }) {
      const other = peer().channel(topic)
      other.on('broadcast', { event: '*' }, noting('other'))
      await peerJoined(other)
      const channel = await joined(create().channel(topic))
      for (const n of [1, 2, 3, 4, 5]) void channel.send({ type: 'broadcast', event: `e${n}`, payload: { n } })
      await noted('other', 5)
    },
  },
  {
    name: 'bytes go out and come in as bytes',
    async run({ create, peer, topic, joined, peerJoined, noting, noted }) {
      const other = peer().channel(topic)
      other.on('broadcast', { event: 'bytes' }, noting('other'))
      await peerJoined(other)
      const channel = create().channel(topic)
      channel.on('broadcast', { event: 'back' }, noting('own'))
      await joined(channel)
      await channel.send({ type: 'broadcast', event: 'bytes', payload: Uint8Array.of(1, 2, 255).buffer })
      await noted('other')
      await other.send({ type: 'broadcast', event: 'back', payload: Uint8Array.of(3, 4).buffer })
      await noted('own')
    },
  },
  {
    name: 'what JSON cannot carry is left out, dates become text',
    async run({ create, peer, topic, joined, peerJoined, noting, noted }) {
      const other = peer().channel(topic)
      other.on('broadcast', { event: 'said' }, noting('other'))
      await peerJoined(other)
      const channel = await joined(create().channel(topic))
      const payload = { at: new Date(0), gone: undefined, call: () => 1, own: { toJSON: () => 'own' }, nan: NaN }
      await channel.send({ type: 'broadcast', event: 'said', payload })
      await noted('other')
    },
  },
  {
    name: 'a payload that is left out arrives as an empty object',
    async run({ create, peer, topic, joined, peerJoined, noting, noted }) {
      const other = peer().channel(topic)
      other.on('broadcast', { event: 'said' }, noting('other'))
      await peerJoined(other)
      const channel = await joined(create().channel(topic))
      await channel.send({ type: 'broadcast', event: 'said' })
      await noted('other')
    },
  },
  {
    name: 'send before the join goes by HTTP',
    async run({ create, peer, topic, peerJoined, note, noting, noted }) {
      const other = peer().channel(topic)
      other.on('broadcast', { event: 'said' }, noting('other'))
      await peerJoined(other)
      const channel = create({ logger: quiet(noting('log')) }).channel(topic)
      const answer = await channel.send({ type: 'broadcast', event: 'said', payload: { n: 1 } })
      await noted('other')
      note('sent', answer)
    },
  },
  {
    name: 'send by HTTP resolves with error where the server refuses',
    async run({ create, topic, outcome }) {
      const channel = create({ params: { apikey: 'nobody' } }).channel(topic)
      await outcome('sent', () => channel.send({ type: 'broadcast', event: 'said', payload: { n: 1 } }))
    },
  },
  {
    name: 'send by HTTP that takes too long has timed out',
    async run({ create, topic, outcome }) {
      const slow: typeof fetch = (_url, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
        })
      const channel = create({ fetch: slow }).channel(topic)
      await outcome('sent', () => channel.send({ type: 'broadcast', event: 'said', payload: {} }, { timeout: 20 }))
    },
  },
  {
    name: 'requests by HTTP carry key, token, topic and payload',
    async run({ create, topic, note, server }) {
      const token = await server.token({ sub: 'ann' })
      const noting: typeof fetch = async (url, init) => {
        note(url, init?.method, init?.headers, init?.body instanceof Uint8Array ? 'bytes' : init?.body)
        return new Response(null, { status: 202 })
      }
      const client = create({ params: { apikey: 'the-key' }, fetch: noting })
      await client.setAuth(token.slice(0, 3))
      const channel = client.channel(topic, { config: { private: true } })
      await channel.send({ type: 'broadcast', event: 'said', payload: { n: 1 } })
      await channel.httpSend('said more', { n: 2 })
      await channel.httpSend('bytes', Uint8Array.of(1, 2))
      await channel.httpSend('kept', { n: 3 }, { persist: true })
      await channel.httpSend('kept', { n: 4 }, { persist: { ttl: 60 } })
    },
  },
  {
    name: 'httpSend reaches those who have joined',
    async run({ create, peer, topic, peerJoined, note, noting, noted }) {
      const other = peer().channel(topic)
      other.on('broadcast', { event: 'said' }, noting('other'))
      await peerJoined(other)
      const answer = await create().channel(topic).httpSend('said', { n: 1 })
      await noted('other')
      note('sent', answer)
    },
  },
  {
    name: 'httpSend rejects without a payload, for a public channel that is to be stored, and with what the server says',
    async run({ create, topic, outcome }) {
      const channel = create().channel(topic)
      await outcome('nothing', () => channel.httpSend('said', undefined))
      await outcome('stored', () => channel.httpSend('said', {}, { persist: true }))
      const forbidden = create().channel(topic, { config: { private: true } })
      await outcome('refused', () => forbidden.httpSend('said', {}))
      const nobody = create({ params: { apikey: 'nobody' } }).channel(topic)
      await outcome('nobody', () => nobody.httpSend('said', {}))
    },
  },
  {
    name: 'httpSend to a server that does not know it',
    async run({ create, topic, outcome }) {
      const unknown: typeof fetch = async () => new Response('', { status: 404 })
      await outcome('sent', () => create({ fetch: unknown }).channel(topic).httpSend('said', {}))
    },
  },
  {
    name: 'what is to be stored is refused on a public channel',
    async run({ create, topic, joined, outcome, noting }) {
      const channel = await joined(create({ logger: quiet(noting('log')) }).channel(topic))
      await outcome('sent', () => channel.send({ type: 'broadcast', event: 'said', payload: {}, persist: true }))
    },
  },
  {
    name: 'what is to be stored is not sent by HTTP',
    async run({ create, topic, outcome, noting }) {
      const channel = create({ logger: quiet(noting('log')) }).channel(topic, { config: { private: true } })
      await outcome('sent', () => channel.send({ type: 'broadcast', event: 'said', payload: {}, persist: true }))
    },
  },
  {
    name: 'two channels of one client hear what is theirs',
    async run({ create, topic, joined, noting, noted, server }) {
      const client = create()
      const one = client.channel(`${topic}-1`).on('broadcast', { event: '*' }, noting('one'))
      const two = client.channel(`${topic}-2`).on('broadcast', { event: '*' }, noting('two'))
      await joined(one)
      two.subscribe(noting('two'))
      await noted('two')
      await server.broadcast(`${topic}-2`, 'a', {})
      await server.broadcast(`${topic}-1`, 'b', {})
      await noted('one')
    },
  },
  {
    name: 'a private channel hears what is private',
    async run({ create, topic, joined, noting, noted, server, peer, peerJoined }) {
      const client = create()
      await client.setAuth(await server.token({ sub: 'ann' }))
      const channel = client.channel(topic, { config: { private: true } })
      channel.on('broadcast', { event: '*' }, noting('private'))
      await joined(channel)
      const outsider = await peerJoined(peer().channel(topic))
      await outsider.send({ type: 'broadcast', event: 'public', payload: {} })
      const insider = peer()
      await insider.setAuth(await server.token({ sub: 'bob' }))
      const inside = await peerJoined(insider.channel(topic, { config: { private: true } }))
      await inside.send({ type: 'broadcast', event: 'private', payload: { n: 1 } })
      await noted('private')
    },
  },
]

/** What only the library says of itself is no behaviour that an app relies on. */
function quiet(note: (...seen: unknown[]) => void): (kind: string, text: string) => void {
  return (kind, text) => {
    if (text.startsWith('Realtime')) note(kind, text)
  }
}
