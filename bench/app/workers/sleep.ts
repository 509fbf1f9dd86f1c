const { port1, port2 } = new MessageChannel()
const starting: (() => void)[] = []
port1.addEventListener('message', () => starting.shift()?.())
port1.start()

/**
 * Timers that set timers wait 4 ms at least. A timer set by a message does not, so that a load can be paced by the
 * millisecond.
 */
export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => {
    starting.push(() => setTimeout(resolve, ms))
    port2.postMessage(undefined)
  })
}
