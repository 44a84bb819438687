// usage, on Node 0.10: sio09-client.js ORIGIN RESOURCE TRANSPORT,TRANSPORT WANTED. Clients of Socket.IO 0.9 that may use
// some transports talk to the server and to each other by the WANTED one; prints the transports they tried, and "ok".
// NODE_EXTRA_CA_CERTS is a file with the certificate they trust.
'use strict';
var assert = require('assert');
var fs = require('fs');
var https = require('https');
var io = require('socket.io-client-0.9');

var origin = process.argv[2];
var resource = process.argv[3];
var transports = process.argv[4].split(',');
var wanted = process.argv[5];
var room = 'room of ' + process.pid;
var step = 'connecting';

function fail(reason) {
  console.error('while ' + step + ': ' + ((reason && reason.stack) || reason));
  process.exit(1);
}
process.on('uncaughtException', fail);
setTimeout(fail, 20000, 'nothing more came within 20 s');

if (process.env.NODE_EXTRA_CA_CERTS) {
  // Node 0.10 does not know the variable.
  https.globalAgent.options.ca = fs.readFileSync(process.env.NODE_EXTRA_CA_CERTS);
}
io.transports.splice(0, io.transports.length);
io.transports.push.apply(io.transports, transports);

function connect(done) {
  var socket = io.connect(origin, {
    resource: resource,
    'force new connection': true,
    reconnect: false,
    'connect timeout': 1000,
    'try multiple transports': true,
  });
  socket.on('connecting', function (transport) {
    console.log('tries ' + transport);
  });
  socket.on('connect_failed', function () {
    fail('connect_failed');
  });
  socket.on('error', function (error) {
    if (transports.length === 1) {
      fail(error);
    }
    console.log('error', error);
  });
  socket.on('disconnect', function (reason) {
    fail('disconnected: ' + reason);
  });
  socket.on('welcome', function (transport) {
    assert.strictEqual(transport, wanted);
    done(socket);
  });
}

// Has each of some tasks done, all at a time, then calls done with the results.
function all(tasks, done) {
  var results = [];
  var left = tasks.length;
  tasks.forEach(function (task, i) {
    task(function (result) {
      results[i] = result;
      if (--left === 0) {
        done(results);
      }
    });
  });
}

function echo(socket, texts, done) {
  if (texts.length === 0) {
    done();
    return;
  }
  step = 'echoing ' + texts[0].slice(0, 40);
  socket.emit('echo', texts[0], function (back) {
    assert.ok(back === texts[0], 'a text of ' + texts[0].length + ' came back changed');
    echo(socket, texts.slice(1), done);
  });
}

function comment(speaker, hearers, text, done) {
  step = 'hearing ' + text;
  all(
    hearers.map(function (hearer) {
      return hearer.once.bind(hearer, 'said');
    }),
    function (heard) {
      heard.forEach(function (said) {
        assert.strictEqual(said, text);
      });
      done();
    });
  speaker.emit('say', room, text);
}

all([connect, connect, connect], function (clients) {
  var one = clients[0];
  var two = clients[1];
  var stranger = clients[2];
  stranger.on('said', function (text) {
    fail('one who has not joined heard ' + text);
  });
  // The server takes the chunks of a POST for characters of their own, so what is long is ASCII.
  echo(one, ['', 'äöü ☃', new Array(1200001).join('x')], function () {
    step = 'joining';
    all([one.emit.bind(one, 'join', room), two.emit.bind(two, 'join', room)], function () {
      comment(one, [one, two], 'from one', function () {
        comment(two, [one, two], 'from two', function () {
          echo(stranger, ['all that was sent before this has come'], function () {
            console.log('ok');
            process.exit(0);
          });
        });
      });
    });
  });
});
