/**
 * Does what the bench asks over IPC, for as long as it is there.
 * @param {Readonly<Record<string, (...args: any[]) => unknown>>} methods
 */
export function obey(methods) {
  process.on('message', (/** @type {Request} */ request) => void answer(request))
  process.on('disconnect', () => process.exit())

  /** @typedef {{ id: number, method: string, args: unknown[] }} Request */

  /** @param {Request} request */
  async function answer({ id, method, args }) {
    const value = await methods[method]?.(...args)
    process.send?.({ id, value })
  }
}
