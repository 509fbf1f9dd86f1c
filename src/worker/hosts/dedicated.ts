import { fromWorkerName, type BrokerAddress } from '../../protocol/index.ts'
import { isPortMessage, meetingNames, parseMeeting, type Here } from '../../protocol/meeting.ts'
import { Links } from './links.ts'
import { openReception, successively, type BrokerOptionsSource, type Reception } from './reception.ts'

export interface DedicatedWorkerGlobal {
  readonly name: string
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

/**
 * The worker of a tab that was elected to run the broker for all. That tab brings ports; the others knock on the
 * meeting channel and get links. Whenever a broker starts here, all of them hear it.
 */
export function serveDedicated(worker: DedicatedWorkerGlobal, source: BrokerOptionsSource): void {
  const place = { host: 'elected', forgottenTabs: new Set<string>() } as const
  const next = successively(() => openReception(() => fromWorkerName(worker.name), source, place))
  const address = addressOf(worker.name)
  const meeting = address && new BroadcastChannel(meetingNames(address).meeting)
  const links = address && new Links(address)
  let announced: string | undefined
  let reception: Reception | undefined

  function present(): Reception {
    reception = next()
    if (reception.epoch !== announced) {
      announced = reception.epoch
      const here: Here = { type: 'here', epoch: announced }
      meeting?.postMessage(here)
      worker.postMessage(here)
    }
    return reception
  }

  worker.addEventListener('message', ({ data, ports }) => {
    if (isPortMessage(data)) for (const port of ports) present().accept(port)
  })
  meeting?.addEventListener('message', ({ data }) => {
    // Its scope was forgotten, and this worker ends with the line of its tab: who comes now is for the next one.
    if (reception?.ended === true) return
    const message = parseMeeting(data)
    const link = message?.type === 'knock' ? links?.open(message.link) : undefined
    if (link !== undefined) present().accept(link.control, link.data)
  })
  // Only now: who hears it knocks.
  present()
}

/** `undefined` when the worker was opened under another name than the client gives; every port hears that. */
function addressOf(name: string): BrokerAddress | undefined {
  try {
    return fromWorkerName(name)
  } catch {
    return undefined
  }
}
