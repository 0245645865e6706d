// A session that the server holds, as a program that talks to it has it.
//
// Knows the routes and the events. Does not know what is right: a test asserts that.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { until } from '../claude/until.mjs';

// Starts a session with the body of `POST /sessions` and returns it; `server` may be replaced by the one that follows it.
export async function start(server, request) {
  const { status, json } = await server.post('/sessions', request);
  assert.equal(status, 201, JSON.stringify(json));
  return session(server, json);
}

// The session of this answer to a start.
export function session(server, { sessionId: id, pid, key }) {
  const post = (path, body = {}) => self.server.post(`/sessions/${id}/${path}`, body);
  const done = async (path, body) => {
    const { status, json } = await post(path, body);
    assert.equal(status, 200, `${path}: ${JSON.stringify(json)}`);
    return json;
  };
  const self = {
    server, id, pid, key, post, done,

    // Its row in the list, `undefined` where it has none.
    async row() {
      const { json } = await self.server.get('/sessions');
      return json.find(row => row.key === key);
    },

    // All events after this one.
    async events(after = 0) {
      const { status, text } = await self.server.get(`/sessions/${id}/output?after=${after}`);
      assert.equal(status, 200, text);
      return text.split('\n').filter(Boolean).map(line => JSON.parse(line));
    },
    // Waits for an event.
    event: (what, matches, after = 0, ms = undefined) =>
      until(`${what} of ${id}`, async () => (await self.events(after)).find(matches), ms),

    // Says something; what comes of it has higher numbers than `seq` of the answer.
    say: (text, more) => done('message', { text, ...more }),
    // The same, and waits for the end of the turn. Returns the turn's events.
    async turn(text, more) {
      const { seq } = await self.say(text, more);
      return self.over(seq);
    },
    // Waits for the end of the turn that goes on after this event, and returns what followed.
    async over(seq, ms) {
      const { seq: end } = await self.event('the end of a turn', ({ type }) => type === 'usage', seq, ms);
      return (await self.events(seq)).filter(event => event.seq <= end);
    },
    // Waits until it has nothing to do.
    idle: () => until(`${id} is idle`, async () => (await self.row())?.state === 'idle'),

    // What it asks a person at the moment, oldest first.
    async open() {
      const { json } = await self.server.get('/approvals');
      return json.approvals.filter(approval => approval.sessionId === id);
    },
    // Waits until it asks for something.
    asked: (matches = () => true) =>
      until(`${id} asks`, async () => (await self.open()).find(matches)),
    decide: (approval, decision, more) =>
      self.server.post(`/approvals/${approval.id}`, { sessionId: id, decision, ...more }),
    // The same where it has to succeed.
    async decided(approval, decision, more) {
      const { status, json } = await self.decide(approval, decision, more);
      assert.equal(status, 200, JSON.stringify(json));
      assert.deepEqual([json.ok, json.id, json.sessionId, json.outcome, json.by], [true, approval.id, id, decision, 'person']);
      return json;
    },
  };
  return self;
}

// What was answered in these events, in order.
export const answers = events => events.filter(({ type, thinking }) => type === 'assistant' && !thinking).map(({ text }) => text);

// The results of tools in these events.
export const results = events => events.filter(({ type }) => type === 'tool_result');

// Numbers that grow by one from the first to the last.
export function assertUnbroken(events) {
  const numbers = events.map(({ seq }) => seq);
  assert.deepEqual(numbers, numbers.map((_, index) => numbers[0] + index));
}

// There is one decision of each approval, and none of anything else.
export function assertDecidedOnce(events) {
  const named = type => events.filter(event => event.type === type).map(event => event.requestId).sort();
  assert.deepEqual(named('decision'), named('approval'));
}

// What model and tools said, by the ids of the transcript's lines.
export function saidIn(events) {
  return events
    .filter(({ type, parent }) => ['assistant', 'tool', 'tool_result'].includes(type) && !parent)
    .map(({ uuid }) => uuid);
}

// The same by the transcript.
export async function saidInTranscript(world, { id }) {
  const text = await readFile(await world.transcriptOf(id), 'utf8');
  const lines = text.split('\n').filter(Boolean).map(line => JSON.parse(line));
  const isSaid = ({ type, isSidechain, message }) => !isSidechain && (type === 'assistant'
    || (type === 'user' && Array.isArray(message?.content) && message.content.some(part => part.type === 'tool_result')));
  return lines.filter(isSaid).map(({ uuid }) => uuid);
}
