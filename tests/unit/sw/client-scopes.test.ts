import { expect, test } from 'vitest'
import { ClientScopes, type ClientScopesDeps } from '../../../src/sw/scopes/client-scopes.ts'

/** Pages that answer with their scope, or not at all. */
function pages(scopes: Readonly<Record<string, string | undefined>>, timeoutMs = 50) {
  const asked: string[] = []
  const clients = {
    matchAll: () => Promise.resolve(Object.keys(scopes).map(id => ({ id }))),
    get: (id: string) =>
      Promise.resolve(
        id in scopes
          ? ({
              type: 'window',
              postMessage(_question: unknown, [port]: [MessagePort]) {
                asked.push(id)
                if (scopes[id] !== undefined) port.postMessage({ scope: scopes[id] })
              },
            } as unknown as Awaited<ReturnType<ClientScopesDeps['clients']['get']>>)
          : undefined,
      ),
  }
  return { asked, scopes: new ClientScopes({ clients, timeoutMs }) }
}

test('a page that has told its scope is not asked', async () => {
  const { asked, scopes } = pages({ one: 'ben' })
  scopes.told('one', 'ann')
  expect(await scopes.of('one')).toBe('ann')
  expect(asked).toEqual([])
})

test('a page that is not known is asked once, however many of its requests wait', async () => {
  const { asked, scopes } = pages({ one: 'ann' })
  expect(await Promise.all([scopes.of('one'), scopes.of('one'), scopes.of('one')])).toEqual(['ann', 'ann', 'ann'])
  expect(await scopes.of('one')).toBe('ann')
  expect(asked).toEqual(['one'])
})

test('a page that does not answer is nobody’s until it tells', async () => {
  const { asked, scopes } = pages({ one: undefined })
  expect(await scopes.of('one')).toBeUndefined()
  expect(await scopes.of('one')).toBeUndefined()
  expect(asked).toEqual(['one'])
  scopes.told('one', 'ann')
  expect(await scopes.of('one')).toBe('ann')
})

test('a page that tells is not waited for any longer', async () => {
  const { scopes } = pages({ one: undefined }, 2 ** 31 - 1)
  const asking = scopes.of('one')
  await new Promise(resolve => setTimeout(resolve))
  scopes.told('one', 'ann')
  expect(await asking).toBe('ann')
})

test('what a page tells while it is asked counts', async () => {
  const { scopes } = pages({ one: 'old' })
  const asking = scopes.of('one')
  scopes.told('one', 'new')
  expect(await asking).toBe('new')
})

test('whoever is no page is nobody’s', async () => {
  const { scopes } = pages({})
  expect(await scopes.of('gone')).toBeUndefined()
  expect(await scopes.of('')).toBeUndefined()
})

test('the pages of a scope that is forgotten are nobody’s, the others stay', async () => {
  const { scopes } = pages({ one: 'ann' })
  scopes.told('one', 'ann')
  scopes.told('two', 'ben')
  scopes.forget('ann')
  expect(scopes.peek('one')).toBeUndefined()
  expect(await scopes.of('one')).toBeUndefined()
  expect(scopes.peek('two')).toBe('ben')
})

test('whose pages are open is asked where it is not known', async () => {
  const { asked, scopes } = pages({ one: 'ann', two: undefined, three: 'ben' })
  scopes.told('three', 'cleo')
  expect(await scopes.present()).toEqual(['ann', undefined, 'cleo'])
  expect(asked).toEqual(['one', 'two'])
})
