export { registerServiceWorker, type RegisterOptions } from './register-service-worker.ts'
export type { AppServiceWorker, ServiceWorkerEvents, ServiceWorkerState } from './app-service-worker.ts'
