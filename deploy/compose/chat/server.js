// A node of Socket.IO, with a page: says who it is, and gives back what it is told. PORT and HOST in the environment; 3000 and all.
'use strict';
const fs = require('fs');
const http = require('http');
const os = require('os');
const { Server } = require('socket.io');

const page = fs.readFileSync(`${__dirname}/index.html`);
const server = http.createServer((request, response) => {
  const found = request.url === '/';
  response.writeHead(found ? 200 : 404, { 'Content-Type': 'text/html;charset=utf-8' }).end(found ? page : undefined);
});
const io = new Server(server);
const name = () => `${os.hostname()}:${server.address().port}`;

io.on('connection', (socket) => {
  socket.emit('node', name());
  socket.on('say', (text, done) => done(`${name()} heard: ${text}`));
});

server.listen(process.env.PORT || 3000, process.env.HOST, () => console.log(`port ${server.address().port}`));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => io.close(() => process.exit(0)));
