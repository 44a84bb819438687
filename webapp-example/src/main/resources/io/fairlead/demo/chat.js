'use strict';

const at = (id) => document.getElementById(id);
const door = at('door');
const room = at('room');
const log = at('log');
const comment = at('comment');
const state = at('state');
const MOST_LINES = 500;

let socket = null;
let refusal = '';

door.addEventListener('submit', (event) => {
  event.preventDefault();
  if (socket) return;
  const url = new URL('chat', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  socket = new WebSocket(url);
  refusal = '';
  state.textContent = 'Connecting…';
  socket.addEventListener('open', () => socket.send(at('name').value));
  socket.addEventListener('message', (message) => receive(message.data));
  socket.addEventListener('close', (close) => leave(close));
});

at('say').addEventListener('submit', (event) => {
  event.preventDefault();
  if (!comment.value.trim() || socket?.readyState !== WebSocket.OPEN) return;
  socket.send(comment.value);
  comment.value = '';
});

// A message is a kind, a name and a text, with a line feed between them.
function receive(data) {
  const [kind, name, ...rest] = data.split('\n');
  const text = rest.join('\n');
  if (kind === 'welcome') {
    door.hidden = true;
    room.hidden = false;
    state.textContent = `You are ${name}.`;
    news(text ? `Here already: ${text}` : 'Nobody else is here yet.');
    comment.focus();
  } else if (kind === 'say') {
    const who = document.createElement('b');
    who.textContent = `${name}: `;
    const line = document.createElement('li');
    line.append(who, text);
    add(line);
  } else if (kind === 'join') {
    news(`${name} came in.`);
  } else if (kind === 'leave') {
    news(`${name} left.`);
  } else if (kind === 'note') {
    state.textContent = text;
    if (room.hidden) {
      refusal = text;
      socket.close();
    }
  }
}

function leave(close) {
  socket = null;
  room.hidden = true;
  door.hidden = false;
  state.textContent = refusal || `Disconnected${close.reason ? `: ${close.reason}` : ''}.`;
  at('name').focus();
}

function news(text) {
  const line = document.createElement('li');
  line.className = 'news';
  line.textContent = text;
  add(line);
}

// Stays at the end of the log unless the reader has scrolled up.
function add(line) {
  const following = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(line);
  while (log.childElementCount > MOST_LINES) log.firstElementChild.remove();
  if (following) log.scrollTop = log.scrollHeight;
}
