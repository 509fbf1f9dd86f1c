/** What a browser lacks that can have no better host. */
const lacks: Readonly<Record<string, readonly (readonly [object, string])[]>> = {
  shared: [],
  elected: [[globalThis, 'SharedWorker']],
  local: [
    [globalThis, 'SharedWorker'],
    [globalThis, 'BroadcastChannel'],
    [Navigator.prototype, 'locks'],
  ],
}

/** Makes this browser one in which `host` is the best that there is. To be called before `connect`. */
export function becomeBrowserFor(host: string): void {
  for (const [owner, name] of lacks[host] ?? []) Reflect.deleteProperty(owner, name)
}
