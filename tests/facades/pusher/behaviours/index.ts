import type { Behaviour } from '../behaviour.ts'
import { channels } from './channels.ts'
import { connection } from './connection.ts'
import { presence } from './presence.ts'
import { privateChannels } from './private.ts'
import { user } from './user.ts'

export const behaviours: readonly Behaviour[] = [...connection, ...channels, ...privateChannels, ...presence, ...user]
