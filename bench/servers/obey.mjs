/**
 * Does what the bench asks over IPC, for as long as it is there.
 * @param {Readonly<Record<string, (...args: any[]) => unknown>>} methods
 */
export function obey(methods) {
  process.on('message', async (/** @type {{ id: number, method: string, args: unknown[] }} */ { id, method, args }) => {
    const value = await methods[method]?.(...args)
    process.send?.({ id, value })
  })
  process.on('disconnect', () => process.exit())
}
