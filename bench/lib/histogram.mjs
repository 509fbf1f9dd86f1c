/**
 * Milliseconds counted in buckets, so that millions of samples from many tabs can be put together: 0.02 ms wide below
 * 40 ms, 1 ms wide above.
 * @typedef {[bucket: number, count: number][]} SparseHistogram as it crosses from a page
 */

const fineMs = 0.02
const fineBuckets = 2_000
const fineEndMs = fineMs * fineBuckets
const bucketCount = fineBuckets + 60_000

export class Histogram {
  #counts = new Uint32Array(bucketCount)
  count = 0
  max = 0

  /** @param {number} ms below zero, as clocks may have it, counts as zero */
  add(ms) {
    const bucket = bucketOf(ms)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.count++
    if (ms > this.max) this.max = ms
  }

  /** @param {{ sparse: SparseHistogram, max: number }} other */
  merge({ sparse, max }) {
    for (const [bucket, count] of sparse) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count
      this.count += count
    }
    if (max > this.max) this.max = max
  }

  /**
   * @param {number} share 0.5 for the median
   * @returns {number} NaN when it is empty
   */
  quantile(share) {
    const wanted = Math.ceil(this.count * share)
    let seen = 0
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      seen += this.#counts[bucket] ?? 0
      if (seen >= wanted && seen > 0) return middleOf(bucket)
    }
    return NaN
  }

  /** @returns {{ sparse: SparseHistogram, max: number }} */
  toSparse() {
    /** @type {SparseHistogram} */
    const sparse = []
    this.#counts.forEach((count, bucket) => {
      if (count > 0) sparse.push([bucket, count])
    })
    return { sparse, max: this.max }
  }
}

/** @param {number} ms */
function bucketOf(ms) {
  if (ms < fineEndMs) return ms > 0 ? Math.floor(ms / fineMs) : 0
  return Math.min(fineBuckets + Math.floor(ms - fineEndMs), bucketCount - 1)
}

/** @param {number} bucket */
const middleOf = bucket => (bucket < fineBuckets ? (bucket + 0.5) * fineMs : fineEndMs + (bucket - fineBuckets + 0.5))
