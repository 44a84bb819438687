// usage: driver-server.js. websocket-driver echoes every message. Prints "port N" once it listens.
'use strict';
const http = require('http');
const driver = require('websocket-driver');

const server = http.createServer((request, response) => {
  response.writeHead(404);
  response.end('no such thing');
});
server.on('upgrade', (request, socket, head) => {
  console.log(`upgrade ${request.url} ${JSON.stringify(request.headers)}`);
  const peer = driver.http(request, {});
  peer.io.write(head);
  socket.pipe(peer.io).pipe(socket);
  socket.setNoDelay(true);
  socket.on('error', (error) => console.log('socket', error));
  peer.on('error', (error) => console.log('driver', error));
  peer.on('open', () => console.log(`speaks ${peer.version}`));
  peer.on('close', () => socket.end());
  peer.messages.on('data', (message) => peer.messages.write(message));
  peer.start();
});
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
