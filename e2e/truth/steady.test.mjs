// A state that does not change is told as one state: a thousand samples of each of four, on both surfaces.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';

import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { follow } from './feed.mjs';
import { Matrix } from './matrix.mjs';
import { sampleFeed, sampleList } from './sampler.mjs';
import { stageIn } from './stage.mjs';

const SAMPLES = 1_000;
const SAMPLE_MS = 50;
const SETTLE_MS = 1_000;

describe('a steady state', () => {
  let world, stage, server, feed, pipe;
  const sessions = {};
  const matrices = [];
  before(async () => {
    world = await makeWorld();
    stage = stageIn(world);
    server = await world.serve();
    feed = await follow(await world.serve());
    pipe = stage.makePipe();
    const shell = { command: `cat ${pipe.name}`, description: 'wait', run_in_background: true };
    // Two by two: a start takes all that a processor has.
    [sessions.idle, sessions.working] = await Promise.all([stage.open(), stage.open()]);
    [sessions.waiting_permission, sessions.shell] = await Promise.all([stage.open(), stage.open()]);
    await sessions.working.say('hold steady never');
    await sessions.waiting_permission.say('bash touch never ;; say ran');
    await sessions.shell.say(`tool Bash ${JSON.stringify(shell)} ;; say it waits`);
  });
  after(async () => {
    for (const matrix of matrices) console.log(`${matrix}`);
    pipe?.letGo();
    await feed?.socket.close();
    await world?.end();
  });

  const lasts = {
    idle: one => one.atPrompt(),
    working: () => stage.holds('steady'),
    waiting_permission: one => one.sees('touch never', 'Do you want to proceed?'),
    shell: async one => one.runs(`cat ${pipe.name}`) && await one.sees('● it waits') && await one.atPrompt(),
  };
  const allLast = async () => (await Promise.all(Object.entries(sessions).map(([state, one]) => lasts[state](one)))).every(Boolean);

  test(`is one state in ${SAMPLES} samples`, async () => {
    await until('all four are where they are to stay', allLast);
    await sleep(SETTLE_MS);
    const from = Date.now();
    const surfaces = { GET: sampleList(server, SAMPLE_MS), ws: sampleFeed(feed, SAMPLE_MS) };
    await until('there are enough samples', () => Object.values(surfaces).every(({ samples }) => samples.length >= SAMPLES), 200_000);
    await Promise.all(Object.values(surfaces).map(sampler => sampler.stop()));
    assert.ok(await allLast(), 'the truth itself did not last');

    for (const [name, { samples }] of Object.entries(surfaces)) {
      const matrix = new Matrix(`${name}, ${samples.length} samples of each`);
      matrices.push(matrix);
      for (const { rows } of samples) {
        for (const [state, { key }] of Object.entries(sessions)) matrix.add(state, rows.get(key)?.state ?? 'gone');
      }
      const { right, total } = matrix.sum;
      assert.equal(right, total, `${matrix}`);
    }
    // Between two looks a feed may have told something else.
    const told = feed.history.filter(({ at }) => at >= from);
    for (const [state, { key }] of Object.entries(sessions)) {
      const states = told.filter(entry => entry.key === key).map(({ row }) => row?.state ?? 'gone');
      assert.deepEqual([...new Set(states)].filter(found => found !== state), []);
      console.log(`${state}: told of ${states.length} times in ${Math.round((Date.now() - from) / 1000)} s`);
    }
    assert.deepEqual(feed.faults, []);
  });
});
