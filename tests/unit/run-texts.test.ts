import { expect, test } from 'vitest'
import type { OutgoingText } from '../../src/worker/sessions/frame-sender.ts'
import { RunTexts } from '../../src/worker/sessions/run-texts.ts'

const event = (n: number): OutgoingText => ({ ref: 1, text: JSON.stringify([1, 'e', n]), bytes: 10 })
const [a, b, c, d] = [event(1), event(2), event(3), event(4)]

test('the text is a JSON array of the events', () => {
  expect(JSON.parse(new RunTexts().textOf([a, b]))).toEqual([
    [1, 'e', 1],
    [1, 'e', 2],
  ])
})

test('runs that begin and end alike but differ between are told apart', () => {
  const texts = new RunTexts()
  const first = texts.textOf([a, b, d])
  expect(texts.textOf([a, c, d])).not.toBe(first)
  expect(texts.textOf([a, b, d])).toBe(first)
})

test('the same run of many tabs is written once, and forgotten when others followed', () => {
  const texts = new RunTexts()
  let written = 0
  const counting = {
    ...a,
    get text() {
      written++
      return '[1,"e",0]'
    },
  }
  for (let tab = 0; tab < 10; tab++) texts.textOf([counting])
  expect(written).toBe(1)
  for (const other of [[a], [b], [c], [d]]) texts.textOf(other)
  texts.textOf([counting])
  expect(written).toBe(2)
})
