const WIDTH = 160
const HEIGHT = 36
const POINTS = 60
/** So that a change from 1 to 2 does not look like an earthquake. */
const MIN_TOP = 10

/** The last minute, the newest at the right; the scale starts at zero. */
export function Sparkline({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  const top = Math.max(MIN_TOP, ...values)
  const line = values.map((value, index) => `${xOf(index, values.length)},${yOf(value, top)}`).join(' ')
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}, at most ${top}`}
    >
      <line x1="0" x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} />
      {values.length > 1 && <polygon points={`${xOf(0, values.length)},${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />}
      <polyline points={line} vectorEffect="non-scaling-stroke" />
    </svg>
  )
}

function xOf(index: number, length: number): number {
  return WIDTH - ((length - 1 - index) * WIDTH) / (POINTS - 1)
}

function yOf(value: number, top: number): number {
  return HEIGHT - 1 - (value / top) * (HEIGHT - 4)
}
