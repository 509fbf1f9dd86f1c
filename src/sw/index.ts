export type {
  EndpointHeaders,
  EndpointOptions,
  PrecacheEntry,
  RouteMatch,
  RouteOptions,
  RouteStrategy,
  ServiceWorkerOptions,
  StaleOn,
} from './options.ts'
export { startServiceWorker } from './start-service-worker.ts'
