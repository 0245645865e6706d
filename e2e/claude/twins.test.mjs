// Two processes on one conversation: told apart in the list, not made by a resume, and the way around.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { gone, rowOf, rowsOf, settled } from './listing.mjs';
import { commandOf, keyOf, startedAt } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

describe('twins', () => {
  let world, server, first, second;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    first = await world.session();
    await first.say('say in the beginning');
    await first.shows('● in the beginning');
    await settled(server, first.pid, 'idle');
  });
  after(() => world?.end());

  const resume = body => server.post('/sessions/resume', { sessionId: first.sessionId, ...body });
  const twinsOf = async pid => (await rowOf(server, pid)).twinOf;
  const exit = async ({ pid, key }) => {
    const { json } = await server.post(`/sessions/${pid}/kill`, { key, graceMs: 30_000 });
    assert.equal(json.outcome, 'exited');
    await gone(server, pid);
  };

  test('a session alone is nobody\'s twin', async () => {
    assert.deepEqual(await twinsOf(first.pid), []);
  });

  test('its conversation resumed in a second terminal, both rows name each other', async () => {
    // Nothing in Claude Code keeps anybody from doing so.
    second = await world.session(['--resume', first.sessionId]);
    assert.equal(second.sessionId, first.sessionId);
    await settled(server, second.pid, 'idle');
    assert.deepEqual(await twinsOf(first.pid), [second.key]);
    assert.deepEqual(await twinsOf(second.pid), [first.key]);
    const others = (await rowsOf(server)).filter(({ sessionId }) => sessionId !== first.sessionId);
    assert.deepEqual(others.filter(({ twinOf }) => twinOf.length > 0), []);
  });

  test('a third in the same directory with a conversation of its own is no twin', async () => {
    const third = await world.session();
    assert.deepEqual(await twinsOf(third.pid), []);
    assert.deepEqual(await twinsOf(first.pid), [second.key]);
    await exit(third);
  });

  test('a resume is refused, and names a process, what holds it and how old it is', async () => {
    const { status, json } = await resume();
    assert.deepEqual([status, json.ok, json.code], [409, false, 'live']);
    const live = [first, second].find(({ pid }) => pid === json.pid);
    assert.equal(json.key, live.key);
    assert.match(json.error, /fork/);
    const { type, session, attach } = json.holder;
    assert.deepEqual({ type, session }, { type: 'tmux', session: live.name });
    assert.match(attach, /^tmux .*attach/);
    const ageSec = (Date.now() - startedAt(json.pid)) / 1000;
    assert.ok(Math.abs(json.ageSec - ageSec) < 10, `ageSec ${json.ageSec}, in truth ${ageSec}`);
    assert.equal((await rowsOf(server)).filter(({ sessionId }) => sessionId === first.sessionId).length, 2);
  });

  test('with "fork" it goes on as a conversation of its own, and the old one stays as it is', async () => {
    const path = await world.transcriptOf(first.sessionId);
    const before = await readFile(path, 'utf8');
    const { status, json } = await resume({ fork: true });
    assert.equal(status, 200, JSON.stringify(json));
    const { pid, key, sessionId, holder } = json;
    assert.equal(json.ok, true);
    assert.equal(key, keyOf(pid));
    assert.equal(holder.type, 'tmux');
    assert.ok(commandOf(pid).includes('--fork-session'));
    assert.notEqual(sessionId, first.sessionId);

    const row = await settled(server, pid, 'idle');
    assert.deepEqual([row.sessionId, row.twinOf, row.cwd], [sessionId, [], world.work]);
    const terminal = await world.holder.attach(holder.session);
    await terminal.shows('● in the beginning');
    await terminal.say('say on another branch');
    await terminal.shows('● on another branch');
    const text = await until('the branch has a transcript', async () => {
      const found = await world.transcriptOf(sessionId);
      const text = found && await readFile(found, 'utf8');
      return text?.includes('on another branch') && text;
    });
    assert.ok(text.includes('in the beginning'));
    assert.ok(!(await readFile(path, 'utf8')).slice(before.length).includes('on another branch'));
    assert.deepEqual(await twinsOf(first.pid), [second.key]);
    await exit({ pid, key });
  });

  test('a twin that ends leaves one session', async () => {
    await exit(second);
    assert.deepEqual(await twinsOf(first.pid), []);
    await first.say('say alone again');
    await first.shows('● alone again');
  });

  test('what is twice but never together is no twin', async () => {
    const { sessionId } = first;
    await exit(first);
    const again = await world.session(['--resume', sessionId]);
    assert.equal(again.sessionId, sessionId);
    assert.deepEqual(await twinsOf(again.pid), []);
  });

  test('a fork of a conversation that nobody has open is as good', async () => {
    const alone = (await rowsOf(server)).find(({ sessionId }) => sessionId === first.sessionId);
    await exit(alone);
    const { status, json } = await resume({ fork: true });
    assert.equal(status, 200, JSON.stringify(json));
    assert.notEqual(json.sessionId, first.sessionId);
    assert.equal((await settled(server, json.pid, 'idle')).sessionId, json.sessionId);
    await exit(json);
    const plain = await resume();
    assert.deepEqual([plain.status, plain.json.sessionId], [200, first.sessionId], JSON.stringify(plain.json));
    await exit(plain.json);
  });
});
