import type { Load } from '../../lib/load.mjs'

/** What a tab asks of a worker on a bare port. */
export type Command = { readonly type: 'run'; readonly load: Load } | { readonly type: 'stop' }
