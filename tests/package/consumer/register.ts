import { registerServiceWorker } from 'partyline/register'
import { line } from './line.ts'

export const worker = await registerServiceWorker('/sw.js', { line })

worker.on('waiting', state => {
  document.title = state
  void worker.applyUpdate({ reload: true })
})
