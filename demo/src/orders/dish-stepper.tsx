const MAX_COUNT = 9

interface DishStepperProps {
  readonly name: string
  readonly count: number
  readonly onChange: (count: number) => void
}

export function DishStepper({ name, count, onChange }: DishStepperProps) {
  return (
    <div className="stepper" data-chosen={count > 0 || undefined}>
      <span>{name}</span>
      <button type="button" aria-label={`One ${name} less`} disabled={count === 0} onClick={() => onChange(count - 1)}>
        −
      </button>
      <output aria-label={name}>{count}</output>
      <button
        type="button"
        aria-label={`One ${name} more`}
        disabled={count === MAX_COUNT}
        onClick={() => onChange(count + 1)}
      >
        +
      </button>
    </div>
  )
}
