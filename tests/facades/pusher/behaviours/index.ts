import type { Behaviour } from '../behaviour.ts'
import { ofChannels } from './channels.ts'
import { ofConnection } from './connection.ts'
import { ofPresence } from './presence.ts'
import { ofPrivateChannels } from './private.ts'
import { ofUser } from './user.ts'

export const behaviours: readonly Behaviour[] = [
  ...ofConnection,
  ...ofChannels,
  ...ofPrivateChannels,
  ...ofPresence,
  ...ofUser,
]
