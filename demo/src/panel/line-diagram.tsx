import type { StatusName } from 'partyline'

const MAX_DRAWN = 12
const WIDTH = 190
const HEIGHT = 96
const MIDDLE = HEIGHT / 2
const HUB = 112

/** Tabs at the left, the broker in the middle: many strands in, one line out. */
export function LineDiagram({ tabs, status }: { readonly tabs: number; readonly status: StatusName }) {
  return (
    <svg className="diagram" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} data-status={status} aria-hidden="true">
      {strandHeights(Math.min(tabs, MAX_DRAWN)).map((y, index) => (
        <g key={index} className="strand">
          <path d={`M18 ${y} C 62 ${y}, 62 ${MIDDLE}, ${HUB} ${MIDDLE}`} />
          <rect x="2" y={y - 3} width="16" height="6" rx="2" />
        </g>
      ))}
      <path className="trunk" d={`M${HUB + 12} ${MIDDLE} H ${WIDTH - 4}`} />
      <circle className="hub" cx={HUB} cy={MIDDLE} r="12" />
      <text x={HUB} y={MIDDLE + 29}>
        broker
      </text>
    </svg>
  )
}

function strandHeights(tabs: number): readonly number[] {
  const gap = Math.min(14, (HEIGHT - 8) / Math.max(1, tabs - 1))
  return Array.from({ length: tabs }, (_, index) => MIDDLE + (index - (tabs - 1) / 2) * gap)
}
