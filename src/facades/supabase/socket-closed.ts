/** As a connection ends that nobody closed. */
export function socketClosed(code = 1006, reason = ''): Error {
  return new Error(`socket closed: ${code}${reason && ` (${reason})`}`, {
    cause: new CloseEvent('close', { code, reason }),
  })
}
