// A stand-in for the Anthropic Messages API on loopback, as far as Claude Code asks for it.
//
// Knows HTTP, the shape of an answer and of its event stream. What the model says comes from the
// prompt (script.mjs). Nothing is remembered between requests but what the test holds back.

import { createServer } from 'node:http';
import { once } from 'node:events';

import { nextStep } from './script.mjs';

// Starts the stand-in on a free port. `release(name)` lets a held answer go, now or whenever it is
// asked for; `steps` are those played so far.
export async function startMock({ stories } = {}) {
  const gates = new Map();
  const gate = name => {
    if (!gates.has(name)) gates.set(name, Promise.withResolvers?.() ?? withResolvers());
    return gates.get(name);
  };
  const steps = [];
  let count = 0;

  const server = createServer(async (request, response) => {
    const body = await json(request);
    if (request.method !== 'POST') return send(response, 200, { data: [], has_more: false });
    if (request.url.includes('count_tokens')) return send(response, 200, { input_tokens: 1000 });
    if (!request.url.startsWith('/v1/messages')) return send(response, 200, {});

    const step = nextStep(body, stories);
    steps.push(step);
    if (step.verb === 'fail') return send(response, step.status, failure(step.status));
    if (step.verb === 'hold') await Promise.race([gate(step.name).promise, once(response, 'close')]);
    count += 1;
    answer(response, message(count, body, step), body.stream === true);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    steps,
    release: name => gate(name).resolve(),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function message(count, { model }, step) {
  const content = step.verb === 'tool'
    ? { type: 'tool_use', id: `toolu_mock${count}`, name: step.name, input: step.input }
    : { type: 'text', text: step.text };
  return {
    id: `msg_mock${count}`, type: 'message', role: 'assistant', model, content: [content],
    stop_reason: step.verb === 'tool' ? 'tool_use' : 'end_turn', stop_sequence: null,
    usage: { input_tokens: 1000, output_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
  };
}

function answer(response, whole, streamed) {
  if (!streamed) return send(response, 200, whole);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${whole.id}` });
  const event = (type, rest) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);

  const [block] = whole.content;
  const [empty, delta] = block.type === 'text'
    ? [{ type: 'text', text: '' }, { type: 'text_delta', text: block.text }]
    : [{ ...block, input: {} }, { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }];
  event('message_start', { message: { ...whole, content: [], stop_reason: null } });
  event('content_block_start', { index: 0, content_block: empty });
  event('content_block_delta', { index: 0, delta });
  event('content_block_stop', { index: 0 });
  event('message_delta', {
    delta: { stop_reason: whole.stop_reason, stop_sequence: null },
    usage: { output_tokens: whole.usage.output_tokens },
  });
  event('message_stop', {});
  response.end();
}

const failure = status => ({ type: 'error', error: { type: 'api_error', message: `the test asked for ${status}` } });

function send(response, status, body) {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function json(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  try {
    return JSON.parse(Buffer.concat(parts).toString() || '{}');
  } catch {
    return {};
  }
}

// `Promise.withResolvers` came with Node 22.
function withResolvers() {
  let resolve;
  const promise = new Promise(done => { resolve = done; });
  return { promise, resolve };
}
