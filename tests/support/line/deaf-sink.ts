import type { TransportSink } from '../../../src/worker/upstream/transport.ts'

/** For a transport whose server's words do not matter. */
export const deafSink: TransportSink = {
  event() {},
  continuity() {},
  channelLost() {},
  lost() {},
  presence() {},
  degraded() {},
  malformed() {},
  authorise: () => Promise.reject(new Error('no tab is there')),
}
