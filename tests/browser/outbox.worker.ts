import { expose } from 'comlink'
import { openOutbox } from '../../src/outbox/index.ts'

/** Stores entries one transaction after the other, from a context of its own. */
export async function addOneByOne(scope: string, lane: string, keys: readonly string[]): Promise<void> {
  const outbox = await openOutbox({ scope })
  for (const key of keys)
    await outbox.add({
      key,
      lane,
      bytes: 10,
      createdAt: 1,
      body: { kind: 'message', channel: lane, event: 'said', payload: key },
    })
  outbox.close()
}

expose(addOneByOne)
