// A dozen sessions that are held at once.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { answers, assertUnbroken, start } from './session.mjs';

const NUMBER = 12;
// A start takes most of a processor for a second.
const AT_ONCE = 2;

describe(`${NUMBER} sessions are held`, () => {
  let world, server;
  const held = [];
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
  });
  after(() => world?.end());

  test('they are started, two at a time', async () => {
    while (held.length < NUMBER) {
      const few = Array.from({ length: AT_ONCE }, () => start(server, { cwd: world.work }));
      held.push(...await Promise.all(few));
    }
    assert.equal(new Set(held.map(({ id }) => id)).size, NUMBER);
    const { json } = await server.get('/sessions');
    assert.deepEqual(json.map(({ sessionId }) => sessionId).sort(), held.map(({ id }) => id).sort());
  });

  test('each has a turn at the same time, and gets its own answer', async () => {
    const said = await Promise.all(held.map((session, index) => session.say(`hold all answer ${index}`)));
    await until('all of them wait for the model', () => world.mock.steps.filter(({ name }) => name === 'all').length === NUMBER);
    const { json } = await server.get('/sessions');
    assert.deepEqual(json.map(({ state }) => state), Array(NUMBER).fill('working'));
    world.mock.release('all');
    for (const [index, session] of held.entries()) {
      assert.deepEqual(answers(await session.over(said[index].seq)), [`answer ${index}`]);
      assertUnbroken(await session.events());
    }
  });

  test('all ask at the same time, and each is answered by itself', async () => {
    const said = await Promise.all(held.map((session, index) => session.say(`bash touch file-${index} ;; say done ${index}`)));
    await until('all of them ask', async () => (await server.get('/approvals')).json.approvals.length === NUMBER);
    await Promise.all(held.map(async (session, index) => {
      const [approval, ...more] = await session.open();
      assert.deepEqual([approval.input.command, more.length], [`touch file-${index}`, 0]);
      await session.decided(approval, index % 2 === 0 ? 'allow' : 'deny');
    }));
    for (const [index, session] of held.entries()) {
      const events = await session.over(said[index].seq);
      assert.deepEqual(answers(events), [`done ${index}`]);
      assert.equal(events.find(({ type }) => type === 'tool_result').isError, index % 2 === 1);
    }
  });

  test('all are cancelled with one word', async () => {
    const { status, json } = await server.post(`/sessions/${held[0].id}/cancel`, { scope: 'all' });
    assert.equal(status, 200, JSON.stringify(json));
    assert.deepEqual([json.ok, json.sessions.length], [true, NUMBER]);
    await until('the list is empty', async () => (await server.get('/sessions')).json.length === 0);
    for (const session of held) assert.equal((await session.events()).at(-1).type, 'exit');
  });
});
