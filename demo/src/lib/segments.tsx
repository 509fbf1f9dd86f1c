import { useId } from 'react'

interface SegmentsProps<Value extends string> {
  readonly label: string
  readonly className?: string
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string; readonly badge?: number | undefined }[]
  readonly onChange: (value: Value) => void
}

/** One of a few, as a row of radio buttons. */
export function Segments<Value extends string>({
  label,
  className = '',
  value,
  options,
  onChange,
}: SegmentsProps<Value>) {
  const name = useId()
  return (
    <fieldset className={`segments ${className}`}>
      <legend className="visually-hidden">{label}</legend>
      {options.map(option => (
        <label key={option.value} className="segment">
          <input type="radio" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
          <span>
            {option.label}
            {option.badge !== undefined && <small className="badge">{option.badge}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  )
}
