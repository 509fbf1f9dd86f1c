/** How bytes go with a JSON message: as one binary frame, or as text where only text goes. */

const LENGTH_BYTES = 4

/** One frame: the header's length in four bytes, the header as JSON, the payload. */
export function pack(header: object, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify(header))
  const frame = new Uint8Array(LENGTH_BYTES + json.length + payload.length)
  new DataView(frame.buffer).setUint32(0, json.length)
  frame.set(json, LENGTH_BYTES)
  frame.set(payload, LENGTH_BYTES + json.length)
  return frame
}

/** @throws Error for what is no such frame */
export function unpack(frame: ArrayBuffer): { readonly header: unknown; readonly payload: ArrayBuffer } {
  if (frame.byteLength < LENGTH_BYTES) throw new Error('a binary frame begins with the length of its header')
  const end = LENGTH_BYTES + new DataView(frame).getUint32(0)
  if (frame.byteLength < end) throw new Error('a binary frame ends within its header')
  const json = new TextDecoder('utf-8', { fatal: true }).decode(frame.slice(LENGTH_BYTES, end))
  return { header: JSON.parse(json) as unknown, payload: frame.slice(end) }
}

/** The bytes of an `ArrayBuffer` or a view of one; `undefined` for anything else. */
export function toBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined
}

/** In pieces: a call takes only so many arguments. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let start = 0; start < bytes.length; start += 8192)
    text += String.fromCharCode(...bytes.subarray(start, start + 8192))
  return btoa(text)
}

/** @throws Error for what is no base64 */
export function fromBase64(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text), character => character.charCodeAt(0)).buffer
}
