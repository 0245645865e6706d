// The page without CloudCLI: a stand-in for the host's api object.
//
// Knows the members that the page uses: context, onContextChange and rpc, and liveUrl, which the host has not: it
// has the page work out its own way to the feed. Does not know what the page asks. Errors are worded as the host words them, so that the page understands both alike.

import { mount } from '/index.js';

const CHOICE = 'session-manager-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set();

// A browser may forbid storage; then the choice lasts as long as the page.
let choice = null;
try { choice = localStorage.getItem(CHOICE); } catch { /* Nothing was kept. */ }

function theme() {
  return choice ?? (dark.matches ? 'dark' : 'light');
}

function context() {
  return { theme: theme(), project: null, session: null };
}

function changed() {
  document.documentElement.classList.toggle('dark', theme() === 'dark');
  for (const listener of listeners) listener(context());
}

const api = {
  liveUrl: () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
  get context() { return context(); },
  onContextChange(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  async rpc(method, path, body) {
    const request = { method, cache: 'no-store' };
    if (body !== undefined) {
      request.headers = { 'content-type': 'application/json' };
      request.body = JSON.stringify(body);
    }
    const answer = await fetch(path, request);
    if (!answer.ok) throw new Error(`RPC error ${answer.status}`);
    return answer.json();
  },
};

dark.addEventListener('change', changed);
document.getElementById('theme').addEventListener('click', () => {
  choice = theme() === 'dark' ? 'light' : 'dark';
  try { localStorage.setItem(CHOICE, choice); } catch { /* It lasts as long as the page. */ }
  changed();
});
changed();

const container = document.getElementById('page');
try {
  await mount(container, api);
} catch (error) {
  container.textContent = `The page could not be started: ${error.message ?? error}`;
}
