interface Logging {
  log?: ((message: string) => void) | undefined
  logToConsole?: boolean
}

let logging: Logging = {}

/** Says whose `log` and `logToConsole` count. */
export function logFor(given: Logging): void {
  logging = given
}

export function log(level: 'log' | 'warn' | 'error', ...details: readonly unknown[]): void {
  if (!logging.log && !logging.logToConsole) return
  const message = `Pusher :  : ${JSON.stringify(details)}`
  if (logging.log) logging.log(message)
  else console[level](message)
}
