// Sessions of versions that people still run, held like those of the newest.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { OLDER_VERSIONS } from '../install/claude.mjs';
import { follow } from './follower.mjs';
import { answers, assertDecidedOnce, assertUnbroken, results, start } from './session.mjs';

describe('a session of Claude Code 2.0.30 in a terminal, which no registry names', () => {
  let world, server;
  before(async () => {
    world = await makeWorld({ version: '2.0.30' });
    server = await world.serve();
  });
  after(() => world?.end());

  for (const holder of ['pty', 'tmux']) {
    test(`is told its first message: ${holder}`, async () => {
      const held = await start(server, { cwd: world.work, holder, prompt: `say hello in ${holder}` });
      await held.event('the answer', ({ type, text }) => type === 'assistant' && text === `hello in ${holder}`);
      assert.equal((await server.post(`/sessions/${held.pid}/kill`, {})).json.outcome, 'exited');
    });
  }
});

for (const version of OLDER_VERSIONS) {
  describe(`a held session of Claude Code ${version}`, () => {
    let world, server, held;
    before(async () => {
      world = await makeWorld({ version });
      server = await world.serve();
      held = await start(server, { cwd: world.work, prompt: 'say hello' });
    });
    after(() => world?.end());

    test('is listed, and answers', async () => {
      assert.deepEqual(answers(await held.over(0)), ['hello']);
      await held.idle();
      const row = await held.row();
      assert.deepEqual([row.sessionId, row.cwd, row.stateSource], [held.id, world.work, 'stream']);
      assert.deepEqual(answers(await held.turn('say again')), ['again']);
    });

    // These say nothing of a message but that its turn begins.
    test('does not rest between two turns', async () => {
      const first = await held.say('hold between first');
      const second = await held.say('say second');
      assert.deepEqual([first.outcome, second.outcome], ['sent', 'queued']);
      await until('the model is asked', () => world.mock.steps.some(({ name }) => name === 'between'));
      world.mock.release('between');
      const answer = await held.event('the answer', ({ type, text }) => type === 'assistant' && text === 'second', second.seq);
      await held.idle();
      const rests = (await held.events(first.seq)).filter(({ type, state }) => type === 'status' && state === 'idle');
      assert.ok(rests.length === 1 && rests[0].seq > answer.seq, JSON.stringify(rests));
    });

    test('does what it is allowed', async () => {
      const { seq } = await held.say('bash touch allowed ;; say done');
      const approval = await held.asked();
      assert.equal((await held.row()).state, 'waiting_permission');
      await held.decided(approval, 'allow');
      assert.deepEqual(answers(await held.over(seq)), ['done']);
      assert.ok(existsSync(join(world.work, 'allowed')));
    });

    test('does not do what is denied, and learns why', async () => {
      const { seq } = await held.say('bash touch denied ;; say understood');
      await held.decided(await held.asked(), 'deny', { reason: 'Not on a Friday.' });
      const events = await held.over(seq);
      assert.deepEqual(answers(events), ['understood']);
      assert.match(results(events)[0].text, /Not on a Friday/);
      assert.ok(!existsSync(join(world.work, 'denied')));
    });

    test('is interrupted, and answers the next message', async () => {
      const { seq } = await held.say('stream cut never');
      const follower = follow(() => server, held.id, seq);
      await until('some pieces came', () => follower.deltas.length > 2);
      follower.close();
      assert.equal((await held.done('interrupt')).outcome, 'interrupted');
      await held.idle();
      const next = await held.say('say after the cut');
      await held.event('the answer', ({ type, text }) => type === 'assistant' && text === 'after the cut', next.seq);
      await held.idle();
    });

    test('is cancelled, resumed, and goes on', async () => {
      assert.equal((await held.done('cancel')).outcome, 'cancelled');
      await until('it has left the list', async () => await held.row() === undefined);
      assert.equal((await held.events()).at(-1).cancelled, true);
      const resumed = await start(server, { resume: held.id });
      assert.equal(resumed.id, held.id);
      assert.deepEqual(answers(await resumed.turn('say resumed')), ['resumed']);
      await resumed.done('cancel');
      const events = await resumed.events();
      assertUnbroken(events);
      assertDecidedOnce(events);
    });
  });
}
