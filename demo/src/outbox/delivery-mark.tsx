/** Where something that was written stands. */
export type Delivery = 'waiting' | 'sending' | 'sent' | 'refused'

const TEXTS: Record<Delivery, string> = {
  waiting: 'Waiting',
  sending: 'Sending',
  sent: 'Sent',
  refused: 'Not sent',
}

const CLOCK = 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 1.5'
const PATHS: Record<Delivery, string> = {
  waiting: CLOCK,
  sending: CLOCK,
  sent: 'M5 12.5l4.5 4.5L19 7.5',
  refused: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v5M12 16v.01',
}

export function DeliveryMark({ delivery }: { readonly delivery: Delivery }) {
  return (
    <span className="delivery" data-delivery={delivery}>
      <svg viewBox="0 0 24 24" className="icon" aria-hidden="true">
        <path d={PATHS[delivery]} />
      </svg>
      {TEXTS[delivery]}
    </span>
  )
}
