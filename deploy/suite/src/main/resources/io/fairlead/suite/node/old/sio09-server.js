// usage, on Node 0.10: sio09-server.js. Socket.IO 0.9: greets with the transport's name, acknowledges "echo" and "join",
// passes "say" on to those who joined the same room, once it has a way to each of them. Prints "port N" once it listens.
'use strict';
var http = require('http');

var server = http.createServer(function (request, response) {
  response.writeHead(404);
  response.end('no such thing');
});
var io = require('socket.io-0.9').listen(server, {
  'log level': 1,
  transports: ['websocket', 'htmlfile', 'xhr-polling', 'jsonp-polling'],
  // Only a message is to end a poll.
  'polling duration': 60,
  'heartbeat interval': 60,
  'heartbeat timeout': 90,
});
// After Socket.IO, which takes over the listeners it finds.
['request', 'upgrade'].forEach(function (event) {
  server.on(event, function (request) {
    console.log(event + ' ' + request.method + ' ' + request.url);
  });
});

// A poll waits, a page is being sent, or a websocket is open.
function reachable(socket) {
  return io.transports[socket.id] && io.transports[socket.id].open;
}

function say(room, text) {
  if (!io.sockets.clients(room).every(reachable)) {
    setTimeout(say, 5, room, text);
    return;
  }
  io.sockets.in(room).emit('said', text);
}

io.sockets.on('connection', function (socket) {
  socket.emit('welcome', io.transports[socket.id].name);
  socket.on('echo', function (text, done) {
    done(text);
  });
  socket.on('join', function (room, done) {
    socket.join(room);
    done();
  });
  socket.on('say', say);
  socket.on('disconnect', function (reason) {
    console.log('disconnected: ' + reason);
  });
});
server.listen(0, '127.0.0.1', function () {
  console.log('port ' + server.address().port);
});
