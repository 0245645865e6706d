// A stand-in for the server: the sessions that a test puts into it, each with its events, over HTTP.
//
// Knows the routes that client.js uses and the format of their streams, and breaks connections where the test says
// so. Does not know Claude Code.

import { once } from 'node:events';
import { createServer } from 'node:http';

// Starts the stand-in. `sessions` maps ids to logs; `asked` are the requests so far, each `{method, path, headers,
// body}`; `answers` maps `METHOD /path` to `[status, body]` or a function of the body that returns that.
export async function startStandIn() {
  const sessions = new Map();
  const answers = new Map();
  const asked = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    const body = text === '' ? undefined : JSON.parse(text);
    const { method, headers } = request;
    const { pathname, searchParams } = new URL(request.url, 'http://stand.in');
    asked.push({ method, path: request.url, headers, body });
    const [, id, verb] = /^\/sessions\/([^/]+)\/(\w+)$/.exec(pathname) ?? [];
    const answer = answers.get(`${method} ${pathname}`);
    if (answer !== undefined) return send(response, ...(typeof answer === 'function' ? await answer(body) : answer));
    if (verb !== 'output') return send(response, 404, failure('not_found', 'There is nothing here.'));
    const log = sessions.get(id);
    if (log === undefined) return send(response, 404, failure('no_conversation', 'No such session.'));
    const after = Number(headers['last-event-id'] ?? searchParams.get('after'));
    if (searchParams.get('follow') === '1') return log.follow(response, after);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.end(log.events.filter(({ seq }) => seq > after).map(event => `${JSON.stringify(event)}\n`).join(''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked,
    answers,
    session(id) {
      const log = makeLog(id);
      sessions.set(id, log);
      return log;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

// The log of one session. `push` adds events, numbered where they have no number; `become` has them told from another
// list from now on, whose name is `numbering`; `cut` breaks every stream off, in the middle of a message where
// `halfway` says so; `lose` leaves every one open without a further word; `beat` is the sign of life of one without
// news; `resend` makes each new stream begin so many events too early; `refuse` are the answers to the next ones;
// `end` ends it. `left` counts the streams that clients have left.
function makeLog(sessionId) {
  const streams = new Set();
  let ended = null;
  const tell = (stream, events) => write(stream, { type: 'events', sessionId, events, numbering: log.numbering });
  const log = {
    events: [],
    numbering: undefined,
    resend: 0,
    connections: 0,
    left: 0,
    open: () => streams.size,
    refuse: [],
    push(...events) {
      const first = (log.events.at(-1)?.seq ?? 0) + 1;
      const numbered = events.map((event, index) => ({ seq: first + index, at: 1_795_225_772_500, ...event }));
      log.events.push(...numbered);
      for (const stream of streams) tell(stream, numbered);
    },
    become(numbering, ...events) {
      log.numbering = numbering;
      log.events.length = 0;
      log.cut();
      log.push(...events);
    },
    lose: () => streams.clear(),
    beat() {
      for (const stream of streams) stream.write(':\n\n');
    },
    delta(text) {
      for (const stream of streams) write(stream, { type: 'delta', sessionId, delta: { kind: 'text', text, index: 0 } });
    },
    cut({ halfway = false } = {}) {
      for (const stream of streams) {
        if (!halfway) {
          stream.end();
          continue;
        }
        const message = frame({ type: 'events', sessionId, events: [{ seq: log.events.length, at: 0, type: 'user', text: 'half' }] });
        // What was written leaves first; a reset would take it along.
        stream.write(message.slice(0, message.length - 20), () => stream.destroy());
      }
      streams.clear();
    },
    end(reason = null) {
      ended = { type: 'end', sessionId, reason };
      for (const stream of streams) finish(stream, ended);
      streams.clear();
    },
    follow(response, after) {
      log.connections += 1;
      const refusal = log.refuse.shift();
      if (refusal !== undefined) return send(response, ...refusal);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('retry: 20\n\n:\n\n');
      const last = log.events.at(-1)?.seq ?? 0;
      // A number that was never given is one of another list.
      const from = after > last ? 0 : after - log.resend;
      const first = log.events.filter(({ seq }) => seq > from);
      // In two messages, so that a stream may break between what is old.
      const half = Math.ceil(first.length / 2);
      for (const events of [first.slice(0, half), first.slice(half)]) {
        if (events.length > 0) tell(response, events);
      }
      write(response, { type: 'caught', sessionId, seq: last, numbering: log.numbering });
      if (ended !== null) return finish(response, ended);
      streams.add(response);
      response.on('close', () => {
        streams.delete(response);
        if (!response.writableEnded) log.left += 1;
      });
    },
  };
  return log;
}

function frame(part) {
  const id = part.type === 'events' ? `id: ${part.events.at(-1).seq}\n` : '';
  return `${id}event: ${part.type}\ndata: ${JSON.stringify(part)}\n\n`;
}

const write = (stream, part) => stream.write(frame(part));
const finish = (stream, part) => stream.end(frame(part));

export const failure = (code, error, more = {}) => ({ ok: false, error, code, ...more });

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
