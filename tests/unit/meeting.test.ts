import { expect, test } from 'vitest'
import { isGone, isPortMessage, linkNames, meetingNames, parseMeeting } from '../../src/protocol/meeting.ts'

const address = { scope: 'Zoë: 100 %', generation: 2 }

test('names of another scope or generation, and of another link, are others', () => {
  const all = [
    ...Object.values(meetingNames(address)),
    ...Object.values(meetingNames({ ...address, generation: 3 })),
    ...Object.values(meetingNames({ ...address, scope: 'Zoë: 100 %:leader' })),
    ...Object.values(linkNames(address, 'one')),
    ...Object.values(linkNames(address, 'two')),
  ]
  expect(new Set(all).size).toBe(all.length)
  for (const name of all) expect(name).toMatch(/^partyline\/1:/)
})

test.each<[unknown]>([[{ type: 'knock', link: '1-2' }], [{ type: 'here', epoch: 'e' }]])('%j is read', message => {
  expect(parseMeeting({ ...Object(message), more: 'that a later version may say' })).toEqual(message)
})

test.each<[unknown]>([
  [undefined],
  [null],
  [7],
  ['knock'],
  [[]],
  [{}],
  [{ type: 'knock' }],
  [{ type: 'knock', link: '' }],
  [{ type: 'knock', link: 7 }],
  [{ type: 'knock', link: 'x'.repeat(1_025) }],
  [{ type: 'here', epoch: {} }],
  [{ type: 'here', link: 'e' }],
  [{ type: 'there', epoch: 'e' }],
])('%j is ignored', message => {
  expect(parseMeeting(message)).toBeUndefined()
  expect(isGone(message)).toBe(false)
  expect(isPortMessage(message)).toBe(false)
})
