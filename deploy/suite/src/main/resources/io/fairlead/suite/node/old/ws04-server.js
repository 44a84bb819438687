// usage, on Node 0.10: ws04-server.js. ws 0.4 echoes every message. Prints "port N" once it listens.
'use strict';
var http = require('http');
var WebSocketServer = require('ws-0.4').Server;

var server = http.createServer(function (request, response) {
  response.writeHead(404);
  response.end('no such thing');
});
server.on('upgrade', function (request) {
  console.log('upgrade ' + request.url + ' ' + JSON.stringify(request.headers));
});
new WebSocketServer({ server: server }).on('connection', function (socket) {
  console.log('speaks ' + socket.protocolVersion);
  socket.on('message', function (data, flags) {
    socket.send(data, { binary: flags.binary });
  });
  socket.on('close', function (code, reason) {
    console.log('closed ' + code + ' ' + reason);
  });
});
server.listen(0, '127.0.0.1', function () {
  console.log('port ' + server.address().port);
});
