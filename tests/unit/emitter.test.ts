import { afterEach, expect, test, vi } from 'vitest'
import { Emitter } from '../../src/client/emitter.ts'

afterEach(() => void vi.unstubAllGlobals())

function emitter(): { readonly emitter: Emitter<string>; readonly heard: string[]; readonly errors: unknown[] } {
  const errors: unknown[] = []
  vi.stubGlobal('reportError', (error: unknown) => errors.push(error))
  return { emitter: new Emitter<string>(), heard: [], errors }
}

test('listeners are called in the order in which they were added', () => {
  const { emitter: events, heard } = emitter()
  for (const name of ['a', 'b', 'c']) events.on(value => heard.push(`${name} ${value}`))
  events.emit('x')
  expect(heard).toEqual(['a x', 'b x', 'c x'])
})

test('a listener that throws never stops its siblings, and its error is reported', () => {
  const { emitter: events, heard, errors } = emitter()
  const broken = new Error('broken')
  events.on(value => heard.push(`before ${value}`))
  events.on(() => {
    throw broken
  })
  events.on(value => heard.push(`after ${value}`))
  events.emit('x')
  expect(heard).toEqual(['before x', 'after x'])
  expect(errors).toEqual([broken])
})

test('the same function twice is two listeners, each with its own removal', () => {
  const { emitter: events, heard } = emitter()
  const listener = (value: string): unknown => heard.push(value)
  const stop = events.on(listener)
  events.on(listener)
  events.emit('twice')
  stop()
  events.emit('once')
  expect(heard).toEqual(['twice', 'twice', 'once'])
})

test('a removal may be called twice', () => {
  const { emitter: events, heard } = emitter()
  const listener = (value: string): unknown => heard.push(value)
  const stop = events.on(listener)
  events.on(listener)
  stop()
  stop()
  expect(events.size).toBe(1)
  events.emit('x')
  expect(heard).toEqual(['x'])
})

test('a listener added or removed during emit counts from the next emit on', () => {
  const { emitter: events, heard } = emitter()
  events.on(value => {
    heard.push(`first ${value}`)
    stopSecond()
    if (value === '1') events.on(late => heard.push(`late ${late}`))
  })
  const stopSecond = events.on(value => heard.push(`second ${value}`))
  events.emit('1')
  expect(heard).toEqual(['first 1', 'second 1'])
  events.emit('2')
  expect(heard.slice(2)).toEqual(['first 2', 'late 2'])
})

test('a signal ends the listening, and the word that it has ended comes once', () => {
  const { emitter: events, heard } = emitter()
  const abort = new AbortController()
  const stop = events.on(
    value => heard.push(value),
    abort,
    () => heard.push('stopped'),
  )
  events.emit('x')
  abort.abort()
  stop()
  events.emit('y')
  events.on(
    value => heard.push(value),
    abort,
    () => heard.push('stopped'),
  )
  expect(heard).toEqual(['x', 'stopped'])
  expect(events.size).toBe(0)
})
