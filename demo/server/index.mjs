export { createDemoServer } from './demo-server.mjs'
