import { TRANSPORTS, type Transport, type TransportName } from './transports.ts'

/** Filled in where the page is built: demo/server/page.mjs. */
declare const TRANSPORT: TransportName

/** The one on which this page runs. */
export const transport: Transport = TRANSPORTS[TRANSPORT]
