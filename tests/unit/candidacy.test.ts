import { expect, test } from 'vitest'
import { isAwaitedByVisible } from '../../src/client/hosts/candidacy.ts'
import { meetingNames } from '../../src/protocol/meeting.ts'

const names = meetingNames({ scope: 'ann', generation: 1 })
const { leader, visible } = names

const lock = (name: string, clientId: string): LockInfo => ({ name, clientId, mode: 'shared' })

test.each<[string, LockManagerSnapshot, boolean]>([
  ['nobody else is there', { held: [lock(leader, 'me')], pending: [] }, false],
  ['all others are hidden', { held: [lock(leader, 'me')], pending: [lock(leader, 'other')] }, false],
  ['one of them is visible', { held: [lock(visible, 'other')], pending: [lock(leader, 'other')] }, true],
  ['the visible one does not stand for election', { held: [lock(visible, 'other')], pending: [] }, false],
  ['only others wait than the visible one', { held: [lock(visible, 'a')], pending: [lock(leader, 'b')] }, false],
  ['the visible one waits for another scope', { held: [lock(visible, 'a')], pending: [lock('else', 'a')] }, false],
  ['the browser says nothing', {}, false],
])('a hidden tab that is elected looks for a visible one: %s', (_, snapshot, isPreferred) => {
  expect(isAwaitedByVisible(snapshot, names)).toBe(isPreferred)
})
