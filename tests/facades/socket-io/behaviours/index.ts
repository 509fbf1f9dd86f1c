import type { Behaviour } from './behaviour.ts'
import { acknowledgements } from './acknowledgements.ts'
import { connecting } from './connecting.ts'
import { disconnecting } from './disconnecting.ts'
import { emitting } from './emitting.ts'
import { listening } from './listening.ts'
import { managing } from './managing.ts'
import { reconnecting } from './reconnecting.ts'
import { recovering } from './recovering.ts'

export const behaviours: readonly Behaviour[] = [
  ...connecting,
  ...listening,
  ...emitting,
  ...acknowledgements,
  ...disconnecting,
  ...reconnecting,
  ...recovering,
  ...managing,
]
