// The server under test: started, spoken to and ended.
//
// Knows the ready line and HTTP/1.1 as bytes, so that a test may send what no well-behaved client
// would. Does not know what any route means.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

// The binary under test.
export const SERVER_BIN = process.env.SM_SERVER_BIN
  ?? join(import.meta.dirname, '../target/debug/session-manager');

// How long a start or an answer may take before the test gives up; far more than either needs.
const PATIENCE_MS = 20_000;

// Starts `command` (the server, alone or behind something like setpriv) with exactly `env`, and
// waits for its ready line.
export async function startServer({ env, cwd = '/', command = [SERVER_BIN] }) {
  const [program, ...words] = command;
  const child = spawn(program, words, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', text => { log += text; });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));

  const port = await readyPort(child, ended, () => log);
  const address = { host: '127.0.0.1', port };
  return {
    child,
    port,
    ended,
    log: () => log,
    request: (method, path, options) => request(address, method, path, options),
    raw: bytes => raw(address, bytes),
    get: path => request(address, 'GET', path),
    post: (path, body) => request(address, 'POST', path, { body }),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      const end = await ended;
      clearTimeout(timer);
      return end;
    },
  };
}

async function readyPort(child, ended, log) {
  const lines = createInterface({ input: child.stdout });
  const outcome = await Promise.race([
    once(lines, 'line').then(([line]) => ({ line })),
    once(child, 'error').then(([fault]) => ({ why: fault.message })),
    ended.then(end => ({ why: `it ended with ${JSON.stringify(end)}` })),
    after(PATIENCE_MS).then(() => ({ why: 'it printed no ready line in time' })),
  ]);
  if (outcome.line !== undefined) {
    const ready = JSON.parse(outcome.line);
    if (ready.ready === true && Number.isInteger(ready.port)) return ready.port;
    outcome.why = `its first line was ${outcome.line}`;
  }
  child.kill('SIGKILL');
  throw new Error(`the server did not start: ${outcome.why}\n${log()}`);
}

// One request on a connection of its own. `body` is sent as JSON, unless it is a string or a buffer
// already; `headers` are added to the usual ones, replace them, or with `undefined` take them away.
// The answer's `json` is undefined where its body is none.
export function request(address, method, path, { headers = {}, body } = {}) {
  const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
    ? body
    : JSON.stringify(body);
  const usual = bytes === undefined
    ? {}
    : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) };
  const sent = Object.fromEntries(
    Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== undefined),
  );
  return new Promise((done, fail) => {
    const outgoing = httpRequest({ ...address, method, path, headers: sent, agent: false }, async response => {
      try {
        const parts = [];
        for await (const part of response) parts.push(part);
        done({ status: response.statusCode, headers: response.headers, ...parsed(Buffer.concat(parts)) });
      } catch (fault) {
        fail(fault);
      }
    });
    outgoing.setTimeout(PATIENCE_MS * 3, () => outgoing.destroy(new Error(`no answer to ${method} ${path}`)));
    outgoing.on('error', fail);
    outgoing.end(bytes);
  });
}

// Sends bytes as they are and returns what comes back until the server closes the connection.
export function raw({ host, port }, bytes) {
  return new Promise((done, fail) => {
    const parts = [];
    const socket = connect(port, host, () => socket.write(bytes));
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('the server kept the connection open')));
    socket.on('data', part => parts.push(part));
    socket.on('error', fail);
    socket.on('close', () => {
      const text = Buffer.concat(parts).toString();
      const [head, rest = ''] = text.split(/\r\n\r\n(.*)/s);
      done({ status: Number(/^HTTP\/1\.[01] (\d+)/.exec(head)?.[1]), head, ...parsed(Buffer.from(rest)) });
    });
  });
}

function parsed(bytes) {
  const text = bytes.toString();
  try {
    return { text, json: JSON.parse(text) };
  } catch {
    return { text, json: undefined };
  }
}

const after = ms => new Promise(done => setTimeout(done, ms).unref());
