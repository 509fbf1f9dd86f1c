import fc from 'fast-check'
import { expect } from 'vitest'
import { PartylineError } from '../../../src/protocol/index.ts'
import { waitFor } from '../line/wait-for.ts'
import type { Case } from './case.ts'
import type { Rig, RigLine, RigTab } from './rig.ts'
import type { HostileFrame } from './subject.ts'

type Raw = HostileFrame['raw']

const LARGE = 4_000_000
/** Engines take seconds for JSON that is nested deeper. */
const DEEP = 100_000
const numRuns = 25

/** A server that sends what it should not: it is counted, told once for each kind, and the line goes on. */
export const hostility: readonly Case[] = [
  {
    name: 'hostile: any text and any bytes',
    needs: ['raw frames'],
    run: rig => fuzz(rig, fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json(), fc.uint8Array())),
  },
  {
    name: 'hostile: frames that are nearly right',
    needs: ['hostile frames'],
    run: rig => fuzz(rig, nearly((rig.server.hostile ?? []).map(({ raw }) => raw))),
  },
  {
    name: 'hostile: frames of several megabytes',
    needs: ['raw frames'],
    async run(rig) {
      const large = ['x'.repeat(LARGE), `[${'"x",'.repeat(LARGE / 4)}"x"]`, '['.repeat(DEEP), new Uint8Array(LARGE)]
      await goesOn(rig, large)
    },
  },
  {
    name: 'hostile: unknown frames and channels never joined are counted, or the line comes back',
    needs: ['hostile frames'],
    async run(rig) {
      const { server, line, channel } = rig
      const under = line()
      const tab = await under.joinedTab(channel)
      for (const { raw, outcome } of server.hostile ?? []) {
        const before = figures(under)
        server.inject?.(raw)
        await stillHears(rig, under, tab, show(raw))
        const after = figures(under)
        expect(after, `after ${show(raw)}`).toEqual({
          malformed: before.malformed + (outcome === 'malformed' ? 1 : 0),
          unrouted: before.unrouted + (outcome === 'unrouted' ? 1 : 0),
          lost: before.lost + (outcome === 'lost' ? 1 : 0),
        })
      }
      expectReportedOnce(under)
    },
  },
]

async function fuzz(rig: Rig, frames: fc.Arbitrary<Raw>): Promise<void> {
  const { server, line, channel } = rig
  const under = line()
  const tab = await under.joinedTab(channel)
  const isWithinReach = (raw: Raw): boolean => server.isBeyondUs?.(raw) !== true
  await fc.assert(
    fc.asyncProperty(fc.array(frames.filter(isWithinReach), { minLength: 1, maxLength: 3 }), async raws => {
      for (const raw of raws) server.inject?.(raw)
      await stillHears(rig, under, tab, raws.map(show).join(' and '))
    }),
    { numRuns, endOnFailure: true },
  )
  expectReportedOnce(under)
}

async function goesOn(rig: Rig, raws: readonly Raw[]): Promise<void> {
  const under = rig.line()
  const tab = await under.joinedTab(rig.channel)
  for (const raw of raws) {
    rig.server.inject?.(raw)
    await stillHears(rig, under, tab, show(raw))
  }
  expectReportedOnce(under)
}

let markers = 0

/** The next real event arrives, on a connection that is the same or another. */
async function stillHears({ server, channel }: Rig, { broker }: RigLine, tab: RigTab, hostile: string): Promise<void> {
  const marker = `marker ${++markers}`
  const heard = async (): Promise<boolean> => {
    await server.emit(channel, 'said', marker)
    return tab.payloads().includes(marker)
  }
  await waitFor(heard, `an event after ${hostile}`, 15_000).catch((error: unknown) => {
    throw new Error(`a line that hears nothing: ${JSON.stringify(broker.stats())}`, { cause: error })
  })
}

/** Each kind once, and nothing else went wrong. */
function expectReportedOnce({ host, broker }: RigLine): void {
  for (const error of host.errors) expect(error).toMatchObject({ name: PartylineError.name, code: 'bad-message' })
  const kinds = host.errors.map(error => /\((.*?)\)/.exec(String(error))?.[1])
  expect(kinds).toEqual([...new Set(kinds)])
  expect(broker.stats().traffic.malformed).toBeGreaterThanOrEqual(kinds.length)
}

function figures({ broker }: RigLine): { malformed: number; unrouted: number; lost: number } {
  const { traffic, connection } = broker.stats()
  return { malformed: traffic.malformed, unrouted: traffic.eventsUnrouted, lost: connection.lost }
}

/** Frames with a piece gone, doubled, or put in the place of another. */
function nearly(raws: readonly Raw[]): fc.Arbitrary<Raw> {
  return fc
    .constantFrom(...raws)
    .chain((raw): fc.Arbitrary<Raw> => (typeof raw === 'string' ? bentText(raw) : bentBytes(raw)))
}

function bentText(text: string): fc.Arbitrary<string> {
  return bend(text.length, fc.oneof(fc.string({ maxLength: 3 }), fc.json({ maxDepth: 1 }))).map(
    ({ from, to, piece }) => text.slice(0, from) + piece + text.slice(to),
  )
}

function bentBytes(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return bend(bytes.length, fc.uint8Array({ maxLength: 3 })).map(({ from, to, piece }) =>
    Uint8Array.from([...bytes.slice(0, from), ...piece, ...bytes.slice(to)]),
  )
}

function bend<T>(
  length: number,
  pieces: fc.Arbitrary<T>,
): fc.Arbitrary<{ readonly from: number; readonly to: number; readonly piece: T }> {
  return fc.record({ from: fc.nat(length), to: fc.nat(length), piece: pieces })
}

function show(raw: Raw): string {
  return typeof raw === 'string' ? raw.slice(0, 200) : `bytes ${raw.slice(0, 40).join(' ')}`
}
