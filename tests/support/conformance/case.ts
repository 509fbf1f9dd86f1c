import type { Capabilities } from '../../../src/worker/upstream/transport.ts'
import type { Rig } from './rig.ts'
import type { Subject, SubjectServer } from './subject.ts'

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
  'own presence': ({ capabilities }: Subject) => capabilities.presence === 'own',
  'no acknowledgement': ({ capabilities }: Subject) => capabilities.acknowledgement !== true,
  'a channel that is refused': (_: Subject, { channels }: SubjectServer) => channels.forbidden !== undefined,
  'a channel with presence': (_: Subject, { channels, enter }: SubjectServer) =>
    channels.presence !== undefined && enter !== undefined,
  'a channel with history': (_: Subject, { channels }: SubjectServer) => channels.history !== undefined,
  'a message that is refused': (_: Subject, { events }: SubjectServer) => events?.refused !== undefined,
  'a message that is not acknowledged': (_: Subject, { events }: SubjectServer) => events?.silent !== undefined,
  'a silent network': (_: Subject, { silence, heal }: SubjectServer) => silence !== undefined && heal !== undefined,
  'a restart': (_: Subject, { restart }: SubjectServer) => restart !== undefined,
  'a dismissal': (_: Subject, { dismiss }: SubjectServer) => dismiss !== undefined,
  'refused credentials': (_: Subject, { refuseCredentials }: SubjectServer) => refuseCredentials !== undefined,
  'a rate limit': (_: Subject, { limitRate }: SubjectServer) => limitRate !== undefined,
  'renewed credentials': (_: Subject, { renewals }: SubjectServer) => renewals !== undefined,
  'hostile frames': (_: Subject, { hostile, inject }: SubjectServer) => inject !== undefined && hostile !== undefined,
  'raw frames': (_: Subject, { inject }: SubjectServer) => inject !== undefined,
  'a filtered channel': (_: Subject, { filtered }: SubjectServer) => filtered !== undefined,
  'a lesser way': (_: Subject, { barBestWay }: SubjectServer) => barBestWay !== undefined,
  batches: (_: Subject, server: SubjectServer) => hasBatches(server),
}

/** Of what a case needs, the first that is not there; `undefined` when it can be run. */
export function notOffered({ needs = [] }: Case, subject: Subject, server: SubjectServer): Need | undefined {
  return needs.find(need => !offers(need, subject, server))
}

function offers(need: Need, subject: Subject, server: SubjectServer): boolean {
  if (isAbility(need)) return abilities[need](subject, server)
  const declared = subject.capabilities[need]
  return declared !== undefined && declared !== false
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
