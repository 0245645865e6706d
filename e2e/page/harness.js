// A stand-in for the host, inside the browser: it imports the page from a blob, as the host does, and answers
// its calls from `answers`, which a test fills. An answer is a value, a list of values used one after the other
// (`$each`), the words of a failure (`$error`), or one that waits for `release` (`$hold`).
//
// The server's feed is a stand-in too, where a test sets `liveUrl`: each socket that the page opens is in `sockets`,
// and the test says what the server sends on it.

const container = document.getElementById('container');
const listeners = new Set();
const held = [];
let current = { theme: 'dark', project: null, session: null };

window.calls = [];
window.answers = {};
window.listeners = listeners;

function answer(value) {
  if (value?.$each) return answer(value.$each.length > 1 ? value.$each.shift() : value.$each[0]);
  if (value?.$error) throw new Error(value.$error);
  if (value?.$hold) return new Promise(resolve => held.push(() => resolve(answer(value.$hold))));
  if (value === undefined) throw new Error('RPC error 404');
  return structuredClone(value);
}

class Socket extends EventTarget {
  readyState = WebSocket.CONNECTING;
  // What the page has said on it.
  heard = [];

  constructor(url) {
    super();
    this.url = url;
    window.sockets.push(this);
    if (window.refuses) queueMicrotask(() => this.end(window.refuses));
  }

  say(...frames) {
    this.readyState = WebSocket.OPEN;
    for (const frame of frames) {
      const data = typeof frame === 'string' ? frame : JSON.stringify(frame);
      this.dispatchEvent(new MessageEvent('message', { data }));
    }
  }

  send(text) {
    this.heard.push(JSON.parse(text));
  }

  // The end that comes from the server, or from the way to it.
  end(code) {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.dispatchEvent(new CloseEvent('close', { code }));
  }

  close() {
    this.readyState = WebSocket.CLOSED;
    this.left = true;
  }
}
for (const name of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']) Socket[name] = WebSocket[name];

window.sockets = [];
window.refuses = null;
window.liveUrl = null;
// The socket of the browser stays where no stand-in is wanted.
window.standIn = url => {
  window.liveUrl = url;
  window.WebSocket = Socket;
};

const api = {
  liveUrl: () => window.liveUrl,
  get context() { return current; },
  onContextChange(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  async rpc(method, path, body) {
    window.calls.push({ method, path, body });
    const [route, query] = path.split('?');
    if (!query?.split('&').includes('soft=1')) throw new Error(`${path} does not ask for soft errors`);
    const asked = new URLSearchParams(query);
    const scope = asked.get('scope');
    const dry = body?.dryRun ? ' dry' : '';
    // Of a conversation the end is read first: there is nothing yet, where a test says nothing else.
    const back = asked.has('limit') && route.endsWith('/output') ? ' back' : '';
    const told = window.answers[`${method} ${route}${scope ? ` ${scope}` : ''}${dry}${back}`];
    return answer(told ?? (back ? { events: [] } : undefined));
  },
};

window.release = () => held.splice(0).forEach(go => go());

window.surround = changes => {
  current = { ...current, ...changes };
  document.documentElement.classList.toggle('dark', current.theme === 'dark');
  for (const listener of [...listeners]) listener(current);
};

window.load = async () => {
  const source = await (await fetch('/index.js')).text();
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
};

window.show = async () => {
  window.plugin = await window.load();
  await window.plugin.mount(container, api);
};

window.api = api;
window.surround({});
window.ready = true;
