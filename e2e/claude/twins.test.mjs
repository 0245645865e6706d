// Two processes on one conversation: told apart in the list, not made by a resume, and the way around.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { follow } from '../truth/feed.mjs';
import { gone, rowOf, rowsOf, settled } from './listing.mjs';
import { childrenOf, commandOf, keyOf, startedAt } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

describe('twins', () => {
  let world, server, feed, first, second;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    first = await world.session();
    await first.say('say in the beginning');
    await first.shows('● in the beginning');
    await settled(server, first.pid, 'idle');
    feed = await follow(server);
  });
  after(async () => {
    await feed?.socket.close();
    await world?.end();
  });

  const resume = body => server.post('/sessions/resume', { sessionId: first.sessionId, ...body });
  const twinsOf = async pid => (await rowOf(server, pid)).twinOf;
  const followed = ({ key }, twins) => until(`the feed names the twins of ${key}`, () => {
    assert.deepEqual(feed.rows.get(key)?.twinOf, twins);
    return true;
  });
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
    // The row of the first is told again, though nothing of its own has changed.
    await followed(first, [second.key]);
    await followed(second, [first.key]);
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
    const attach = `tmux -S ${join(world.root, 'terminals')} attach -t ${live.name}`;
    assert.deepEqual(json.holder, { type: 'tmux', session: live.name, attach });
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
    await followed(first, []);
    assert.deepEqual(feed.faults, []);
    await first.say('say alone again');
    await first.shows('● alone again');
  });

  test('one without a terminal is a twin too, and what started it is its holder', async () => {
    const { pid, done } = world.headless(['--resume', first.sessionId, 'hold headless done']);
    const { key } = await settled(server, pid, 'working');
    assert.deepEqual([await twinsOf(pid), await twinsOf(first.pid)], [[first.key], [key]]);
    await exit(first);
    assert.deepEqual(await twinsOf(pid), []);
    const { status, json } = await resume();
    assert.deepEqual([status, json.code, json.key], [409, 'live', key]);
    assert.equal(json.holder.type, 'program');
    assert.ok(json.holder.command.startsWith(commandOf(process.pid)[0]), json.holder.command);
    world.mock.release('headless');
    assert.equal((await done).trim(), 'done');
    await gone(server, pid);
    first = await world.session(['--resume', first.sessionId]);
  });

  test('in a terminal that is not tmux\'s, the terminal is the holder', async () => {
    const { sessionId } = first;
    await exit(first);
    const terminal = spawn('script', ['-qfc', `exec claude --resume ${sessionId}`, '/dev/null'], {
      cwd: world.work, env: world.env, stdio: ['pipe', 'ignore', 'ignore'],
    });
    const ended = once(terminal, 'close');
    try {
      const pid = await until('it is at its prompt', () => childrenOf(terminal.pid).find(child => world.registryOf(child)?.status === 'idle'));
      const { status, json } = await resume();
      assert.deepEqual([status, json.code, json.key], [409, 'live', keyOf(pid)]);
      assert.deepEqual(json.holder, { type: 'terminal', tty: readlinkSync(`/proc/${pid}/fd/0`).replace('/dev/', '') });
      await exit(json);
    } finally {
      terminal.kill('SIGKILL');
      await ended;
    }
    first = await world.session(['--resume', sessionId]);
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
