import type { Browser } from '@playwright/test'
import { readdir, readFile } from 'node:fs/promises'
import { withBrowserSession } from '../e2e/workers.ts'

/** Why the faults that need a browser's processes cannot be had here, `undefined` where they can. */
export const noProcesses =
  process.platform === 'linux' ? undefined : 'finds and signals the processes of the browser, which needs Linux'

export interface BrowserProcess {
  readonly pid: number
  /** `browser`, `renderer`, `GPU` and others. */
  readonly type: string
}

/**
 * The processes of a browser that this very process has started, so that it is safe to send them signals.
 * @throws when the browser was started by anything else
 */
export async function processesOf(browser: Browser): Promise<BrowserProcess[]> {
  const { processInfo } = await withBrowserSession(browser, session => session.send('SystemInfo.getProcessInfo'))
  const main = processInfo.find(({ type }) => type === 'browser')
  if (main === undefined || !(await isBelow(main.id, process.pid))) throw new Error('this browser is not ours')
  return processInfo.map(({ id, type }) => ({ pid: id, type }))
}

async function isBelow(pid: number, ancestor: number): Promise<boolean> {
  for (let current = pid; current > 1; current = await parentOf(current)) if (current === ancestor) return true
  return false
}

async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1] ?? 0)
}

export interface Thread {
  readonly pid: number
  /** Its own id, which no other one on this machine has. */
  readonly tid: number
  /** Processor time since its start, in the system's ticks of usually 10 ms. */
  readonly ticks: number
}

/** The threads of this name in a process; none when the process has ended. Linux keeps 15 characters of a name. */
export async function threadsOf(pid: number, name: string): Promise<Thread[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
  const threads = await Promise.all(
    tasks.map(task => readFile(`/proc/${pid}/task/${task}/stat`, 'utf8').catch(() => '')),
  )
  return threads
    .filter(stat => stat.includes(`(${name})`))
    .map(stat => {
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return { pid, tid: Number.parseInt(stat, 10), ticks: Number(fields[11]) + Number(fields[12]) }
    })
}
