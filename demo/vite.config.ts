import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const repository = fileURLToPath(new URL('..', import.meta.url))

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  cacheDir: `${repository}.cache/vite-demo`,
  plugins: [react()],
  worker: { format: 'es' },
  build: { outDir: `${repository}.cache/demo`, emptyOutDir: true, target: 'es2022' },
  resolve: {
    alias: [
      { find: /^partyline$/, replacement: `${repository}src/client/index.ts` },
      { find: /^partyline\/worker$/, replacement: `${repository}src/worker/index.ts` },
      { find: /^partyline\/worker\/socket-io$/, replacement: `${repository}src/worker/transports/socket-io.ts` },
    ],
  },
  server: { fs: { allow: [repository] } },
  // All of them named: one found later would make Vite reload, and it has no socket to say so (see server/page.mjs).
  optimizeDeps: {
    noDiscovery: true,
    include: ['react', 'react-dom/client', 'react/jsx-runtime', 'react/jsx-dev-runtime', 'comlink', 'socket.io-client'],
  },
})
