const life = crypto.randomUUID()

addEventListener('connect', ({ ports: [port] }) => {
  port.addEventListener('message', ({ data: question }) => port.postMessage({ question, life }))
  port.start()
})
