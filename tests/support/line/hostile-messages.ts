import fc from 'fast-check'

const EVIL_STEPS = [
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'then',
  '0',
  '',
]

const HUGE: readonly unknown[] = [
  'x'.repeat(1_025),
  'x'.repeat(500_000),
  new Array<unknown>(50_000),
  Array.from({ length: 10_001 }, () => ({ op: 'publish' })),
  nested(1_000),
]

/** Values of every kind that a port can carry. */
export const anythingCloneable: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 50,
    arbitrary: fc
      .anything({
        withBigInt: true,
        withBoxedValues: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withNullPrototype: true,
        withSparseArray: true,
        withTypedArray: true,
      })
      .filter(isCloneable),
  },
  { weight: 1, arbitrary: fc.constantFrom(...HUGE) },
)

/**
 * Messages for a control port that knows `methods`, from plain garbage to what only nearly keeps to the
 * protocol: Comlink's other message types, evil paths, arguments that would be revived, wrong arguments.
 */
export function hostileMessages(methods: readonly string[]): fc.Arbitrary<unknown> {
  const id = fc.oneof(fc.uuid(), anythingCloneable)
  const step = fc.oneof(fc.constantFrom(...EVIL_STEPS, ...methods), anythingCloneable)
  const path = fc.oneof(
    fc.constant(['constructor', 'constructor']),
    fc.constant(['__proto__']),
    fc.array(step, { maxLength: 3 }),
    fc.constantFrom(...methods).map(method => [method]),
    anythingCloneable,
  )
  const argument = fc.oneof(
    fc.record({ type: fc.constant('RAW'), value: fc.oneof(anythingCloneable, nearHello, nearAsk) }),
    fc.record({ type: fc.constant('HANDLER'), name: fc.constantFrom('proxy', 'throw', 'x'), value: anythingCloneable }),
    anythingCloneable,
  )
  const comlinkShaped = fc.record(
    {
      id,
      type: fc.oneof(fc.constantFrom('APPLY', 'GET', 'SET', 'CONSTRUCT', 'ENDPOINT', 'RELEASE'), anythingCloneable),
      path,
      argumentList: fc.oneof(fc.array(argument, { maxLength: 3 }), anythingCloneable),
      value: argument,
    },
    { requiredKeys: [] },
  )
  const knownMethod = fc.record({
    id: fc.uuid(),
    type: fc.constant('APPLY'),
    path: fc.constantFrom(...methods).map(method => [method]),
    argumentList: fc.array(argument, { maxLength: 2 }),
  })
  return fc.oneof(comlinkShaped, knownMethod, anythingCloneable)
}

const nearHello = fc.record(
  {
    protocol: fc.oneof(fc.constant({ major: 1, minor: 0 }), fc.constant({ major: 99, minor: 0 }), anythingCloneable),
    scope: fc.oneof(fc.constant('ann'), fc.string()),
    tabId: fc.oneof(fc.string(), anythingCloneable),
    attempt: fc.oneof(fc.nat(), anythingCloneable),
    lease: fc.oneof(fc.constant({ kind: 'silence' }), anythingCloneable),
    visible: fc.boolean(),
    focused: fc.boolean(),
    online: fc.boolean(),
    hasCredentials: fc.boolean(),
    wanted: fc.oneof(fc.constant([]), fc.array(fc.record({ channel: anythingCloneable })), anythingCloneable),
  },
  { requiredKeys: [] },
)

const nearAsk = fc.record({
  epoch: fc.oneof(fc.constant('an-older-epoch'), anythingCloneable),
  ops: fc.oneof(
    fc.array(
      fc.record({
        op: fc.constantFrom('subscribe', 'unsubscribe', 'publish', 'signal', 'credentials', 'fly'),
        channel: anythingCloneable,
        id: anythingCloneable,
      }),
    ),
    anythingCloneable,
  ),
})

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

function nested(depth: number): unknown {
  let value: unknown = 'bottom'
  for (let level = 0; level < depth; level++) value = { value }
  return value
}
