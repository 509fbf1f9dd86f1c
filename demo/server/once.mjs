/** Messages may come twice, over Socket.IO and over HTTP: what was done is not done again, it is answered again. */
const MAX_KEYS = 10_000

export function createOnce() {
  /** @type {Map<string, object>} by who and key, oldest first */
  const done = new Map()
  return {
    /**
     * What throws was not done, and may be tried again under its key.
     * @param {string} who keys of different people have nothing to do with each other
     * @param {string | undefined} key without one it is done each time
     * @param {() => object} act
     */
    run(who, key, act) {
      if (key === undefined) return act()
      const id = JSON.stringify([who, key])
      const known = done.get(id)
      if (known !== undefined) return known
      const result = act()
      done.set(id, result)
      const [oldest] = done.keys()
      if (done.size > MAX_KEYS && oldest !== undefined) done.delete(oldest)
      return result
    },
  }
}
