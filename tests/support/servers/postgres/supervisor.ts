import { spawn } from 'node:child_process'
import type { User } from './ordinary-user.ts'

export interface ServerCommand {
  readonly command: readonly string[]
  /** Where it runs; removed when it has ended. */
  readonly folder: string
  /** Whether the server accepts connections, told by all that it wrote so far. */
  readonly isReady: (output: string) => boolean
  readonly user: User | undefined
}

export interface SupervisedServer {
  close(): Promise<void>
}

/**
 * Starts the server, and when standard input ends, ends it and removes its folder. That pipe is held by the process that
 * wanted the server and by no other, so it ends with that process even where that one is killed and can do nothing more.
 * Nothing of the server's is kept, so it ends at once (QUIT) instead of putting its data in order.
 */
const script = `
exec 3<&0
folder=$1; shift
"$@" & server=$!
(read -r _ <&3; kill -QUIT "$server") & watcher=$!
wait "$server"; code=$?
kill "$watcher" 2>/dev/null
rm -rf "$folder"
exit "$code"
`

/** Resolves when the server is ready; rejects with all that it wrote when it ends before. */
export async function superviseServer({ command, folder, isReady, user }: ServerCommand): Promise<SupervisedServer> {
  const shell = spawn('sh', ['-c', script, 'sh', folder, ...command], {
    cwd: folder,
    // A group of its own: what a terminal sends to this process's group does not reach it, the end of the pipe does.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    ...user,
  })
  const ended = new Promise<void>(resolve => shell.once('close', () => resolve()))
  let output = ''
  await new Promise<void>((resolve, reject) => {
    shell.once('error', reject)
    void ended.then(() => reject(new Error(`The server ended before it was ready:\n${output}`)))
    shell.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-10_000)
      if (isReady(output)) resolve()
    })
  })
  return {
    close() {
      shell.stdin.end()
      return ended
    },
  }
}
