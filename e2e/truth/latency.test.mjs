// How long it takes from an outside fact to the client of the feed that is told of it.
//
// Prints every transition with median, 95th percentile and worst, and the targets. Asserts only what
// holds on a machine that has other things to do.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';

import { processOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { follow } from './feed.mjs';
import { stageIn } from './stage.mjs';

const TARGET = { median: 400, worst: 1_000 };
const BOUND_MS = 10_000;
const ROUNDS = 5;
const SCREEN_MS = 20;
const PROC_MS = 5;

const QUESTION = JSON.stringify({
  questions: [{
    question: 'Which colour?', header: 'Colour', multiSelect: false,
    options: [{ label: 'Red', description: 'warm' }, { label: 'Blue', description: 'cold' }],
  }],
});

describe('a transition reaches a client of the feed', { concurrency: 3 }, () => {
  let world, stage, feed;
  const measured = new Map();
  before(async () => {
    world = await makeWorld();
    stage = stageIn(world);
    // Nobody asks it anything: what the client has, the feed has told by itself.
    feed = await follow(await world.serve());
  });
  after(async () => {
    console.log(report(measured));
    await feed?.socket.close();
    await world?.end();
    assert.deepEqual(feed?.faults ?? [], []);
  });

  // Brings a fact about and notes how much later the client had it. `fact` returns its time.
  const measure = async (name, key, act, fact, matches) => {
    const from = Date.now();
    await act();
    const at = await fact();
    const seen = await until(`the client knows: ${name}`, () => feed.seenAt(key(), from, matches));
    const { row } = feed.history.find(entry => entry.key === key() && entry.at === seen && matches(entry.row));
    if (!measured.has(name)) measured.set(name, { sinceFact: [], sinceFile: [] });
    // The session may tell its file before it does what can be seen from the outside.
    measured.get(name).sinceFact.push(Math.max(0, seen - at));
    if (row?.stateSource === 'registry' && row.stateSince >= from) measured.get(name).sinceFile.push(seen - row.stateSince);
    assert.ok(seen - at < BOUND_MS, `${name}: ${seen - at} ms`);
  };
  const is = state => row => row?.state === state;
  const shown = (one, ...words) => () => momentOf(words.join(), SCREEN_MS, () => one.sees(...words), one.screen);
  const prompted = one => () => momentOf('the prompt', SCREEN_MS, one.atPrompt, one.screen);
  const stepNamed = name => world.mock.steps.find(step => step.name === name);

  test('of a turn', async () => {
    const one = await stage.open();
    const key = () => one.key;
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `turn${round}`;
      await measure('the model is asked', key, () => one.say(`hold ${name} Answer ${round}.`),
        async () => (await until(`the model has ${name}`, () => stepNamed(name))).at, is('working'));
      await sleep(500);
      await measure('the model has answered', key, () => world.mock.release(name),
        async () => (await until(`${name} is over`, () => stepNamed(name).endedAt)), is('idle'));
      await until('it is at its prompt', one.atPrompt);
      await measure('/model opens', key, () => one.say('/model'), shown(one, 'Select model'), is('waiting_dialog'));
      await measure('Esc closes it', key, () => one.press('Escape'), prompted(one), is('idle'));
    }
  });

  test('of what is asked', async () => {
    const one = await stage.open();
    const key = () => one.key;
    for (let round = 0; round < ROUNDS; round += 1) {
      await measure('a permission prompt', key, () => one.say(`bash touch never-${round} ;; say ran`),
        shown(one, `touch never-${round}`, 'Do you want to proceed?'), is('waiting_permission'));
      await measure('Esc at a permission prompt', key, () => one.press('Escape'), prompted(one), is('idle'));
      await measure('a question', key, () => one.say(`tool AskUserQuestion ${QUESTION} ;; say thanks ${round}`),
        shown(one, 'Enter to select'), is('waiting_input'));
      await measure('Esc at a question', key, () => one.press('Escape'), prompted(one), is('idle'));
    }
  });

  test('of a process', async () => {
    const end = async (name, one, act) => measure(name, () => one.key, act,
      () => momentOf('it is gone', PROC_MS, () => processOf(one.pid) === null), row => row === null);

    for (const held of await Promise.all([1, 2, 3].map(() => stage.openUnderShell()))) {
      const key = () => held.key;
      const isStopped = () => processOf(held.pid)?.state === 'T';
      for (let round = 0; round < 2; round += 1) {
        await measure('SIGSTOP', key, () => held.signal('STOP'), () => momentOf('it is stopped', PROC_MS, isStopped), is('stopped'));
        await sleep(300);
        await measure('SIGCONT', key, () => held.signal('CONT'), () => momentOf('it goes on', PROC_MS, () => !isStopped()), is('idle'));
        await sleep(300);
      }
      await end('SIGKILL', held, () => held.signal('KILL'));
    }
    for (let round = 1; round < ROUNDS; round += 1) {
      let one, from;
      await measure('a session starts', () => one.key, async () => {
        from = Date.now();
        one = await stage.launch();
      }, () => from, row => row !== null);
      await measure('its first prompt', () => one.key, () => {}, prompted(one), is('idle'));
      await end('/exit', one, () => one.say('/exit'));
    }
  });
});

// Asks `probe` every `ms` and returns when the one that first was true was asked.
async function momentOf(what, ms, probe, screen = () => '') {
  for (const deadline = Date.now() + 30_000; ;) {
    const at = Date.now();
    if (await probe()) return at;
    if (at > deadline) throw new Error(`waited in vain: ${what}\n${await screen()}`);
    await sleep(ms);
  }
}

function report(measured) {
  const rows = [...measured].map(([name, { sinceFact, sinceFile }]) => line(name, sinceFact, sinceFile));
  const all = [...measured.values()];
  const sinceFact = all.flatMap(found => found.sinceFact);
  const verdict = at(sinceFact, 0.5) <= TARGET.median && at(sinceFact, 1) <= TARGET.worst ? 'met' : 'MISSED';
  return [
    'from the fact to the client of /ws, ms                 n  median    p95  worst | since Claude Code wrote its file: median  worst',
    ...rows,
    line('all', sinceFact, all.flatMap(found => found.sinceFile)),
    `target: median ${TARGET.median} ms, worst ${TARGET.worst} ms: ${verdict}`,
  ].join('\n');
}

const line = (name, fact, file) => [
  `  ${name.padEnd(48)}`, pad(fact.length, 5), pad(at(fact, 0.5), 8), pad(at(fact, 0.95), 7), pad(at(fact, 1), 7),
  ' |', pad(at(file, 0.5), 41), pad(at(file, 1), 7),
].join('');

const pad = (value, width) => String(value ?? '-').padStart(width);

// The value below which this share of them lies.
function at(values, share) {
  const sorted = values.toSorted?.((a, b) => a - b) ?? [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
