// Every state of the real Claude Code, told truly by the list and by the feed, in every steady sample.
//
// Prints what was told for each truth. `unknown` is wrong wherever something could be known.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';

import { commandOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { LANES } from './episodes.mjs';
import { evidenceOf } from './evidence.mjs';
import { follow } from './feed.mjs';
import { doubts, faultsOf, forgotten, inWords, returned, toldOf } from './judgement.mjs';
import { Matrix } from './matrix.mjs';
import { sampleFeed, sampleList } from './sampler.mjs';
import { stageIn } from './stage.mjs';

const SAMPLE_MS = 100;
// From the outside fact to the first sample that counts: the longest that a transition may take.
const SETTLE_MS = 1_000;
const STEADY_MS = 2_500;
const LEAST_SAMPLES = 20;
// Side by side on a machine of two cores.
const LANES_AT_ONCE = 3;

describe('every state is told truly', { concurrency: LANES_AT_ONCE }, () => {
  let world, stage, server, feed;
  const surfaces = {};
  // Each process of this world that was ever listed, with its command at that moment.
  const listed = new Map();
  const matrices = { GET: new Matrix('GET /sessions'), ws: new Matrix('/ws') };
  before(async () => {
    world = await makeWorld();
    stage = stageIn(world);
    server = await world.serve();
    // A server of its own: no question but the feed's makes it look.
    feed = await follow(await world.serve());
    surfaces.GET = sampleList(server, SAMPLE_MS, rows => {
      const here = [...rows.values()].filter(({ cwd }) => cwd.startsWith(world.root));
      for (const { key, pid, state } of here) listed.set(key, listed.get(key) ?? `${state} ${wordsOf(pid)}`);
    });
    surfaces.ws = sampleFeed(feed, SAMPLE_MS);
  });
  after(async () => {
    for (const matrix of Object.values(matrices)) console.log(`${matrix}`);
    await Promise.all(Object.values(surfaces).map(sampler => sampler.stop()));
    await feed?.socket.close();
    await world?.end();
    // What was ever listed without being one of the sessions of this test.
    for (const key of stage.keys) listed.delete(key);
    assert.deepEqual([...listed], [], 'listed, and no session');
    assert.deepEqual(feed.faults, []);
    // Between the episodes too: what was known is not unknown again, and what has left does not come back.
    const lists = Object.entries(surfaces).map(([surface, { samples }]) => [surface, samples.map(({ rows }) => rows)]);
    for (const [surface, rows] of [...lists, ['ws, each frame', feed.states()]]) {
      assert.deepEqual(forgotten(rows).filter(({ key }) => stage.keys.has(key)), [], `unknown again, ${surface}`);
      assert.deepEqual(returned(rows).filter(key => stage.keys.has(key)), [], `came back, ${surface}`);
    }
  });

  // What the samples of this time say about a session: how often they were wrong, and how.
  const judge = (surface, { key }, episode, from, to) => {
    const samples = surfaces[surface].between(from, to);
    const wrong = new Map();
    for (const { rows } of samples) {
      const row = rows.get(key);
      const told = toldOf(row);
      matrices[surface].add(inWords(episode.truth), told);
      for (const text of told === inWords(episode.truth) ? faultsOf(row, episode.also) : [told]) {
        wrong.set(text, (wrong.get(text) ?? 0) + 1);
      }
    }
    const since = new Set(samples.map(({ rows }) => rows.get(key)?.stateSince));
    if (since.size > 1) wrong.set(`since ${[...since].join(' and ')}`, since.size);
    return [...wrong].map(([text, count]) => `${surface}: ${count} of ${samples.length} samples: ${text}`);
  };

  for (const [lane, episodes] of Object.entries(LANES)) {
    describe(lane, { concurrency: 1 }, () => {
      let one;
      let broken = false;
      for (const episode of episodes) {
        test(episode.name, async t => {
          // Each begins where the one before has ended.
          assert.ok(!broken, 'the lane has lost its way');
          broken = true;
          if (episode.open) one = await episode.open(stage);
          await episode.reach?.(stage, one);
          const lasts = async () => await episode.lasts(stage, one);
          await until(`it is so: ${episode.name}`, lasts).catch(async fault => {
            t.diagnostic(await one?.screen?.() ?? 'no screen');
            throw fault;
          });
          await sleep(SETTLE_MS);
          assert.ok(await lasts(), `it did not last: ${episode.name}`);

          const from = Date.now();
          let evidence;
          const enough = () => Object.values(surfaces).every(({ between }) => between(from, Date.now()).length >= LEAST_SAMPLES);
          while (Date.now() < from + STEADY_MS || !enough()) {
            await sleep(SAMPLE_MS);
            const told = Object.values(surfaces).map(({ samples }) => toldOf(samples.at(-1).rows.get(one.key)));
            if (evidence === undefined && told.some(words => words !== inWords(episode.truth))) {
              evidence = await evidenceOf(world, server, one.pid);
            }
          }
          const to = Date.now();
          const why = await server.get(`/sessions/${one.pid}/why`);
          assert.ok(await lasts(), `it did not last: ${episode.name}`);
          await episode.leave?.(stage, one);
          broken = false;

          const wrong = Object.keys(surfaces).flatMap(surface => judge(surface, one, episode, from, to));
          // Between two samples the feed may have told something else.
          const told = feed.history.filter(({ key, at }) => key === one.key && at >= from && at <= to).map(({ row }) => toldOf(row ?? undefined));
          wrong.push(...told.filter(words => words !== inWords(episode.truth)).map(words => `ws, between two samples: ${words}`));
          wrong.push(...doubts(why, episode.truth));
          assert.deepEqual(wrong, [], `in truth ${inWords(episode.truth)}\n${evidence ?? ''}`);
        });
      }
    });
  }
});

function wordsOf(pid) {
  try {
    return commandOf(pid).join(' ').slice(0, 120);
  } catch {
    return 'gone already';
  }
}
