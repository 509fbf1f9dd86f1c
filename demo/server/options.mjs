/** What the command line may say; each refusal says what would be right. */
import { parseArgs } from 'node:util'
import { DEFAULT_TRANSPORT, isTransport, TRANSPORT_NAMES } from './transports.mjs'

const MAX_PORT = 65_535

export const USAGE = `npm run demo -- [options]

  --transport ${TRANSPORT_NAMES.join('|')}   how tabs reach the house (${DEFAULT_TRANSPORT})
  --port 8080       where to listen (a free port)
  --host 127.0.0.1  on which address (127.0.0.1)
  --rate 4          events a second that the house makes; 0 leaves it empty (4)
  --seed 1          the same seed brings the same guests (1)
  --help            says this`

/** Options that cannot be right. The message is for whoever typed them. */
export class UsageError extends Error {}

/**
 * @param {readonly string[]} args
 * @throws {UsageError}
 */
export function parseOptions(args) {
  const { transport, port, host, rate, seed, help } = read(args)
  if (!isTransport(transport))
    throw new UsageError(`--transport must be one of ${TRANSPORT_NAMES.join(', ')}, not '${transport}'`)
  return {
    help,
    transport,
    host,
    port: number(port, '--port', MAX_PORT),
    ratePerSecond: number(rate, '--rate', Number.MAX_SAFE_INTEGER),
    seed: number(seed, '--seed', Number.MAX_SAFE_INTEGER),
  }
}

/** @param {readonly string[]} args */
function read(args) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        transport: { type: 'string', default: DEFAULT_TRANSPORT },
        port: { type: 'string', default: '0' },
        host: { type: 'string', default: '127.0.0.1' },
        rate: { type: 'string', default: '4' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/**
 * @param {string} text
 * @param {string} option
 * @param {number} most
 */
function number(text, option, most) {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0 || value > most)
    throw new UsageError(`${option} must be a whole number from 0 to ${most}, not '${text}'`)
  return value
}
