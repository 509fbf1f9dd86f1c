/** An app's page on Partyline. */
import { connect } from 'partyline'
import { watchFirstEvent } from './first-event.ts'

const server = new URLSearchParams(location.search).get('server') ?? ''
const gotEvent = watchFirstEvent()

connect({
  worker: options =>
    new SharedWorker(new URL('../workers/partyline-socket-io.worker.ts', import.meta.url), {
      ...options,
      type: 'module',
    }),
  scope: `bench@${server}`,
})
  .channel('cost')
  .on('tick', gotEvent)
