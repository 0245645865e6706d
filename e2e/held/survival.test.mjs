// What becomes of a held session when the server, or its holder, is killed.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { commandOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { follow } from './follower.mjs';
import { answers, assertDecidedOnce, assertUnbroken, results, saidIn, saidInTranscript, session, start } from './session.mjs';

const parentOf = pid => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[1]);
const runs = pid => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

// The holder of this session.
function holderOf({ pid }) {
  const holder = parentOf(pid);
  assert.ok(commandOf(holder).includes('hold'), commandOf(holder).join(' '));
  return holder;
}

describe('a held session outlives its server', () => {
  let world, server, held, follower;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    held = await start(server, { cwd: world.work, prompt: 'say begun' });
    follower = follow(() => server, held.id);
    await held.over(0);
  });
  after(async () => {
    follower?.close();
    await world?.end();
  });

  const killServer = async () => {
    server.child.kill('SIGKILL');
    await server.ended;
  };
  const restart = async () => {
    server = await world.serve();
    held.server = server;
  };
  const isTheSame = async holder => {
    assert.equal((await held.row()).sessionId, held.id);
    assert.equal(holderOf(held), holder);
  };

  test('which is killed while the model answers', async () => {
    const holder = holderOf(held);
    const { seq, uuid } = await held.say('hold silence said to nobody');
    await until('the model was asked', () => world.mock.steps.some(({ name }) => name === 'silence'));
    await killServer();
    world.mock.release('silence');
    await until('the transcript has the answer', async () => (await readFile(await world.transcriptOf(held.id), 'utf8')).includes('"said to nobody"'));
    await restart();
    await isTheSame(holder);
    assert.deepEqual(answers(await held.over(seq)), ['said to nobody']);
    // Whoever did not hear the answer may say it again.
    assert.equal((await held.say('hold silence said to nobody', { uuid })).outcome, 'already_sent');
    assert.deepEqual(answers(await held.turn('say heard again')), ['heard again']);
  });

  test('which is killed while a person is asked', async () => {
    const { seq } = await held.say('bash echo decided >> decided ;; say decided');
    const approval = await held.asked();
    await killServer();
    await restart();
    const again = await held.asked();
    assert.deepEqual(again, approval);
    assert.equal((await held.row()).state, 'waiting_permission');
    await held.decided(again, 'allow');
    assert.deepEqual(answers(await held.over(seq)), ['decided']);
    assert.equal(await readFile(join(world.work, 'decided'), 'utf8'), 'decided\n');
  });

  test('which is killed again and again while a command writes', async () => {
    const { seq } = await held.say('bash for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.2; done > counted; cat counted ;; say counted');
    await held.decided(await held.asked(), 'allow');
    for (let round = 0; round < 3; round += 1) {
      await killServer();
      await restart();
    }
    const events = await held.over(seq);
    assert.deepEqual(answers(events), ['counted']);
    assert.match(results(events)[0].text, /1\n2\n3\n4\n5\n6\n7\n8\n9/);
  });

  test('which is stopped: holder and session go on', async () => {
    const holder = holderOf(held);
    const { seq } = await held.say('hold farewell said meanwhile');
    await until('the model was asked', () => world.mock.steps.some(({ name }) => name === 'farewell'));
    const { code } = await server.stop();
    assert.equal(code, 0);
    assert.ok(runs(holder) && runs(held.pid));
    world.mock.release('farewell');
    await restart();
    await isTheSame(holder);
    assert.deepEqual(answers(await held.over(seq)), ['said meanwhile']);
  });

  test('no event is missing or doubled, neither for who asks nor for who follows', async () => {
    const events = await held.events();
    assertUnbroken(events);
    assertDecidedOnce(events);
    assert.equal(events[0].seq, 1);
    await follower.told('the last event', ({ seq }) => seq === events.at(-1).seq);
    assert.deepEqual(follower.events, events);
    assert.ok(follower.visits > 1 && follower.visits === follower.caught, `${follower.visits} visits, ${follower.caught} times caught up`);
    assert.deepEqual(saidIn(events), await saidInTranscript(world, held));
  });

  test('and is cancelled by the server that came after', async () => {
    await held.done('cancel');
    await until('it has left the list', async () => await held.row() === undefined);
    await until('the follower was told the end', () => follower.end);
    assert.deepEqual(follower.events, await held.events());
    assert.equal(follower.events.at(-1).type, 'exit');
    assert.ok(!runs(held.pid));
  });
});

describe('a holder is killed', () => {
  let world, server;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
  });
  after(() => world?.end());

  // Kills the holder, and waits until that is told.
  const killHolder = async held => {
    const holder = holderOf(held);
    process.kill(holder, 'SIGKILL');
    await held.event('the end', ({ type }) => type === 'exit');
    const events = await held.events();
    assertUnbroken(events);
    const [note, exit] = events.slice(-2);
    assert.deepEqual([note.type, note.code, exit.type, exit.cancelled], ['note', 'holder_lost', 'exit', false]);
    return events;
  };
  const gone = held => until(`${held.id} has left the list`, async () => await held.row() === undefined);

  test('while the model answers: that is told, and the conversation is resumed', async () => {
    const held = await start(server, { cwd: world.work, prompt: 'say before' });
    await held.over(0);
    await held.say('hold lost said into the void');
    await until('the model was asked', () => world.mock.steps.some(({ name }) => name === 'lost'));
    const follower = follow(() => server, held.id);
    await until('the follower has caught up', () => follower.caught);
    const told = await killHolder(held);
    await until('the follower was told the end', () => follower.end);
    assert.deepEqual(follower.events, told);
    // Claude Code ends with its turn, and until then it is in nobody's way but its own.
    const twin = await server.post('/sessions', { resume: held.id });
    assert.deepEqual([twin.status, twin.json.code], [409, 'live'], twin.text);
    const late = await held.post('message', { text: 'say late' });
    assert.equal(late.status, 409, late.text);
    world.mock.release('lost');
    await gone(held);
    // It is found by what it has left.
    const ended = await held.post('message', { text: 'say later' });
    assert.deepEqual([ended.status, ended.json.code], [409, 'ended'], ended.text);

    const resumed = session(server, (await server.post('/sessions', { resume: held.id })).json);
    assert.equal(resumed.id, held.id);
    assert.deepEqual(answers(await resumed.turn('say after')), ['after']);
    const events = await resumed.events();
    assertUnbroken(events);
    assert.deepEqual(events.slice(0, told.length), told);
  });

  test('while a person is asked: nobody is asked any more', async () => {
    const held = await start(server, { cwd: world.work, prompt: 'bash touch orphaned ;; say without permission' });
    const approval = await held.asked();
    const events = await killHolder(held);
    assertDecidedOnce(events);
    assert.equal(events.find(({ type }) => type === 'decision').outcome, 'withdrawn');
    await until('nothing is asked', async () => (await held.open()).length === 0);
    assert.ok((await held.decide(approval, 'allow')).status >= 400);
    await gone(held);
    assert.ok(!existsSync(join(world.work, 'orphaned')));
  });

  test('while no server is there: the next one tells', async () => {
    const held = await start(server, { cwd: world.work, prompt: 'say alone' });
    await held.over(0);
    server.child.kill('SIGKILL');
    await server.ended;
    process.kill(holderOf(held), 'SIGKILL');
    await until('it has ended', () => !runs(held.pid));
    server = await world.serve();
    held.server = server;
    await held.event('the end', ({ type }) => type === 'exit');
    assertUnbroken(await held.events());
    assert.equal(await held.row(), undefined);
  });
});
