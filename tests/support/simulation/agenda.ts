/** What is to happen when, in the order of time; what falls on one time happens in the order in which it was noted. */
export class Agenda {
  readonly #heap: Entry[] = []
  #noted = 0
  #now = 0

  get now(): number {
    return this.#now
  }

  /** The returned function strikes it out again. */
  note(at: number, run: () => void): () => void {
    const entry: Entry = { at: Math.max(at, this.#now), order: this.#noted++, run }
    this.#heap.push(entry)
    this.#rise(this.#heap.length - 1)
    return () => {
      entry.run = undefined
    }
  }

  /** Lets the time go by. */
  runUntil(end: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#removeFirst()
      this.#now = next.at
      next.run?.()
    }
    this.#now = end
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(index: number): void {
    for (let at = index; at > 0;) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfEarlier(at, parent)) return
      at = parent
    }
  }

  #sink(index: number): void {
    for (let at = index; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const child = this.#isEarlier(right, left) ? right : left
      if (!this.#swapIfEarlier(child, at)) return
      at = child
    }
  }

  #swapIfEarlier(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined || !this.#isEarlier(a, b)) return false
    this.#heap[a] = other
    this.#heap[b] = one
    return true
  }

  #isEarlier(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return one !== undefined
    return one.at < other.at || (one.at === other.at && one.order < other.order)
  }
}

interface Entry {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}
