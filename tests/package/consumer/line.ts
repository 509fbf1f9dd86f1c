import { connect, type WithReply } from 'partyline'

interface Order {
  readonly id: number
  readonly table: number
}

interface AppEvents {
  orders: {
    created: Order
    place: WithReply<{ readonly table: number }, { readonly id: number }>
  }
}

export const line = connect<AppEvents>({
  worker: options =>
    new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
  scope: 'somebody',
})

const orders = line.channel('orders')

orders.on('created', ({ table }) => {
  document.title = table.toFixed()
})

export async function place(table: number): Promise<number> {
  const { id } = await orders.request('place', { table })
  return id
}
