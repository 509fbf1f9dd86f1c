/** Where an app hears what goes on: `Pusher.log`, or the console with `Pusher.logToConsole`. */
export const logging: { log: ((message: string) => void) | undefined; logToConsole: boolean } = {
  log: undefined,
  logToConsole: false,
}

export function log(level: 'log' | 'warn' | 'error', ...details: readonly unknown[]): void {
  const { log: given, logToConsole } = logging
  if (!given && !logToConsole) return
  const message = `Pusher :  : ${JSON.stringify(details)}`
  if (given) given(message)
  else console[level](message)
}
