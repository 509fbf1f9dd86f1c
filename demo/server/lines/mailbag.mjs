/**
 * Sends one after the other, in order; what comes meanwhile goes together in the next bag.
 * @template T
 * @param {object} options
 * @param {(bag: readonly T[], next: T) => boolean} options.fits whether `next` may go with what is in the bag
 * @param {(bag: readonly [T, ...T[]]) => Promise<unknown>} options.send what it rejects with ends the process: what was
 *   in the bag would be lost
 */
export function createMailbag({ fits, send }) {
  /** @type {{ readonly item: T, readonly resolve: () => void }[]} */
  let waiting = []
  /** @type {Promise<void> | undefined} */
  let sending
  let latest = Promise.resolve()

  async function sendAll() {
    while (waiting.length > 0) {
      const bag = pack(waiting.map(({ item }) => item))
      const sent = waiting.splice(0, bag.length)
      await send(bag)
      for (const { resolve } of sent) resolve()
    }
    sending = undefined
  }

  /** @param {readonly T[]} items */
  function pack([first, ...others]) {
    const bag = /** @type {[T, ...T[]]} */ ([first])
    for (const next of others) {
      if (!fits(bag, next)) break
      bag.push(next)
    }
    return bag
  }

  return {
    /** @param {T} item */
    add(item) {
      latest = new Promise(resolve => waiting.push({ item, resolve }))
      sending ??= sendAll()
    },
    /** Resolves when all that was added until now has been sent. */
    sent: () => latest,
    /** Lets go what waits. Resolves when nothing is under way. */
    async close() {
      waiting = []
      await sending
    },
  }
}
