import { expect, test } from 'vitest'
import { Emitter } from '../../src/lib/index.ts'

function emitter(): { readonly emitter: Emitter<string>; readonly heard: string[]; readonly errors: unknown[] } {
  const errors: unknown[] = []
  return { emitter: new Emitter<string>(error => errors.push(error)), heard: [], errors }
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

test('errors are reported as by a bare call: the browser refuses its own function on another object', () => {
  const receivers: unknown[] = []
  const events = new Emitter<string>(function report(this: unknown) {
    receivers.push(this)
  })
  events.on(() => {
    throw new Error('broken')
  })
  events.emit('x')
  expect(receivers).toEqual([undefined])
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
