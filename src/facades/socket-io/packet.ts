/** A packet as `sendBuffer` holds it. */
export interface Packet {
  readonly type: number
  readonly data: unknown[]
  readonly options: { readonly compress: boolean }
  id?: number
}

/** Data as it goes to the worker: JSON as the original makes it, so also of what cannot be cloned, and the bytes beside it. */
export interface Encoded {
  readonly json: string
  readonly bytes: readonly unknown[]
}

export function encode(data: unknown[]): Encoded {
  const bytes: unknown[] = []
  const json = JSON.stringify(data, (_key, value: unknown) =>
    value instanceof ArrayBuffer || ArrayBuffer.isView(value) || value instanceof Blob
      ? { _placeholder: true, num: bytes.push(value) - 1 }
      : value,
  )
  return { json, bytes }
}
