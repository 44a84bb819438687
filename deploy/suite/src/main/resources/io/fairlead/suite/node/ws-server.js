// Echoes every message, compressed if the client offers it; to "via?" it answers which way the handshake came.
// Prints "port N" once it listens.
'use strict';
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: { threshold: 0 },
  handleProtocols: (offered) => (offered.has('chat.v2') ? 'chat.v2' : false),
});
server.on('listening', () => console.log(`port ${server.address().port}`));
server.on('connection', (socket, handshake) => {
  socket.on('message', (data, isBinary) => {
    const answer = !isBinary && data.toString() === 'via?' ? `via ${handshake.headers.via}` : data;
    socket.send(answer, { binary: isBinary });
  });
});
