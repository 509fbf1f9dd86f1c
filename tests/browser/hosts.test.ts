import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { electedHost } from '../../src/client/hosts/elected.ts'
import type { Host } from '../../src/client/hosts/host.ts'
import { localHost } from '../../src/client/hosts/local.ts'
import { recordScript } from '../../src/client/hosts/worker-script.ts'
import type { ConnectOptions } from '../../src/client/types.ts'
import { PartylineError, PROTOCOL_VERSION, tabsChannel, toWireError, toWorkerName } from '../../src/protocol/index.ts'
import { linkNames, meetingNames, parseMeeting } from '../../src/protocol/meeting.ts'
import { notingWorker, openHost, openTab } from '../support/browser/open-host.ts'
import { newScope } from '../support/browser/open-line.ts'

const missingWorker: ConnectOptions['worker'] = options =>
  new SharedWorker('/no-such-worker.js', { ...options, type: 'module' })

const scriptWorker =
  (url: string): ConnectOptions['worker'] =>
  options =>
    new SharedWorker(url, { ...options, type: 'module' })

const notingUrl = (): string => String(recordScript(notingWorker, 'any').url)

const forgotten = (): PartylineError => new PartylineError('forgotten', 'by the test')

const unending = (): AbortSignal => new AbortController().signal

/** How many hold and await the locks of a scope. */
async function locksOf(scope: string, generation = 1) {
  const { leader, visible } = meetingNames({ scope, generation })
  const { held = [], pending = [] } = await navigator.locks.query()
  const count = (locks: readonly LockInfo[], name: string): number => locks.filter(lock => lock.name === name).length
  return { leads: count(held, leader), waits: count(pending, leader), visible: count(held, visible) }
}

/** Waits for the leader's lock of a scope, as a tab that follows does, until it is aborted or the test ends. */
function awaitLead(scope: string) {
  const waits = new AbortController()
  const elected = vi.fn<() => void>()
  const { leader } = meetingNames({ scope, generation: 1 })
  const turn = navigator.locks.request(leader, { signal: waits.signal }, elected).catch(() => {})
  onTestFinished(() => waits.abort())
  return { elected, turn, leave: () => waits.abort() }
}

/** The links that are asked for on the meeting channel of a scope. */
function knocksOf(scope: string): readonly string[] {
  const meeting = new BroadcastChannel(meetingNames({ scope, generation: 1 }).meeting)
  onTestFinished(() => meeting.close())
  const knocks: string[] = []
  meeting.addEventListener('message', ({ data }) => {
    const message = parseMeeting(data)
    if (message?.type === 'knock') knocks.push(message.link)
  })
  return knocks
}

/** Says on the control channel of a link that the scope was forgotten, as its broker would. */
function sayForgotten(scope: string, link: string): void {
  const control = new BroadcastChannel(linkNames({ scope, generation: 1 }, link).control)
  onTestFinished(() => control.close())
  const error = toWireError(forgotten())
  control.postMessage({ type: 'partyline:announce', protocol: PROTOCOL_VERSION, epoch: 'before', error })
}

/** Holds the leader's lock of a scope, as another tab would. Resolves with the release when it has it. */
function holdLead(scope: string, options: LockOptions = {}): Promise<() => void> {
  return new Promise(resolve => {
    const released = new Promise<void>(release => onTestFinished(() => release()))
    const taken = new Promise<void>(release => {
      void navigator.locks.request(meetingNames({ scope, generation: 1 }).leader, options, () => {
        resolve(release)
        return Promise.race([released, taken])
      })
    })
  })
}

/**
 * Vitest puts a line into every worker's script that gives it a runner of its own. Imported into the page it would take
 * the page's away.
 */
function keepRunner(): void {
  const name = '__vitest_browser_runner__'
  const runner: unknown = Reflect.get(globalThis, name)
  Object.defineProperty(globalThis, name, { get: () => runner, set() {}, configurable: true })
}

