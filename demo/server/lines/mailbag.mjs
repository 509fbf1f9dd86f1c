/**
 * Sends one after the other, in order; what comes meanwhile goes together in the next bag.
 * @template T
 * @param {object} options
 * @param {(bag: readonly T[], next: T) => boolean} options.fits whether `next` may go with what is in the bag
 * @param {(bag: readonly [T, ...T[]]) => Promise<void>} options.send what it rejects with ends the process: it is lost
 */
export function createMailbag({ fits, send }) {
  /** @type {T[]} */
  let waiting = []
  /** @type {Promise<void> | undefined} */
  let sending

  async function sendAll() {
    for (let [first, ...others] = waiting; first !== undefined; [first, ...others] = waiting) {
      /** @type {[T, ...T[]]} */
      const bag = [first]
      for (const next of others) {
        if (!fits(bag, next)) break
        bag.push(next)
      }
      waiting = waiting.slice(bag.length)
      await send(bag)
    }
    sending = undefined
  }

  return {
    /** @param {T} item */
    add(item) {
      waiting.push(item)
      sending ??= sendAll()
    },
    /** Lets go what waits. Resolves when nothing is under way. */
    async close() {
      waiting = []
      await sending
    },
  }
}
