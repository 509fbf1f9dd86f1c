export { fullJitter, type BackoffPolicy } from './backoff.ts'
export { deferred, type Deferred } from './deferred.ts'
export { Emitter } from './emitter.ts'
export { Ring } from './ring.ts'
