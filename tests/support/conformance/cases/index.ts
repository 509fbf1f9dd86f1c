import type { Case } from '../case.ts'
import { connecting } from './connecting.ts'

/** What every transport goes through. */
export const cases: readonly Case[] = [...connecting]
