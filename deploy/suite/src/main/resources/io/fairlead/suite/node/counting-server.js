// usage: counting-server.js PORT. Answers every request after 10 ms, and echoes what WebSockets say; both say in X-Backend who
// it was. GET /-/counts: what it was asked for so far, besides this. GET /-/slow/N: from now on after N ms.
// Prints "port N" once it listens.
'use strict';
const http = require('http');
const { WebSocketServer } = require('ws');

const port = +process.argv[2];
const counts = { requests: 0, handshakes: 0 };
let delay = 10;

const server = http.createServer((request, response) => {
  const [, control, value] = /^\/-\/(\w+)\/?(\d*)$/.exec(request.url) || [];
  if (control) {
    delay = control === 'slow' ? +value : delay;
    response.end(JSON.stringify(counts));
    return;
  }
  counts.requests++;
  request.resume();
  setTimeout(() => response.writeHead(200, { 'X-Backend': port }).end('well'), delay);
});
const sockets = new WebSocketServer({ noServer: true });
sockets.on('headers', (headers) => headers.push(`X-Backend: ${port}`));
server.on('upgrade', (request, socket, head) => {
  counts.handshakes++;
  setTimeout(() => sockets.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
  }), delay);
});
server.listen(port, '127.0.0.1', () => console.log(`port ${port}`));
