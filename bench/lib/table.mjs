/**
 * Prints rows under headings, the first column to the left and all others to the right.
 * @param {string} title
 * @param {readonly string[]} headings
 * @param {readonly (readonly string[])[]} rows
 */
export function printTable(title, headings, rows) {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map(row => row[column]?.length ?? 0)),
  )
  const line = /** @param {readonly string[]} cells */ cells =>
    `  ${widths.map((width, column) => pad(cells[column] ?? '', width, column)).join('   ')}`.trimEnd()
  console.log(`\n${title}`)
  console.log(line(headings))
  console.log(line(widths.map(width => '─'.repeat(width))))
  for (const row of rows) console.log(line(row))
}

/**
 * @param {string} text
 * @param {number} width
 * @param {number} column
 */
const pad = (text, width, column) => (column === 0 ? text.padEnd(width) : text.padStart(width))

/** `12 345 678` @param {number} value */
export const whole = value =>
  Number.isFinite(value)
    ? Math.round(value)
        .toString()
        .replace(/\B(?=(\d{3})+$)/g, ' ')
    : '–'

/** @param {number} value */
export const milliseconds = value =>
  Number.isFinite(value) ? `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms` : '–'

/** @param {number} value */
export const microseconds = value => (Number.isFinite(value) ? `${value.toFixed(value < 10 ? 2 : 1)} µs` : '–')

/** @param {number} bytes */
export const kilobytes = bytes => (Number.isFinite(bytes) ? `${(bytes / 1000).toFixed(2)} kB` : '–')

/**
 * @param {import('./statistics.mjs').Spread} values
 * @param {(value: number) => string} format
 */
export const withRange = ({ median, min, max }, format) =>
  min === max ? format(median) : `${format(median)} (${format(min)}–${format(max)})`
