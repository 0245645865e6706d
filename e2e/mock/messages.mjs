// A stand-in for the Anthropic Messages API on loopback, as far as Claude Code asks for it.
//
// Knows HTTP, the shape of an answer and of its event stream. What the model says comes from the
// prompt (script.mjs). Nothing is remembered between requests but what the test holds back.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { nextStep } from './script.mjs';

// How long the model takes for a word where it is to go on for a while.
const WORD_MS = 200;

// Starts the stand-in on a free port. `release(name)` lets a held answer go, now or whenever it is
// asked for; `steps` are those played so far, each with the Unix milliseconds `at` which it was asked
// for, `shownAt` which all that comes before a release was sent, and `endedAt` which it was answered;
// `results` are what the tools gave that were called before it, `model` and `effort` what was asked of it.
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

    const asked = { model: body.model, effort: body.output_config?.effort ?? null };
    const step = { ...nextStep(body, stories), ...asked, results: resultsIn(body), at: Date.now(), shownAt: null, endedAt: null };
    steps.push(step);
    response.on('close', () => { step.endedAt = Date.now(); });
    if (step.verb === 'fail') return send(response, step.status, failure(step.status));
    // Says words until the step is released, or none where `say` is not given.
    const rest = async say => {
      const over = Promise.race([gate(step.name).promise, once(response, 'close')]).then(() => true);
      do {
        say?.();
        step.shownAt ??= Date.now();
      } while (!await (say ? Promise.race([over, sleep(WORD_MS)]) : over));
    };
    if (step.verb === 'hold') await rest();
    count += 1;
    await answer(response, message(count, body, step), body.stream === true, { rest, block: RESTS_IN[step.verb] });
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

// The results of tools in the last message, as text.
function resultsIn({ messages = [] }) {
  const content = messages.at(-1)?.content;
  const results = Array.isArray(content) ? content.filter(({ type }) => type === 'tool_result') : [];
  return results.map(({ content: text }) => typeof text === 'string' ? text : (text ?? []).map(part => part.text ?? '').join(''));
}

function message(count, { model }, step) {
  const text = { type: 'text', text: step.text };
  const content = {
    tools: () => step.calls.map((call, index) => ({ type: 'tool_use', id: `toolu_mock${count}_${index}`, ...call })),
    think: () => [{ type: 'thinking', thinking: 'Let me see.', signature: 'bW9jaw==' }, text],
  }[step.verb] ?? (() => [text]);
  return {
    id: `msg_mock${count}`, type: 'message', role: 'assistant', model, content: content(),
    stop_reason: step.verb === 'tools' ? 'tool_use' : 'end_turn', stop_sequence: null,
    usage: { input_tokens: 1000, output_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
  };
}

// The block in which a step rests, saying words, until the test releases it.
const RESTS_IN = { stream: 'text', think: 'thinking' };

async function answer(response, whole, streamed, pause) {
  if (!streamed) return send(response, 200, whole);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${whole.id}` });
  const event = (type, more) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`);

  event('message_start', { message: { ...whole, content: [], stop_reason: null } });
  for (const [index, block] of whole.content.entries()) {
    const delta = part => event('content_block_delta', { index, delta: part });
    event('content_block_start', { index, content_block: { ...block, ...HOLLOW[block.type] } });
    if (block.type === pause.block) await pause.rest(() => delta(deltas[block.type]({ ...block, ...WORD })[0]));
    deltas[block.type](block).forEach(delta);
    event('content_block_stop', { index });
  }
  event('message_delta', {
    delta: { stop_reason: whole.stop_reason, stop_sequence: null },
    usage: { output_tokens: whole.usage.output_tokens },
  });
  event('message_stop', {});
  response.end();
}

// A block before its first delta.
const HOLLOW = { text: { text: '' }, thinking: { thinking: '', signature: '' }, tool_use: { input: {} } };

const deltas = {
  text: ({ text }) => [{ type: 'text_delta', text }],
  thinking: ({ thinking, signature }) => [{ type: 'thinking_delta', thinking }, { type: 'signature_delta', signature }],
  tool_use: ({ input }) => [{ type: 'input_json_delta', partial_json: JSON.stringify(input) }],
};

// What is said while a block rests.
const WORD = { text: 'word ', thinking: 'hm ' };

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
