// Every state of a held session, as the list and the feed tell it.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { COLOURS } from '../claude/question.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { follow as feedOf } from '../truth/feed.mjs';
import { start } from './session.mjs';

// The feed knows of a state so soon.
const SOON_MS = 1000;

describe('the list tells what a held session does', () => {
  let world, server, held, feed;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    feed = await feedOf(server);
    held = await start(server, { cwd: world.work });
  });
  after(async () => {
    feed?.socket.close?.();
    await world?.end();
  });

  // Waits until log, list and feed have the state that follows event `seq`. Returns its row.
  const is = async (state, seq = 0) => {
    const status = await held.event(state, event => event.type === 'status' && event.state === state, seq);
    await until(`the feed says ${state}`, () => feed.rows.get(held.key)?.state === state);
    // A clock that is read twice may show the same millisecond on both sides.
    const seenAt = feed.seenAt(held.key, status.at - 1, row => row?.state === state);
    assert.ok(seenAt - status.at < SOON_MS, `${state} was known after ${seenAt - status.at} ms`);
    const row = await held.row();
    assert.deepEqual([row.state, row.stateSource], [state, 'stream']);
    assert.deepEqual(feed.faults, []);
    return row;
  };

  test('it waits for a message', async () => {
    const row = await is('idle');
    assert.equal(row.holder, 'stdio');
  });

  test('it works while the model answers', async () => {
    const { seq } = await held.say('hold works an answer');
    await is('working', seq - 1);
    world.mock.release('works');
    await held.over(seq);
    await is('idle', seq);
  });

  test('it waits for permission, works while the command runs, and is idle after it', async () => {
    const { seq } = await held.say('bash touch runs; until test -e go-on; do sleep 0.1; done ;; say done');
    const approval = await held.asked();
    const asking = await is('waiting_permission', seq);
    assert.deepEqual([asking.ask.type, asking.ask.tool], ['permission', 'Bash']);
    const { seq: asked } = (await held.events()).find(({ type, requestId }) => type === 'approval' && requestId === approval.id);
    await held.decided(approval, 'allow');
    await until('the command runs', () => existsSync(join(world.work, 'runs')));
    await is('working', asked);
    await writeFile(join(world.work, 'go-on'), '');
    await held.over(seq);
    await is('idle', asked);
  });

  test('it waits for an answer to a question', async () => {
    const { seq } = await held.say(`tool AskUserQuestion ${JSON.stringify(COLOURS)} ;; say thanks`);
    const approval = await held.asked();
    assert.equal((await is('waiting_input', seq)).ask.type, 'question');
    await held.decided(approval, 'allow', { answers: { 'Which colour?': 'Red' } });
    await held.over(seq);
    await is('idle', seq);
  });

  test('an API that fails is no end, and the next message is answered', async () => {
    const events = await held.turn('fail 400');
    assert.ok(events.some(({ type, isError }) => type === 'usage' && isError), JSON.stringify(events));
    await is('idle', events[0].seq);
    await held.turn('say recovered');
  });

  test('a kill leaves its end in the log, and no row', async () => {
    const { status, json } = await server.post(`/sessions/${held.pid}/kill`, { key: held.key, graceMs: 10_000 });
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.ok, true);
    const exit = await held.event('the end', ({ type }) => type === 'exit');
    assert.ok(exit.signal === 15 || exit.code === 143, JSON.stringify(exit));
    await until('the feed has it no more', () => !feed.rows.has(held.key));
    assert.equal(await held.row(), undefined);
    assert.deepEqual(feed.faults, []);
  });
});
