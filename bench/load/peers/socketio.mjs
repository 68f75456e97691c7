// Hands what a socket in /publish sends to every socket in the default namespace. Arguments: host, port.

import { createServer } from 'node:http'
import { Server } from 'socket.io'

const [host, port] = process.argv.slice(2)
const http = createServer()
const io = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
  pingInterval: 3600_000, // nobody would answer
  serveClient: false,
  cleanupEmptyChildNamespaces: false,
})

io.of('/publish').on('connection', (socket) => {
  socket.on('send', (message, done) => {
    io.emit('message', message)
    done()
  })
})

http.listen(Number(port), host, 4096)
