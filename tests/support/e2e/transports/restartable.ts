export interface Restartable<Server> {
  /** The one that runs, or was killed last. */
  readonly now: Server
  /** The most connections that any of them ever had at once. */
  peakConnections(): number
  kill(): Promise<void>
  restart(): Promise<void>
}

/** Servers one after the other on one port, as of one that is killed and started again. */
export async function startRestartable<
  Server extends { readonly port: number; peakConnections(): number; close(): Promise<void> },
>(start: (port?: number) => Promise<Server>): Promise<Restartable<Server>> {
  let now = await start()
  let peakBefore = 0
  const peakConnections = (): number => Math.max(peakBefore, now.peakConnections())
  return {
    get now() {
      return now
    },
    peakConnections,
    kill: () => now.close(),
    async restart() {
      peakBefore = peakConnections()
      now = await start(now.port)
    },
  }
}
