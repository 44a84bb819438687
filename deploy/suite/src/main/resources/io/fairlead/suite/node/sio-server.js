// Socket.IO: acknowledges "echo", passes "say" on to everybody. Prints "port N" once it listens.
'use strict';
const http = require('http');
const { Server } = require('socket.io');

const server = http.createServer();
const io = new Server(server, { path: process.argv[2] || '/socket.io/' });
io.on('connection', (socket) => {
  socket.on('echo', (data, done) => done(data, socket.conn.transport.name));
  socket.on('say', (text) => io.emit('said', text));
});
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
