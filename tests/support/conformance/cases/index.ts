import type { Case } from '../case.ts'
import { hostility } from '../fuzz.ts'
import { channels } from './channels.ts'
import { connecting } from './connecting.ts'
import { credentials } from './credentials.ts'
import { losing } from './losing.ts'
import { payloads } from './payloads.ts'
import { presence } from './presence.ts'
import { publishing } from './publishing.ts'

/** What every transport goes through. */
export const cases: readonly Case[] = [
  ...connecting,
  ...losing,
  ...channels,
  ...publishing,
  ...payloads,
  ...presence,
  ...credentials,
  ...hostility,
]
