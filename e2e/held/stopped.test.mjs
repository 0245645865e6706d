// A held session that stands still hears nothing: what it would not answer is refused, and a cancel has it go on and end.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { processOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { start } from './session.mjs';

for (const holder of ['stdio', 'pty']) {
  describe(`a stopped session in the holder ${holder}`, () => {
    let world, server, held;
    before(async () => {
      world = await makeWorld();
      server = await world.serve();
      held = await start(server, { cwd: world.work, holder });
      await held.idle();
    });
    after(() => world?.end());

    const signalled = async act => {
      const { status, json } = await server.post(`/sessions/${held.pid}/${act}`, { key: held.key });
      assert.deepEqual([status, json.outcome], [200, 'done'], JSON.stringify(json));
    };

    test('is told nothing until it goes on', async () => {
      await signalled('pause');
      for (const [verb, body] of [['message', { text: 'say lost' }], ['interrupt', {}], ['rename', { name: 'other' }]]) {
        const { status, json } = await held.post(verb, body);
        assert.deepEqual([status, json.code], [503, 'unresponsive'], verb);
        assert.match(json.error, new RegExp(`stopped by a signal.*kill -CONT ${held.pid}`), verb);
      }
      await signalled('continue');
      await held.idle();
      await held.turn('say heard');
      await held.idle();
      assert.ok(!world.mock.steps.some(({ text }) => text === 'lost'));
    });

    test('ends when it is cancelled', async () => {
      await held.say('stream never an end');
      await until('it works', async () => (await held.row())?.state === 'working');
      await signalled('pause');
      assert.equal(processOf(held.pid).state, 'T');
      assert.equal((await held.done('cancel')).outcome, 'cancelled');
      await until('it has left the list', async () => await held.row() === undefined);
      const { json } = await server.get('/audit');
      assert.deepEqual(json.entries.slice(0, 3).map(({ verb }) => verb).sort(), ['cancel', 'continue', 'pause']);
    });
  });
}
