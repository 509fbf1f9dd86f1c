const LENGTH_BYTES = 4

/** A message with bytes as its payload, as one binary frame: header length, header (JSON), payload. */
export function pack({ payload, ...header }: { readonly payload: Uint8Array }): Buffer {
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(json.length)
  return Buffer.concat([length, json, payload])
}

/** @throws Error for what is no such frame */
export function unpack(frame: Buffer): object {
  if (frame.length < LENGTH_BYTES) throw new Error('a binary frame begins with the length of its header')
  const end = LENGTH_BYTES + frame.readUInt32BE()
  if (frame.length < end) throw new Error('a binary frame ends within its header')
  const header: unknown = JSON.parse(frame.subarray(LENGTH_BYTES, end).toString())
  if (typeof header !== 'object' || header === null) throw new Error('the header of a binary frame is to be an object')
  return { ...header, payload: frame.subarray(end) }
}
