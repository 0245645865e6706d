// A session that was killed is gone: from the list, from the feed, and for good, whatever it leaves
// behind and whoever gets its number.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';

import { commandOf, isAlive, keyOf, processOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { follow } from './feed.mjs';
import { openMortal, whyNot } from './rebirth.mjs';
import { sampleFeed, sampleList } from './sampler.mjs';
import { stageIn } from './stage.mjs';

const SAMPLE_MS = 50;
// How long the orphaned file lies there without anything being made of it.
const PEACE_MS = 3_000;
const TARGET_MS = 1_000;
const BOUND_MS = 10_000;

describe('a session that was killed', () => {
  let world, stage, server, feed, list, told;
  before(async () => {
    world = await makeWorld();
    stage = stageIn(world);
    server = await world.serve();
    feed = await follow(await world.serve());
    list = sampleList(server, SAMPLE_MS);
    told = sampleFeed(feed, SAMPLE_MS);
  });
  after(async () => {
    await Promise.all([list?.stop(), told?.stop()]);
    await feed?.socket.close();
    await world?.end();
    assert.deepEqual(feed?.faults ?? [], []);
  });

  const fileOf = pid => join(world.sessions, `${pid}.json`);
  const listed = async key => {
    await until(`${key} is listed by both`, () => list.samples.at(-1).rows.get(key)?.state === 'idle' && feed.rows.get(key)?.state === 'idle');
  };
  // Waits until both surfaces have let `key` go; prints how long after `at`, and asserts that neither
  // takes it up again.
  const goneSince = async (key, at, what) => {
    await until(`${key} has left both`, () => !list.samples.at(-1).rows.has(key) && !feed.rows.has(key));
    await sleep(PEACE_MS);
    const late = [list, told].map(({ samples }) => Math.max(0, samples.findLast(({ rows }) => rows.has(key)).at - at));
    const named = feed.history.filter(entry => entry.key === key && entry.row === null).map(entry => Math.max(0, entry.at - at));
    console.log(`${what}: last listed ${late[0]} ms after its end, gone from the feed after ${named.join()} ms (target ${TARGET_MS})`);
    assert.equal(named.length, 1, 'the feed says once that it is gone');
    for (const ms of [...late, ...named]) assert.ok(ms < BOUND_MS, `${ms} ms`);
    return at + Math.max(...late, ...named);
  };
  // When a process was first seen to have ended.
  const endOf = async key => {
    for (const deadline = Date.now() + 30_000; isAlive(key); await sleep(2)) assert.ok(Date.now() < deadline, `${key} lives on`);
    return Date.now();
  };

  test('is gone, and its file does not bring it back', async () => {
    const one = await stage.openUnderShell();
    await listed(one.key);
    await one.signal('KILL');
    await goneSince(one.key, await endOf(one.key), 'killed');
    assert.ok(existsSync(fileOf(one.pid)), 'nobody else took its file away');
  });

  test('at work is gone too, and its tool is not taken for it', async () => {
    const one = await stage.openUnderShell();
    const pipe = stage.makePipe();
    await listed(one.key);
    await one.say(`bash cat ${pipe.name} ;; say ran`);
    await until('its tool runs', () => one.runs(`cat ${pipe.name}`));
    await until('both know', () => list.samples.at(-1).rows.get(one.key)?.state === 'working' && feed.rows.get(one.key)?.state === 'working');
    await one.signal('KILL');
    await goneSince(one.key, await endOf(one.key), 'killed at work');
    pipe.letGo();
  });

  const reborn = async command => {
    const { terminal, pid, kill, heir } = await openMortal(world, command);
    const key = keyOf(pid);
    await listed(key);
    const old = world.registryOf(pid);
    kill();
    const end = await endOf(key);
    assert.equal(await heir(), pid, 'the number could not be had again');
    assert.notEqual(keyOf(pid), key);
    return { terminal, pid, key, end, old };
  };

  test('is not brought back by a process with its number', { skip: whyNot }, async () => {
    const { pid, key, end } = await reborn(['sleep', '1000']);
    assert.deepEqual(commandOf(pid), ['sleep', '1000']);
    assert.ok(existsSync(fileOf(pid)), 'its file is there still');
    const settled = await goneSince(key, end, 'a sleep has its number');
    for (const { samples } of [list, told]) {
      const wrong = samples.filter(({ askedAt, rows }) => askedAt >= settled && [...rows.values()].some(row => row.pid === pid));
      assert.equal(wrong.length, 0);
    }
    assert.notEqual(processOf(pid), null);
    const { status } = await server.get(`/sessions/${pid}/context`);
    assert.equal(status, 404);
  });

  test('is not taken for another session with its number', { skip: whyNot }, async () => {
    const { terminal, pid, key, end, old } = await reborn(['claude', '--permission-mode', 'manual']);
    const heir = keyOf(pid);
    await terminal.shows('manual mode on');
    await listed(heir);
    await goneSince(key, end, 'another session has its number');
    for (const { samples } of [list, told]) {
      const rows = samples.flatMap(sample => sample.rows.get(heir) ?? []);
      assert.deepEqual([...new Set(rows.map(({ sessionId }) => sessionId))].filter(id => id === old.sessionId), []);
    }
    const row = feed.rows.get(heir);
    assert.equal(row.sessionId, world.registryOf(pid).sessionId);
    assert.equal(row.state, 'idle');
    assert.notEqual(row.sessionId, old.sessionId);
  });
});
