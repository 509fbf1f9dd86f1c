/** The global of a service worker, which TypeScript takes for that of any worker. */
export const worker = globalThis as unknown as ServiceWorkerGlobalScope
