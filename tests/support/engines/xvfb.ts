import { findXvfb } from '../../../scripts/setup/find-engines.mjs'
import { endProgram, reported, startProgram } from './processes.ts'

export interface Display {
  /** Such as `:7`. */
  readonly name: string
  /** Also ends whatever draws on it. */
  close(): Promise<void>
}

/** A screen that nobody sees, on a display that is free. */
export async function startXvfb(): Promise<Display> {
  const child = startProgram(findXvfb() ?? 'Xvfb', [
    '-displayfd',
    '3',
    '-screen',
    '0',
    '1280x800x24',
    '-nolisten',
    'tcp',
    '-noreset',
  ])
  return { name: `:${await reported(child.stdio[3], /^(\d+)$/)}`, close: () => endProgram(child) }
}
