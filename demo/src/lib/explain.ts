import { PartylineError, type OutboxEntry } from 'partyline'
import { RefusedError } from './request.ts'

/** What to tell the person whose request failed. */
export function explain(error: unknown): string {
  if (error instanceof RefusedError) return sentence(error.message)
  if (error instanceof TypeError) return 'The server cannot be reached.'
  if (!(error instanceof PartylineError)) return 'Something went wrong.'
  switch (error.code) {
    case 'rejected':
      return sentence(reasonOf(error))
    case 'unconfirmed':
      return 'No answer came: it may have arrived or not.'
    case 'not-sent':
      return 'There is no line at the moment: nothing was sent.'
    default:
      return sentence(error.message)
  }
}

/** Why a message that was written is not sent any more. */
export function explainDeath({ error }: NonNullable<OutboxEntry['died']>): string {
  return error.code === 'rejected' ? sentence(reasonOf(error)) : sentence(error.message)
}

interface Reasoned {
  readonly message: string
  readonly details?: unknown
}

/** The server's own words: in its answer over the line, behind the library's where the service worker has sent it. */
function reasonOf({ details, message }: Reasoned): string {
  if (typeof details === 'string') return details
  const reason = (details as { readonly error?: unknown } | null | undefined)?.error
  return typeof reason === 'string' ? reason : message.replace(/^the server refused the message: /, '')
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1)
  return capital.endsWith('.') ? capital : `${capital}.`
}
