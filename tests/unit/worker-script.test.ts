import { afterEach, expect, test } from 'vitest'
import { recordScript } from '../../src/client/hosts/worker-script.ts'
import type { ConnectOptions } from '../../src/client/types.ts'

const worker: ConnectOptions['worker'] = options =>
  new SharedWorker(new URL('https://app.example/worker.js'), { ...options, type: 'module' })

/** As browsers have it. */
const asInBrowsers = { value: EventTarget, configurable: true, enumerable: false, writable: true }

const descriptor = (): PropertyDescriptor | undefined => Object.getOwnPropertyDescriptor(globalThis, 'SharedWorker')

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'SharedWorker')
})

test('what the app would open is taken down and not opened', () => {
  const { url, options } = recordScript(worker, 'a name')
  expect(String(url)).toBe('https://app.example/worker.js')
  expect(options).toEqual({ name: 'a name', type: 'module', extendedLifetime: true })
})

test('a name alone, as the constructor takes it, are options as well', () => {
  expect(recordScript(({ name }) => new SharedWorker('/worker.js', name), 'a name')).toEqual({
    url: '/worker.js',
    options: { name: 'a name' },
  })
})

test('the app may treat what it gets as its worker', () => {
  const { url } = recordScript(options => {
    const shared = new SharedWorker('/worker.js', options)
    shared.addEventListener('error', () => {})
    shared.port.start()
    shared.port.postMessage('hello')
    return shared
  }, 'a name')
  expect(url).toBe('/worker.js')
})

test.each<[string, PropertyDescriptor]>([
  ['as browsers have it', asInBrowsers],
  ['a getter', { get: () => 'whatever', configurable: true, enumerable: true }],
])('SharedWorker is put back as it was: %s', (_, own) => {
  Object.defineProperty(globalThis, 'SharedWorker', own)
  recordScript(worker, 'a name')
  expect(descriptor()).toEqual(own)
})

test('SharedWorker stays absent where it was', () => {
  recordScript(worker, 'a name')
  expect('SharedWorker' in globalThis).toBe(false)
})

test('an app that throws makes it worker-failed, and SharedWorker is put back', () => {
  Object.defineProperty(globalThis, 'SharedWorker', asInBrowsers)
  const thrown = new TypeError('no such thing')
  const throwing = (): never => {
    throw thrown
  }
  expect(() => recordScript(throwing, 'a name')).toThrow(
    expect.objectContaining({ code: 'worker-failed', retryable: true, cause: thrown }),
  )
  expect(descriptor()).toEqual(asInBrowsers)
})

test('an app that opens no SharedWorker hears what its function must be', () => {
  expect(() => recordScript(() => ({}) as SharedWorker, 'a name')).toThrow(
    expect.objectContaining({ code: 'bad-options', message: expect.stringContaining('new SharedWorker(new URL(') }),
  )
})
