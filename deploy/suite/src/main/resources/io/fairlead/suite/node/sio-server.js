// usage: sio-server.js MODULE PATH [allowEIO3]. Socket.IO of the version that MODULE names: acknowledges "echo", "where" (its
// port) and "join", passes "say" on to those who joined the same room, once it has a way to each of them. Prints "port N"
// once it listens.
'use strict';
const http = require('http');

const [module_, path, option] = process.argv.slice(2);
const server = http.createServer();
// Pings would end a poll that waits, as only a message is to do here.
const io = require(module_)(server, {
  path,
  pingInterval: 60_000,
  pingTimeout: 60_000,
  maxHttpBufferSize: 5_000_000,
  allowEIO3: option === 'allowEIO3',
});
const rooms = new Map();

// A poll waits, or a websocket is open.
function reachable(socket) {
  return socket.conn.transport.writable;
}

function say(room, text) {
  if (![...rooms.get(room)].every(reachable)) {
    setTimeout(say, 5, room, text);
    return;
  }
  io.in(room).emit('said', text);
}

io.on('connection', (socket) => {
  console.log(`connected by ${socket.conn.transport.name}`);
  socket.on('echo', (data, done) => done(data, socket.conn.transport.name));
  socket.on('where', (done) => done(server.address().port));
  socket.on('join', (room, done) => {
    socket.join(room);
    rooms.set(room, (rooms.get(room) || new Set()).add(socket));
    done();
  });
  socket.on('say', say);
  socket.on('disconnect', (reason) => {
    console.log(`disconnected: ${reason}`);
    rooms.forEach((members) => members.delete(socket));
  });
});
server.prependListener('upgrade', (request) => console.log(`upgrade ${request.url}`));
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
