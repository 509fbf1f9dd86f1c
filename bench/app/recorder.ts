import { Histogram, type SparseHistogram } from '../lib/histogram.mjs'
import { clock, type BenchEvent } from '../lib/load.mjs'

/** A tab that handles events this late cannot keep up, and the run is ended early. */
const HOPELESS_MS = 2_000
/** A run is given up when nothing came for this long. */
const STALLED_MS = 10_000

interface Sparse {
  readonly sparse: SparseHistogram
  readonly max: number
}

/** What one tab saw of one run. */
export interface Recording {
  readonly received: number
  /** Events that were left out. */
  readonly missing: number
  /** Events that came twice or out of order. */
  readonly misordered: number
  /** When the first event was handed over, and the last one handled: both by the common clock. */
  readonly firstAt: number
  readonly lastHandled: number
  /** When the last event was to be handed over. */
  readonly lastDue: number
  readonly isComplete: boolean
  /** From hand-over to handler. */
  readonly latency: Sparse
  /** How late the hand-over itself was. */
  readonly lateness: Sparse
}

export class Recorder {
  readonly recording: Promise<Recording>
  readonly #run: number
  readonly #hopeless: () => void
  readonly #latency = new Histogram()
  readonly #lateness = new Histogram()
  readonly #stallTimer: ReturnType<typeof setInterval>
  #settle: (recording: Recording) => void = () => {}
  #next = 0
  #received = 0
  #missing = 0
  #misordered = 0
  #firstAt = 0
  #lastHandled = clock()
  #lastDue = 0
  #isHopeless = false

  constructor(run: number, hopeless: () => void) {
    this.#run = run
    this.#hopeless = hopeless
    this.recording = new Promise(resolve => {
      this.#settle = resolve
    })
    this.#stallTimer = setInterval(() => {
      if (clock() - this.#lastHandled > STALLED_MS) this.#finish(false)
    }, 1_000)
  }

  receive({ run, n, at, due, last }: BenchEvent): void {
    if (run !== this.#run) return
    const now = clock()
    if (this.#received === 0) this.#firstAt = at
    if (n < this.#next) this.#misordered++
    else {
      this.#missing += n - this.#next
      this.#next = n + 1
    }
    this.#received++
    this.#lastHandled = now
    this.#lastDue = due
    this.#latency.add(now - at)
    this.#lateness.add(at - due)
    if (now - at > HOPELESS_MS && !this.#isHopeless) {
      this.#isHopeless = true
      this.#hopeless()
    }
    if (last) this.#finish(true)
  }

  #finish(isComplete: boolean): void {
    clearInterval(this.#stallTimer)
    this.#settle({
      received: this.#received,
      missing: this.#missing,
      misordered: this.#misordered,
      firstAt: this.#firstAt,
      lastHandled: this.#lastHandled,
      lastDue: this.#lastDue,
      isComplete,
      latency: this.#latency.toSparse(),
      lateness: this.#lateness.toSparse(),
    })
  }
}
