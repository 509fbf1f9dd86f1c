import { describe, expect, test } from 'vitest'
import type { Presences } from '../../src/worker/transports/supabase-frames.ts'
import { OwnStates } from '../../src/worker/transports/supabase-own-states.ts'
import {
  plainState,
  Roster,
  stateWithRef,
  toPresence,
  type RosterChange,
} from '../../src/worker/transports/supabase-roster.ts'

const presences = (entries: { readonly [key: string]: readonly string[] }): Presences =>
  new Map(Object.entries(entries).map(([key, refs]) => [key, refs.map(ref => ({ ref, state: { ref } }))]))

const told = (change: RosterChange | undefined) => change && toPresence(change, plainState)

describe('who is there', () => {
  test('one key has a state for each connection, and is gone with the last', () => {
    const roster = new Roster()
    roster.begin(presences({ ann: ['a'] }))
    expect(told(roster.change(presences({ ann: ['b'] }), presences({})))).toEqual({
      kind: 'diff',
      present: [{ id: 'ann', states: [{ ref: 'a' }, { ref: 'b' }] }],
      gone: [],
    })
    expect(told(roster.change(presences({ ann: ['c'] }), presences({ ann: ['b'] })))).toMatchObject({
      present: [{ id: 'ann', states: [{ ref: 'a' }, { ref: 'c' }] }],
    })
    expect(told(roster.change(presences({}), presences({ ann: ['a', 'c'], nobody: ['x'] })))).toEqual({
      kind: 'diff',
      present: [],
      gone: ['ann', 'nobody'],
    })
    expect(told(roster.state)).toEqual({ kind: 'state', members: [] })
  })

  test('a face hears of each connection under which reference it is there', () => {
    const roster = new Roster()
    roster.begin(presences({ ann: ['a'] }))
    expect(roster.state && toPresence(roster.state, stateWithRef)).toEqual({
      kind: 'state',
      members: [{ id: 'ann', states: [{ ref: 'a', presence_ref: 'a' }] }],
    })
  })

  test('what changes before all is told counts, and nothing is said before', () => {
    const roster = new Roster()
    expect(roster.change(presences({ bob: ['b'] }), presences({ ann: ['a'] }))).toBe(undefined)
    expect(roster.state).toBe(undefined)
    roster.begin(presences({ ann: ['a'] }))
    expect(told(roster.state)).toEqual({ kind: 'state', members: [{ id: 'bob', states: [{ ref: 'b' }] }] })
    roster.forget()
    expect(roster.state).toBe(undefined)
  })
})

test('of several tabs the one that told its state last counts, and when it goes the one before', () => {
  const own = new OwnStates()
  own.set('room', 'tab-1', { n: 1 })
  own.set('room', 'tab-2', { n: 2 })
  own.set('room', 'tab-1', { n: 3 })
  expect(own.last).toEqual({ n: 3 })
  own.set('other', 'tab-3', { n: 4 })
  own.drop('other')
  own.delete('room', 'tab-1')
  expect(own.last).toEqual({ n: 2 })
  own.drop('room')
  expect(own.last).toBe(undefined)
})
