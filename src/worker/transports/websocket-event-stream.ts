/** One event of a `text/event-stream`, as far as it matters here. */
export interface StreamBlock {
  readonly data: string
  /** The last that there was, of this event or an earlier one. */
  readonly lastEventId: string
}

/** Of a line, what stands before the data. */
const FIELD_CHARS = 'data: '.length

/**
 * Reads a `text/event-stream`, in pieces as they come.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class EventStreamReader {
  readonly #maxChars: number
  #rest = ''
  #data: string[] = []
  #chars = 0
  #lastEventId = ''
  #isFirst = true
  /** The line goes on that was too long. */
  #skipsLine = false

  /** @param maxChars most of one event; a longer one is left out */
  constructor(maxChars: number) {
    this.#maxChars = maxChars
  }

  /** Returns the events that end in this piece, and how many others were too large. */
  read(piece: string): { readonly blocks: readonly StreamBlock[]; readonly tooLarge: number } {
    const blocks: StreamBlock[] = []
    let tooLarge = 0
    for (const line of this.#lines(piece)) {
      if (line !== '') {
        this.#field(line)
        continue
      }
      if (this.#chars > this.#maxChars) tooLarge++
      else if (this.#data.length > 0) blocks.push({ data: this.#data.join('\n'), lastEventId: this.#lastEventId })
      this.#data = []
      this.#chars = 0
    }
    this.#skipTooLong()
    return { blocks, tooLarge }
  }

  /** Whole lines. A `\r` at the end waits for what follows: it may be the first half of a line's end. */
  #lines(piece: string): readonly string[] {
    const text = this.#rest + (this.#isFirst ? piece.replace(/^\uFEFF/, '') : piece)
    if (text !== '') this.#isFirst = false
    const lines = text.split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    if (!this.#skipsLine || lines.length === 0) return lines
    this.#skipsLine = false
    return lines.slice(1)
  }

  /** Keeps nothing of a line that is too long already. */
  #skipTooLong(): void {
    if (this.#rest.length <= this.#maxChars + FIELD_CHARS && !this.#skipsLine) return
    this.#skipsLine = true
    this.#chars = Infinity
    this.#rest = ''
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    if (colon === 0) return
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'id' && !value.includes('\0')) this.#lastEventId = value
    if (name !== 'data') return
    this.#chars += value.length
    if (this.#chars <= this.#maxChars) this.#data.push(value)
    else this.#data = []
  }
}
