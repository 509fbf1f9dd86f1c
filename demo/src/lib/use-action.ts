import { useState } from 'react'
import { explain } from './explain.ts'
import { notify } from './notices.ts'

/** Something asked of the server by a button: pending until it is answered, a notice when it is refused. */
export function useAction<Args extends unknown[]>(
  ask: (...args: Args) => Promise<unknown>,
): { readonly pending: boolean; readonly run: (...args: Args) => Promise<boolean> } {
  const [pending, setPending] = useState(false)

  async function run(...args: Args): Promise<boolean> {
    setPending(true)
    try {
      await ask(...args)
      return true
    } catch (error) {
      notify(explain(error))
      return false
    } finally {
      setPending(false)
    }
  }

  return { pending, run }
}
