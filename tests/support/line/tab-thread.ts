import type { HostLink, TabPort } from '../../../src/client/hosts/host.ts'
import type { Frame, Mark } from '../../../src/protocol/index.ts'

/** A tab's one thread, as far as frames keep it busy. */
export interface TabThread {
  /** Those that the tab has handled. */
  readonly marks: readonly Mark[]
  /** Handles no frame from now on; `release` lets it. */
  hold(): void
  release(): void
  /** Lets the frames of a link through when the thread is free. */
  through(link: HostLink): HostLink
}

export function tabThread(): TabThread {
  const marks: Mark[] = []
  let isHeld = false
  let waiting: (() => void)[] = []

  function run(task: () => void): void {
    if (isHeld) waiting.push(task)
    else task()
  }

  function handle(event: MessageEvent<Frame>, listener: (event: MessageEvent) => void): void {
    listener(event)
    for (const item of event.data.items)
      if (typeof item !== 'string' && 'type' in item && item.type === 'mark') marks.push(item.mark)
  }

  return {
    marks,
    hold() {
      isHeld = true
    },
    release() {
      isHeld = false
      const tasks = waiting
      waiting = []
      for (const task of tasks) task()
    },
    through(link) {
      const { data } = link
      const port: TabPort = {
        postMessage: message => data.postMessage(message),
        addEventListener: (type, listener) =>
          data.addEventListener(type, event => run(() => handle(event as MessageEvent<Frame>, listener))),
        removeEventListener: (type, listener) => data.removeEventListener(type, listener),
        start: () => data.start?.(),
        close: () => data.close(),
      }
      return { ...link, data: port }
    },
  }
}
