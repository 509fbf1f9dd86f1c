/** Where there is only text, bytes stand as `payloadBase64` in place of `payload`. */
export function withBase64(message: object): object {
  const { payload, ...rest } = message as { readonly payload?: unknown }
  return payload instanceof Uint8Array ? { ...rest, payloadBase64: Buffer.from(payload).toString('base64') } : message
}

export function withoutBase64(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || !('payloadBase64' in message)) return message
  const { payloadBase64, ...rest } = message
  return { ...rest, payload: Buffer.from(String(payloadBase64), 'base64') }
}
