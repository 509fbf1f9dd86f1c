import type { Capabilities } from '../../../src/worker/upstream/transport.ts'
import type { Rig } from './rig.ts'
import type { SubjectServer } from './subject.ts'

/** One promise of the contract, which every transport keeps at a real server. */
export interface Case {
  /** The promise that it checks. */
  readonly name: string
  /** A transport or server without one of these is reported as not offering the case. */
  readonly needs?: readonly Need[]
  run(rig: Rig): Promise<void>
}

export type Need = keyof Capabilities | Ability

/** What a subject's server can be made to do, or its transport do without having to declare it. */
export type Ability = keyof typeof abilities

const abilities = {
  'own presence': (server: SubjectServer) => declaredBy(server).presence === 'own',
  'no acknowledgement': (server: SubjectServer) => declaredBy(server).acknowledgement !== true,
  'a channel that is refused': ({ channels }: SubjectServer) => channels.forbidden !== undefined,
  'a channel with presence': ({ channels, enter }: SubjectServer) =>
    channels.presence !== undefined && enter !== undefined,
  'a channel with history': ({ channels }: SubjectServer) => channels.history !== undefined,
  'a message that is refused': ({ events }: SubjectServer) => events?.refused !== undefined,
  'a message that is not acknowledged': ({ events }: SubjectServer) => events?.silent !== undefined,
  'a silent network': ({ silence, heal }: SubjectServer) => silence !== undefined && heal !== undefined,
  'a restart': ({ restart }: SubjectServer) => restart !== undefined,
  'a dismissal': ({ dismiss }: SubjectServer) => dismiss !== undefined,
  'refused credentials': ({ refuseCredentials }: SubjectServer) => refuseCredentials !== undefined,
  'a rate limit': ({ limitRate }: SubjectServer) => limitRate !== undefined,
  'renewed credentials': ({ renewals }: SubjectServer) => renewals !== undefined,
  'hostile frames': ({ hostile, inject }: SubjectServer) => inject !== undefined && hostile !== undefined,
  'raw frames': ({ inject }: SubjectServer) => inject !== undefined,
  'a filtered channel': ({ filtered }: SubjectServer) => filtered !== undefined,
  'a lesser way': ({ barBestWay }: SubjectServer) => barBestWay !== undefined,
  batches: hasBatches,
}

/** Of what a case needs, the first that is not there; `undefined` when it can be run. */
export function notOffered({ needs = [] }: Case, server: SubjectServer): Need | undefined {
  return needs.find(need => !offers(need, server))
}

function offers(need: Need, server: SubjectServer): boolean {
  if (isAbility(need)) return abilities[need](server)
  const declared = declaredBy(server)[need]
  return declared !== undefined && declared !== false
}

function declaredBy(server: SubjectServer): Partial<Capabilities> {
  return server.transport().capabilities ?? {}
}

function isAbility(need: Need): need is Ability {
  return Object.hasOwn(abilities, need)
}

function hasBatches(server: SubjectServer): boolean {
  const deaf = () => {}
  const link = server.transport().create({
    event: deaf,
    continuity: deaf,
    channelLost: deaf,
    lost: deaf,
    presence: deaf,
    degraded: deaf,
    malformed: deaf,
    authorise: () => Promise.reject(new Error('nobody is there')),
  })
  return link.publishBatch !== undefined
}
