// A turn that has not said anything yet is interrupted in a terminal: Claude Code puts its message back into the input line.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { seatOf } from './seat.mjs';
import { answers, start } from './session.mjs';

for (const holder of ['pty', 'tmux']) {
  describe(`a turn without a word is interrupted: ${holder}`, () => {
    let world, server, held, seat;
    before(async () => {
      world = await makeWorld();
      server = await world.serve();
      held = await start(server, { cwd: world.work, holder });
      await held.idle();
      seat = await seatOf(world, held, holder);
    });
    after(() => world?.end());

    test('its message is cleared, which is said, and the next one is answered', async () => {
      await held.say('hold first never said');
      await until('the model was asked', () => world.mock.steps.some(({ name }) => name === 'first'));
      const { outcome, note } = await held.done('interrupt');
      assert.deepEqual([outcome, note?.includes('arrow up brings it back')], ['interrupted', true], note);
      await held.idle();
      const { seq } = await held.say('say second');
      await until('it answers', async () => answers(await held.events(seq)).includes('second'));
    });

    test('what somebody has begun to write meanwhile stays', async () => {
      await held.say('hold third never said');
      await until('the model was asked', () => world.mock.steps.some(({ name }) => name === 'third'));
      await seat.type('half a thought');
      await seat.shows('half a thought');
      const { outcome, note } = await held.done('interrupt');
      assert.deepEqual([outcome, note ?? null], ['interrupted', null]);
      await seat.shows('half a thought');
      const refused = await held.post('message', { text: 'say fourth' });
      assert.deepEqual([refused.status, refused.json.code], [409, 'busy'], refused.text);
    });
  });
}
