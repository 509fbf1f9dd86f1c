import { expect, test } from 'vitest'
import { credentials } from '../../src/facades/socket-io/credentials.ts'

const { signal } = new AbortController()
const opts = { query: { table: '4' }, extraHeaders: { 'x-table': '4' } }

test('the connection gets its credentials also where one socket has left and the next is on its way', async () => {
  expect(await credentials({ signal }, [], opts)).toEqual({ face: opts, expiresAt: 0 })
})

test('of a namespace nobody else knows them', async () => {
  await expect(credentials({ channel: '/chat', signal }, [], opts)).rejects.toThrow('no socket for /chat')
})
