import { useHouse } from '../house-context.ts'
import { explainDeath } from '../lib/explain.ts'
import { useAction } from '../lib/use-action.ts'
import { useLineStatus } from '../panel/use-line-status.ts'
import { DeliveryMark } from './delivery-mark.tsx'
import type { Letter } from './outbox.ts'

/** Of something in the outbox: that it waits, or why it was refused and what can be done about it. */
export function LetterStatus({ letter }: { readonly letter: Letter }) {
  const { status } = useLineStatus()
  if (letter.died === undefined) return <DeliveryMark delivery={status === 'open' ? 'sending' : 'waiting'} />
  return (
    <div className="refused">
      <p>
        <DeliveryMark delivery="refused" /> {explainDeath(letter.died)}
      </p>
      <LetterActions letters={[letter]} />
    </div>
  )
}

interface LetterActionsProps {
  readonly letters: readonly Letter[]
  /** Said behind the buttons' names. */
  readonly which?: string
}

export function LetterActions({ letters, which = '' }: LetterActionsProps) {
  const { outbox } = useHouse()
  const again = useAction(outbox.sendAgain)
  const discard = useAction(outbox.discard)
  const pending = again.pending || discard.pending
  return (
    <div className="letter-actions">
      <button type="button" className="button small" disabled={pending} onClick={() => void again.run(letters)}>
        Send {which} again
      </button>
      <button type="button" className="button small" disabled={pending} onClick={() => void discard.run(letters)}>
        Discard {which}
      </button>
    </div>
  )
}