/** Takes a global away until the end of the test. */
function withoutGlobal(name: string): void {
  const own = Object.getOwnPropertyDescriptor(globalThis, name) ?? {}
  Reflect.deleteProperty(globalThis, name)
  onTestFinished(() => {
    Object.defineProperty(globalThis, name, own)
  })
}

beforeAll(keepRunner)

describe('an elected host', () => {
  test('runs the worker in the first tab, and the others reach the same broker', async () => {
    const scope = newScope()
    const own = globalThis.SharedWorker
    const leading = await openTab(openHost(electedHost), scope)
    const following = [await openTab(openHost(electedHost), scope), await openTab(openHost(electedHost), scope)]
    const tabs = [leading, ...following]
    expect(new Set(tabs.map(({ epoch }) => epoch)).size).toBe(1)
    expect(leading.link.moved).toBeDefined()
    for (const { link } of following) expect(link.moved).toBeUndefined()
    expect(globalThis.SharedWorker).toBe(own)
    for (const [index, tab] of tabs.entries()) await tab.publish(index)
    for (const { payloads } of tabs) await vi.waitUntil(() => payloads().length === tabs.length)
    for (const { payloads } of tabs) expect(payloads()).toEqual([0, 1, 2])
    await expect.poll(() => locksOf(scope)).toEqual({ leads: 1, waits: 2, visible: 3 })
  })

  test('carries many frames to followers, each once and in order', async () => {
    const scope = newScope()
    const leading = await openTab(openHost(electedHost), scope)
    const following = await openTab(openHost(electedHost), scope)
    const sent = Array.from({ length: 500 }, (_, n) => ({ n, text: 'x'.repeat(1_000) }))
    for (const payload of sent) void leading.publish(payload)
    for (const { payloads } of [leading, following]) {
      await vi.waitUntil(() => payloads().length === sent.length, 10_000)
      expect(payloads()).toEqual(sent)
    }
  })

  test('hands over to a follower as soon as the leader leaves; the others hear it and find the new one', async () => {
    const scope = newScope()
    const [first, second, third] = [openHost(electedHost), openHost(electedHost), openHost(electedHost)]
    const { epoch } = await openTab(first, scope)
    const tabs = [await openTab(second, scope), await openTab(third, scope)]
    first.leave()
    for (const { ended } of tabs) expect(await ended).toMatchObject({ code: 'stale-epoch', retryable: true })
    const again = await Promise.all([openTab(second, scope), openTab(third, scope)])
    expect(again[0].epoch).toBe(again[1].epoch)
    expect(again[0].epoch).not.toBe(epoch)
    expect(again.filter(({ link }) => link.moved !== undefined)).toHaveLength(1)
    await again[1].publish('after')
    for (const { payloads } of again) await vi.waitUntil(() => payloads().length === 1)
    await expect.poll(() => locksOf(scope)).toEqual({ leads: 1, waits: 1, visible: 2 })
  })

  test('that leads says to all tabs, when it leaves, how far it had come in what it took alone; a follower does not', async () => {
    const scope = newScope()
    const [leading, following] = [openHost(electedHost), openHost(electedHost)]
    await openTab(leading, scope)
    await openTab(following, scope)
    const said: unknown[] = []
    const tabs = new BroadcastChannel(tabsChannel(scope))
    onTestFinished(() => tabs.close())
    tabs.addEventListener('message', ({ data }) => said.push(data))
    const [all, one] = [{ channel: 'floor' }, { channel: 'orders', deliver: 'one' as const }]
    following.leave(undefined, { wanted: [all, one] })
    leading.leave(undefined, { marks: [{ epoch: 'e', n: 1 }], wanted: [all, one] })
    await vi.waitUntil(() => said.length > 0)
    expect(said).toEqual([{ marks: [{ epoch: 'e', n: 1 }], wanted: [one] }])
  })

  test('keeps leadership and worker when it is opened again', async () => {
    const scope = newScope()
    const worker = vi.fn<ConnectOptions['worker']>(notingWorker)
    const host = openHost(electedHost, worker)
    const { epoch, link } = await openTab(host, scope)
    link.close()
    expect((await openTab(host, scope)).epoch).toBe(epoch)
    expect(worker).toHaveBeenCalledTimes(1)
    await expect.poll(() => locksOf(scope)).toEqual({ leads: 1, waits: 0, visible: 1 })
  })

  test('ends its worker when its lock is stolen, and stands for election again', async () => {
    const scope = newScope()
    const terminated = vi.spyOn(Worker.prototype, 'terminate')
    onTestFinished(() => terminated.mockRestore())
    const host = openHost(electedHost)
    const { ended, epoch } = await openTab(host, scope)
    const release = await holdLead(scope, { steal: true })
    expect(await ended).toMatchObject({ code: 'stale-epoch' })
    expect(terminated).toHaveBeenCalledTimes(1)
    await vi.waitUntil(async () => (await locksOf(scope)).waits === 1)
    release()
    expect((await openTab(host, scope)).epoch).not.toBe(epoch)
  })

  test('gives up the old election for a higher generation', async () => {
    const scope = newScope()
    const [leading, following] = [openHost(electedHost), openHost(electedHost)]
    const { epoch } = await openTab(leading, scope)
    await openTab(following, scope)
    const tabs = [await openTab(leading, scope, 2), await openTab(following, scope, 2)]
    expect(tabs[0]?.epoch).not.toBe(epoch)
    expect(tabs[1]?.epoch).toBe(tabs[0]?.epoch)
    await expect.poll(() => locksOf(scope)).toEqual({ leads: 0, waits: 0, visible: 0 })
    await expect.poll(() => locksOf(scope, 2)).toEqual({ leads: 1, waits: 1, visible: 2 })
  })

  test('that leaves holds and awaits no lock, and may come back', async () => {
    const scope = newScope()
    const [leading, following] = [openHost(electedHost), openHost(electedHost)]
    await openTab(leading, scope)
    await openTab(following, scope)
    for (const host of [following, leading]) host.leave()
    await expect.poll(() => locksOf(scope)).toEqual({ leads: 0, waits: 0, visible: 0 })
    const [first, second] = [await openTab(leading, scope), await openTab(following, scope)]
    expect(first.epoch).toBe(second.epoch)
  })

  test('whose scope was forgotten ends its worker and makes way when all that wait have heard it', async () => {
    const scope = newScope()
    const terminated = vi.spyOn(Worker.prototype, 'terminate')
    onTestFinished(() => terminated.mockRestore())
    const leading = openHost(electedHost)
    await openTab(leading, scope)
    const following = [awaitLead(scope), awaitLead(scope)]
    await expect.poll(() => locksOf(scope)).toEqual({ leads: 1, waits: 2, visible: 1 })
    leading.leave(forgotten())
    // Whatever the page gives up by itself has arrived when the browser has answered.
    await locksOf(scope)
    for (const [index, { leave }] of following.entries()) {
      expect(await locksOf(scope)).toMatchObject({ leads: 1, waits: following.length - index })
      expect(terminated).not.toHaveBeenCalled()
      leave()
    }
    await expect.poll(() => locksOf(scope)).toEqual({ leads: 0, waits: 0, visible: 0 })
    for (const { elected } of following) expect(elected).not.toHaveBeenCalled()
    expect(terminated).toHaveBeenCalledTimes(1)
  })

  test('whose scope was forgotten serves nobody who comes then; the next one does', async () => {
    const scope = newScope()
    const knocks = knocksOf(scope)
    const leading = openHost(electedHost)
    const { attachment, ended, epoch, publish, payloads } = await openTab(leading, scope)
    await publish(1)
    await vi.waitUntil(() => payloads().length === 1)
    await attachment.call('forget').catch(() => {})
    expect(await ended).toMatchObject({ code: 'forgotten' })
    const before = knocks.length
    const following = openTab(openHost(electedHost), scope)
    await vi.waitUntil(async () => (await locksOf(scope)).waits === 1 && knocks.length > before)
    leading.leave(forgotten())
    const next = await following
    expect(next.link.moved).toBeDefined()
    expect(next.epoch).not.toBe(epoch)
  })

  test('whose scope was forgotten makes way for a tab that goes on waiting', async () => {
    const scope = newScope()
    const leading = openHost(electedHost)
    await openTab(leading, scope)
    const { turn, elected } = awaitLead(scope)
    await vi.waitUntil(async () => (await locksOf(scope)).waits === 1)
    leading.leave(forgotten())
    await turn
    expect(elected).toHaveBeenCalledTimes(1)
  })

  test('that is elected before it has heard that the scope was forgotten hears it all the same', async () => {
    const scope = newScope()
    const release = await holdLead(scope)
    const before = new Worker(notingUrl(), { name: toWorkerName({ scope, generation: 1 }), type: 'module' })
    const knocks = knocksOf(scope)
    const worker = vi.fn<ConnectOptions['worker']>(options => {
      // On its way since before the leader went.
      for (const link of knocks) sayForgotten(scope, link)
      return notingWorker(options)
    })
    const { attachment, ended } = await openTab(openHost(electedHost, worker), scope)
    await vi.waitUntil(async () => (await locksOf(scope)).waits === 1 && knocks.length > 0)
    before.terminate()
    const asked = attachment.call('forget').catch((error: unknown) => error)
    release()
    expect(await ended).toMatchObject({ code: 'forgotten' })
    expect(await asked).toMatchObject({ code: 'forgotten' })
    expect(worker).toHaveBeenCalledTimes(1)
  })

  test('that leaves while it waits for an answer rejects', async () => {
    const scope = newScope()
    await holdLead(scope)
    const host = openHost(electedHost)
    const opening = host.open({ scope, generation: 1 }, unending())
    host.leave()
    await expect(opening).rejects.toMatchObject({ code: 'stale-epoch', retryable: true })
  })

  test('rejects with the reason of its signal, and goes on standing for election', async () => {
    const scope = newScope()
    const reason = new Error('no longer interested')
    const release = await holdLead(scope)
    const host = openHost(electedHost)
    await expect(host.open({ scope, generation: 1 }, AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const opening = host.open({ scope, generation: 1 }, controller.signal)
    await vi.waitUntil(async () => (await locksOf(scope)).waits === 1)
    controller.abort(reason)
    await expect(opening).rejects.toBe(reason)
    await expect.poll(() => locksOf(scope)).toMatchObject({ waits: 1 })
    release()
    await openTab(host, scope)
  })

  test('knocks again when a broker starts', async () => {
    const scope = newScope()
    await holdLead(scope)
    const opening = openTab(openHost(electedHost), scope)
    await vi.waitUntil(async () => (await locksOf(scope)).waits === 1)
    const worker = new Worker(notingUrl(), { name: toWorkerName({ scope, generation: 1 }), type: 'module' })
    onTestFinished(() => worker.terminate())
    expect((await opening).link.moved).toBeUndefined()
  })

  test('takes no harm from garbage on the meeting channel', async () => {
    const scope = newScope()
    const meeting = new BroadcastChannel(meetingNames({ scope, generation: 1 }).meeting)
    onTestFinished(() => meeting.close())
    const { epoch } = await openTab(openHost(electedHost), scope)
    const garbage = [null, 7, 'knock', {}, { type: 'knock' }, { type: 'knock', link: {} }, { type: 'here', epoch: 7 }]
    for (const message of garbage) meeting.postMessage(message)
    const following = await openTab(openHost(electedHost), scope)
    for (const message of garbage) meeting.postMessage(message)
    await following.publish(1)
    await vi.waitUntil(() => following.payloads().length === 1)
    expect(following.epoch).toBe(epoch)
  })

  test('whose worker cannot be loaded fails and makes way for others', async () => {
    const scope = newScope()
    const link = await openHost(electedHost, missingWorker).open({ scope, generation: 1 }, unending())
    expect(await link.failed).toMatchObject({ code: 'worker-failed', retryable: true })
    await expect.poll(() => locksOf(scope)).toEqual({ leads: 0, waits: 0, visible: 0 })
    await openTab(openHost(electedHost), scope)
  })

  test('that cannot make a worker at all rejects, and may be opened again', async () => {
    const scope = newScope()
    const worker = vi.fn<ConnectOptions['worker']>(notingWorker)
    worker.mockImplementationOnce(() => {
      throw new TypeError('blocked by policy')
    })
    const host = openHost(electedHost, worker)
    await expect(host.open({ scope, generation: 1 }, unending())).rejects.toMatchObject({
      code: 'worker-failed',
      message: expect.stringContaining('blocked by policy'),
    })
    await openTab(host, scope)
  })

  test('tells every tab what is wrong with the options', async () => {
    const scope = newScope('refused')
    const refusal = { code: 'bad-options', message: expect.stringContaining('TypeError: not for you') }
    await expect(openTab(openHost(electedHost), scope)).rejects.toMatchObject(refusal)
    await expect(openTab(openHost(electedHost), scope)).rejects.toMatchObject(refusal)
  })

  test.each(['Worker', 'BroadcastChannel'])('is not there without %s', async name => {
    withoutGlobal(name)
    await expect(openHost(electedHost).open({ scope: newScope(), generation: 1 }, unending())).rejects.toMatchObject({
      code: 'worker-failed',
      message: `no broker can be elected: this page has no ${name}`,
    })
  })
})

describe('of the tabs that wait for the leadership', () => {
  const electedUrl = new URL('../../src/client/hosts/elected.ts', import.meta.url).href

  /** A tab whose page is hidden. */
  async function openHidden(): Promise<Host> {
    const frame = document.createElement('iframe')
    document.body.append(frame)
    onTestFinished(() => frame.remove())
    const { contentWindow: page, contentDocument } = frame
    if (page === null || contentDocument === null) throw new Error('the frame has no page')
    Object.defineProperty(contentDocument, 'hidden', { value: true })
    const inPage = (code: string): unknown =>
      Reflect.apply(Reflect.get(page, 'eval') as (code: string) => unknown, page, [code])
    const { electedHost: inFrame } = (await inPage(`import('${electedUrl}')`)) as { electedHost: typeof electedHost }
    const open = `options => new SharedWorker('${notingUrl()}', { ...options, type: 'module' })`
    return openHost(() => inFrame(inPage(open) as ConnectOptions['worker']))
  }

  test('a visible one leads, also when a hidden one was first', async () => {
    const scope = newScope()
    const release = await holdLead(scope)
    const hidden = openTab(await openHidden(), scope)
    await vi.waitUntil(async () => (await locksOf(scope)).waits === 1)
    const visible = openTab(openHost(electedHost), scope)
    await vi.waitUntil(async () => (await locksOf(scope)).waits === 2)
    await expect.poll(() => locksOf(scope)).toMatchObject({ visible: 1 })
    release()
    expect((await visible).link.moved).toBeDefined()
    expect((await hidden).link.moved).toBeUndefined()
    await expect.poll(() => locksOf(scope)).toEqual({ leads: 1, waits: 1, visible: 1 })
  })

  test('a hidden one leads when no other is visible', async () => {
    const scope = newScope()
    const leading = await openTab(await openHidden(), scope)
    expect(leading.link.moved).toBeDefined()
    const following = await openTab(await openHidden(), scope)
    expect(following.epoch).toBe(leading.epoch)
    await expect.poll(() => locksOf(scope)).toEqual({ leads: 1, waits: 1, visible: 0 })
  })
})

describe('a local host', () => {
  /** What the transports of this test's brokers did. */
  const notesOf = (scope: string): string[] => notes.filter(note => note.endsWith(` ${scope}`))
  const notes = ((globalThis as { notes?: string[] }).notes ??= [])

  test('runs a broker for each link in the page', async () => {
    const scope = newScope()
    const host = openHost(localHost)
    const tabs = [await openTab(host, scope), await openTab(openHost(localHost), scope)]
    expect(tabs[0]?.epoch).not.toBe(tabs[1]?.epoch)
    await tabs[0]?.publish(1)
    await vi.waitUntil(() => tabs[0]?.payloads().length === 1)
    expect(tabs[1]?.payloads()).toEqual([])
  })

  test('has ended the connection when a link is closed, or the host left', async () => {
    const [scope, other] = [newScope(), newScope()]
    const host = openHost(localHost)
    const tab = await openTab(host, scope)
    await tab.publish(1)
    expect(notesOf(scope)).toEqual([`open ${scope}`])
    tab.link.close()
    expect(notesOf(scope)).toEqual([`open ${scope}`, `close ${scope}`])
    const another = await openTab(host, other)
    await another.publish(1)
    host.leave()
    expect(notesOf(other)).toEqual([`open ${other}`, `close ${other}`])
    await openTab(host, scope)
  })

  test('serves several lines with several scripts at once', async () => {
    const urls = ['&one', '&two', '', '&two'].map(suffix => notingUrl() + suffix)
    const scopes = urls.map(() => newScope())
    const tabs = await Promise.all(
      urls.map(async (url, index) => openTab(openHost(localHost, scriptWorker(url)), scopes[index] ?? '')),
    )
    for (const [index, tab] of tabs.entries()) await tab.publish(index)
    for (const [index, { payloads }] of tabs.entries()) {
      await vi.waitUntil(() => payloads().length === 1)
      expect(payloads()).toEqual([index])
    }
    for (const scope of scopes) expect(notesOf(scope)).toEqual([`open ${scope}`])
  })

  test('tells what is wrong with the options', async () => {
    await expect(openTab(openHost(localHost), newScope('refused'))).rejects.toMatchObject({
      code: 'bad-options',
      message: "startBroker's function of options threw TypeError: not for you",
    })
  })

  test('fails where the script cannot be imported, and others go on', async () => {
    const address = { scope: newScope(), generation: 1 }
    const failing = openHost(localHost, missingWorker).open(address, unending())
    const working = openTab(openHost(localHost), address.scope)
    await expect(failing).rejects.toMatchObject({
      code: 'worker-failed',
      retryable: true,
      message: expect.stringContaining('/no-such-worker.js'),
    })
    await working
  })

  test('fails where the script starts no broker', async () => {
    const worker = scriptWorker('data:text/javascript,export const nothing = 0')
    const opening = openHost(localHost, worker).open({ scope: newScope(), generation: 1 }, unending())
    await expect(opening).rejects.toMatchObject({
      code: 'worker-failed',
      retryable: false,
      message: expect.stringContaining('did not call startBroker'),
    })
  })

  test('rejects with the reason of its signal', async () => {
    const reason = new Error('no longer interested')
    const opening = openHost(localHost).open({ scope: newScope(), generation: 1 }, AbortSignal.abort(reason))
    await expect(opening).rejects.toBe(reason)
  })
})

test("a page that imports the worker's script itself hears where it belongs", async () => {
  await expect(import(/* @vite-ignore */ `${notingUrl()}&by-mistake`)).rejects.toMatchObject({
    code: 'bad-options',
    message: expect.stringContaining('startBroker was called in a page'),
  })
})
