import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AddressInfo, WebSocketServer } from 'ws'
import { cacheFolder, inRoot } from '../../../scripts/lib/paths.mjs'
import { waitFor } from '../../support/line/wait-for.ts'
import { pack } from '../../support/servers/websocket/envelope.ts'
import { openSocket } from '../../support/servers/websocket/wire-client.ts'

const page = await readFile(inRoot('docs/websocket-protocol.md'), 'utf8')

describe('the small server in docs/websocket-protocol.md', () => {
  let server: WebSocketServer
  let socketUrl: string

  beforeAll(async () => {
    const code = /```js\n(.+?)```/s.exec(page)?.[1] ?? ''
    const file = `${cacheFolder}/docs/websocket-server.mjs`
    await mkdir(`${cacheFolder}/docs`, { recursive: true })
    await writeFile(file, `${code.replace('port: 8080', 'port: 0')}\nexport { server }\n`)
    const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { readonly server: WebSocketServer }
    server = module.server
    if (server.address() === null) await once(server, 'listening')
    socketUrl = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })

  it('does what it says', async () => {
    const [one, two] = [await openSocket({ socketUrl }), await openSocket({ socketUrl })]
    for (const client of [one, two])
      expect(await client.ask({ type: 'join', channel: 'a' })).toMatchObject({ ok: true })
    await two.ask({ type: 'leave', channel: 'a' })
    const message = { channel: 'a', event: 'said', payload: { n: 1 } }
    expect(await two.ask({ type: 'publish', ...message })).toMatchObject({ ok: true })
    two.send({ type: 'ping' })
    await waitFor(() => two.of('pong').length === 1, 'the pong')
    await waitFor(() => one.of('event').length === 1, 'the event')
    expect(one.of('event')).toEqual([{ type: 'event', ...message }])
    expect(two.of('event')).toEqual([])
  })
})

it('the binary frame in docs/websocket-protocol.md is a real one', () => {
  const [, length = '', header = '', payload = ''] = /^([\da-f ]+) {2}(\{.*\}) {2}([\da-f ]+) …$/m.exec(page) ?? []
  const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const frame = pack({ ...(JSON.parse(header) as object), payload: bytesOf(payload) })
  expect(frame).toEqual(Buffer.concat([bytesOf(length), Buffer.from(header), bytesOf(payload)]))
})
