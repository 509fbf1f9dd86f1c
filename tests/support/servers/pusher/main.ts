import { startPusherServer } from './pusher-server.ts'

/** `npm run server:pusher -- [--port 0]` */
export async function start(options: { readonly port: number }) {
  const { url, port, app, close } = await startPusherServer({ port: options.port })
  const client = `wsHost: '127.0.0.1', wsPort: ${port}, forceTLS: false, cluster: ''`
  const lines = [
    `Pusher protocol: ${url}`,
    `  pusher-js: new Pusher('${app.key}', { ${client} })`,
    `  pusher:    new Pusher({ appId: '${app.id}', key: '${app.key}', secret: '${app.secret}', host: '127.0.0.1', port: '${port}' })`,
    `  auth:      ${url}/pusher/auth, ${url}/pusher/user-auth`,
  ]
  return { lines, close }
}
