import { PartylineError } from 'partyline'

/** What to tell the person whose request failed. */
export function explain(error: unknown): string {
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

function reasonOf({ details, message }: PartylineError): string {
  if (typeof details === 'string') return details
  const reason = (details as { readonly error?: unknown } | null | undefined)?.error
  return typeof reason === 'string' ? reason : message
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1)
  return capital.endsWith('.') ? capital : `${capital}.`
}
