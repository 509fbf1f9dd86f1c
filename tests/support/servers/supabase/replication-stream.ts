import { Client, type Connection, type Submittable } from 'pg'

export interface ReplicationOptions {
  readonly database: string
  readonly plugin: string
  readonly pluginOptions: Readonly<Record<string, string>>
  /** Called with each message of the plugin, in the order of the commits. */
  readonly onMessage: (text: string) => void
  /** Called once, when the stream broke. */
  readonly onError: (error: Error) => void
}

/** Part of pg for its own extensions, but not of its types. */
type CopyConnection = Connection & { sendCopyFromChunk(chunk: Buffer): void }

const xLogData = 0x77
const keepalive = 0x6b
const standbyStatus = 0x72

/** Of a message's head: its kind, where it begins and ends in the log, and the server's clock. */
const headBytes = 25

/** PostgreSQL counts microseconds from here. */
const epochMs = Date.UTC(2000, 0, 1)

/**
 * Reads what a plugin makes of the log, from now on, through a slot that is gone with the connection. Nothing is missed
 * that is committed after this has resolved. A commit is told within a few milliseconds: the server pushes, nobody polls.
 */
export async function openReplicationStream(options: ReplicationOptions): Promise<{ close(): Promise<void> }> {
  const client = new Client({ connectionString: options.database, ...{ replication: 'database' } })
  let isOpen = true
  const fail = (error: Error): void => {
    if (isOpen) options.onError(error)
    isOpen = false
  }
  client.on('error', fail)
  await client.connect()
  const slot = `partyline_${process.pid}_${Math.floor(Math.random() * 2 ** 32)}`
  await client.query(`CREATE_REPLICATION_SLOT ${slot} TEMPORARY LOGICAL ${options.plugin} NOEXPORT_SNAPSHOT`)
  client.query(new StartReplication(slot, options, fail))
  return {
    async close() {
      isOpen = false
      await client.end()
    },
  }
}

/** The command that never ends by itself, with the messages that come of it. */
class StartReplication implements Submittable {
  readonly #slot: string
  readonly #options: ReplicationOptions
  readonly #fail: (error: Error) => void

  constructor(slot: string, options: ReplicationOptions, fail: (error: Error) => void) {
    this.#slot = slot
    this.#options = options
    this.#fail = fail
  }

  submit(connection: Connection): void {
    const pluginOptions = Object.entries(this.#options.pluginOptions).map(([key, value]) => `"${key}" '${value}'`)
    connection.query(`START_REPLICATION SLOT ${this.#slot} LOGICAL 0/0 (${pluginOptions.join(', ')})`)
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }, connection: CopyConnection): void {
    switch (chunk[0]) {
      case xLogData:
        this.#options.onMessage(chunk.toString('utf8', headBytes))
        return
      case keepalive:
        connection.sendCopyFromChunk(statusOf(chunk.readBigUInt64BE(1)))
        return
      default:
        this.#fail(new Error(`unknown message ${chunk[0]} in a replication stream`))
    }
  }

  handleError(error: Error): void {
    this.#fail(error)
  }

  handleReadyForQuery(): void {
    this.#fail(new Error('the server ended the replication stream'))
  }
}

/** Says that everything up to there was written, flushed and applied, so that the server need not keep it. */
function statusOf(end: bigint): Buffer {
  const status = Buffer.alloc(34)
  status[0] = standbyStatus
  for (const offset of [1, 9, 17]) status.writeBigUInt64BE(end, offset)
  status.writeBigInt64BE(BigInt(Date.now() - epochMs) * 1000n, 25)
  return status
}
