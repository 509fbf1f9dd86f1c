import { MOMENTS, OutboxChaos, planBreaks, VICTIMS } from '../support/chaos/outbox-chaos.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { Ledger } from '../support/servers/ledger.ts'
import type { Posted } from '../support/servers/outbox-endpoint.ts'
import type { PublishedMessage, SocketIoServer } from '../support/servers/socket-io-server.ts'
import { seeded } from '../support/random.ts'

const SEED = Number(process.env['SEED'] ?? 4)
const MESSAGES = 10_000
const TABS = 4
const LANES_OF_EACH = 2
const BREAKS_OF_EACH_MOMENT = 3
const TIMES_ALL_CLOSED = 2

test('10 000 messages over 8 lanes, and everything breaks at every moment: each once, each lane in order', async ({
  real: { browser, context },
  app,
  serve,
}) => {
  test.setTimeout(300_000)
  const random = seeded(SEED)
  const lanes = Array.from({ length: TABS }, (_, tab) =>
    Array.from({ length: LANES_OF_EACH }, (__, lane) => `lane ${tab}.${lane}`),
  )
  const perLane = MESSAGES / (TABS * LANES_OF_EACH)
  const breaks = planBreaks(random, {
    lanes: lanes.flat(),
    perLane,
    ofEach: BREAKS_OF_EACH_MOMENT,
    ofAll: TIMES_ALL_CLOSED,
  })
  const ledger = new Ledger()

  function handle({ payload, idempotencyKey: key = '' }: PublishedMessage, answer: (reply: unknown) => void): void {
    const { lane, n } = payload as { lane: string; n: number }
    if (chaos.reached('after send', lane, n)) return
    ledger.take({ key, lane, n })
    if (chaos.reached('before acknowledgement', lane, n)) return
    answer({ ok: true })
    chaos.reached('after acknowledgement', lane, n)
  }

  /** What the service worker sends when no tab is there. */
  app.on('/outbox', ({ body }) => {
    const { messages } = JSON.parse(body) as Posted
    const moment = chaos.batch()
    const broken = { status: 503, delayMs: 500 }
    if (moment === 'after send') return broken
    for (const { key, lane, payload } of messages) ledger.take({ key, lane, n: payload.n })
    overHttp += messages.length
    if (moment === 'before acknowledgement') return broken
    return { body: { results: messages.map(({ key }) => ({ key, outcome: 'acknowledged' })) } }
  })

  let overHttp = 0
  let server: SocketIoServer = await serve({ handle })
  const chaos = new OutboxChaos({
    browser,
    context,
    tab: { app, scope: 'ann', server: server.url },
    lanes,
    perLane,
    breaks,
    cut: () => server.cut(),
    stop: () => server.close(),
    async start() {
      server = await serve({ port: server.port, handle })
    },
  })
  await chaos.start()
  const arrived = expect.poll(() => ledger.entries.length, { timeout: 240_000, intervals: [100] }).toBe(MESSAGES)
  await Promise.race([arrived, chaos.failed])
  await chaos.mended()
  test.info().annotations.push({
    type: 'figure',
    description: JSON.stringify({
      seed: SEED,
      repeated: ledger.repeated,
      overHttp,
      serviceWorker: chaos.serviceWorkerBreaks,
      broken: chaos.done.map(one => Object.values(one).join(' ')),
    }),
  })

  for (const lane of lanes.flat())
    expect(ledger.numbers(lane)).toEqual(Array.from({ length: perLane }, (_, index) => index + 1))
  // What the service worker sent in between came to no moment of the line.
  expect(new Set(chaos.done.map(({ moment }) => moment))).toEqual(new Set(MOMENTS))
  expect(new Set(chaos.done.map(({ victim }) => victim))).toEqual(new Set([...VICTIMS, 'everybody']))
  expect(overHttp).toBeGreaterThan(0)
  expect(chaos.serviceWorkerBreaks.length).toBeGreaterThan(0)
  for (const tab of chaos.tabs)
    await expect
      .poll(() => tab.evaluate(() => window.line.outbox.counts().catch(() => undefined)), { timeout: 20_000 })
      .toEqual({ waiting: 0, dead: 0, bytes: 0, storage: 'ready' })
})
