import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Tab } from './engine.ts'

const graceMs = 5_000

/**
 * A program that ends with this process at the latest. Its stderr is a pipe, and so is its file descriptor 3, for
 * those that report there.
 */
export function startProgram(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  // One that cannot be started closes its pipes at once, and that is what those who wait for its report hear.
  child.on('error', () => undefined)
  const end = () => child.kill('SIGKILL')
  // Vitest ends a worker that is late with a signal, which by itself is no exit.
  const exit = () => process.exit(143)
  process.once('exit', end)
  process.once('SIGTERM', exit)
  child.once('exit', () => {
    process.off('exit', end)
    process.off('SIGTERM', exit)
  })
  return child
}

/** The first group of the first line of a pipe that matches. What comes later is thrown away. */
export async function reported(pipe: ChildProcess['stdio'][number], line: RegExp): Promise<string> {
  const stream = pipe as Readable
  const others: string[] = []
  for await (const text of createInterface(stream)) {
    const found = line.exec(text)?.[1]
    if (found === undefined) {
      others.push(text)
      continue
    }
    stream.resume()
    return found
  }
  throw new Error(`the program ended before it reported ${line}; it said:\n${others.join('\n')}`)
}

/** Ends a program and all that it started. */
export async function endProgram(child: ChildProcess): Promise<void> {
  const started = child.pid === undefined ? [] : (await descendants(child.pid)).map(({ pid }) => pid)
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const exited = new Promise(resolve => child.once('exit', resolve))
    child.kill()
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await exited
    clearTimeout(timer)
  }
  for (const pid of started) endProcess(pid)
}

/** Ends a process at once, without a chance to say anything. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** A folder for what a browser keeps, and its removal. */
export async function temporaryFolder(): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'partyline-'))
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Why {@link processOf} cannot do its work here, or `true` where it can. */
export const canFindProcesses: true | string =
  process.platform === 'linux' || 'which process runs a page can only be seen on Linux'

/** The process below `ancestor` that runs a page, found by making the page busy. */
export async function processOf({ evaluate }: Pick<Tab, 'evaluate'>, ancestor: ChildProcess): Promise<number> {
  const before = new Map((await descendants(ancestor.pid)).map(({ pid, ticks }) => [pid, ticks]))
  await evaluate(() => {
    const until = performance.now() + 300
    while (performance.now() < until);
  })
  const spent = (await descendants(ancestor.pid)).map(({ pid, ticks }) => ({
    pid,
    ticks: ticks - (before.get(pid) ?? 0),
  }))
  const [busiest] = spent.toSorted((a, b) => b.ticks - a.ticks)
  if (busiest === undefined) throw new Error('the browser has no processes')
  return busiest.pid
}

interface ProcessInfo {
  readonly pid: number
  readonly parent: number
  /** Of processor time, since its start. */
  readonly ticks: number
}

/** Empty where there is no /proc. */
async function descendants(ancestor: number | undefined): Promise<ProcessInfo[]> {
  const names = await readdir('/proc').catch(() => [])
  const all = await Promise.all(names.filter(name => /^\d+$/.test(name)).map(name => processInfo(Number(name))))
  const running = all.filter(info => info !== undefined)
  const below = (parent: number): ProcessInfo[] =>
    running.filter(info => info.parent === parent).flatMap(info => [info, ...below(info.pid)])
  return ancestor === undefined ? [] : below(ancestor)
}

/** `undefined` when it has ended meanwhile. */
async function processInfo(pid: number): Promise<ProcessInfo | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The second field is the program's name in parentheses, which may contain anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields && { pid, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
}
