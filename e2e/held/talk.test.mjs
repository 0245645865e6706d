// Talking to a session that the server holds: turns, messages, interruptions, and what it runs with.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { follow } from './follower.mjs';
import { answers, assertDecidedOnce, assertUnbroken, results, start } from './session.mjs';

// Claude Code takes 5 s for a prompt of 10 MB on an idle machine (2.1.329).
const LONG_MS = 90_000;

describe('a held session is talked to', () => {
  let world, server, held;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    held = await start(server, { cwd: world.work, prompt: 'say hello' });
  });
  after(() => world?.end());

  test('its first prompt is answered, and two more', async () => {
    const first = await held.over(0);
    assert.deepEqual(answers(first), ['hello']);
    assert.equal(first.find(({ type }) => type === 'user').text, 'say hello');
    for (const word of ['second', 'third']) assert.deepEqual(answers(await held.turn(`say ${word}`)), [word]);

    const events = await held.events();
    assertUnbroken(events);
    assert.equal(events[0].seq, 1);
    assert.deepEqual(events.filter(({ type }) => type === 'usage').map(({ subtype, isError }) => [subtype, isError]), [
      ['success', false], ['success', false], ['success', false],
    ]);
    await held.idle();
  });

  test('what is being written is told piece by piece, and then as a whole', async () => {
    const { seq } = await held.say('stream piecemeal at last');
    const follower = follow(() => server, held.id, seq);
    await until('some pieces came', () => follower.deltas.length > 2);
    assert.ok(!follower.events.some(({ type }) => type === 'assistant'));
    world.mock.release('piecemeal');
    const whole = await follower.told('the answer', ({ type }) => type === 'assistant');
    assert.match(whole.text, /^(word )+at last$/);
    const pieces = follower.deltas.filter(({ kind }) => kind === 'text').map(({ text }) => text).join('');
    assert.ok(whole.text.endsWith(pieces) && pieces.endsWith('at last'), pieces);
    follower.close();
    await held.over(seq);
  });

  test('an interruption keeps what was written until then, and the next message is answered', async () => {
    const { seq } = await held.say('stream cut never');
    const follower = follow(() => server, held.id, seq);
    await until('some pieces came', () => follower.deltas.length > 2);
    follower.close();
    assert.equal((await held.done('interrupt')).outcome, 'interrupted');
    const events = await held.over(seq);
    assert.match(answers(events).join(''), /^(word )+/);
    assert.ok(events.some(({ type, code }) => type === 'note' && code === 'interrupted'), JSON.stringify(events));
    assert.deepEqual(answers(await held.turn('say after the cut')), ['after the cut']);
  });

  test('a command that runs is interrupted', async () => {
    const { seq } = await held.say('bash echo begun && touch runs && sleep 1000 ;; say never');
    await held.decided(await held.asked(), 'allow');
    await until('the command runs', () => existsSync(join(world.work, 'runs')));
    assert.equal((await held.done('interrupt')).outcome, 'interrupted');
    const events = await held.over(seq);
    assert.deepEqual(results(events).map(({ isError }) => isError), [true]);
    assert.deepEqual(answers(events), []);
    assert.deepEqual(answers(await held.turn('say after the command')), ['after the command']);
  });

  test('an interruption takes back what is asked', async () => {
    const { seq } = await held.say('bash touch withdrawn ;; say never');
    const approval = await held.asked();
    await held.done('interrupt');
    const events = await held.over(seq);
    const { outcome, by } = events.find(({ type }) => type === 'decision');
    assert.deepEqual([outcome, by], ['withdrawn', 'session']);
    assert.deepEqual(await held.open(), []);
    const late = await held.decide(approval, 'allow');
    assert.equal(late.status, 409, late.text);
    assert.ok(!existsSync(join(world.work, 'withdrawn')));
    await held.idle();
  });

  test('without a turn there is nothing to interrupt', async () => {
    assert.equal((await held.done('interrupt')).outcome, 'idle');
    assert.deepEqual(answers(await held.turn('say still here')), ['still here']);
  });

  test('a message while a turn runs waits for its end', async () => {
    const { seq, outcome } = await held.say('hold turn first');
    assert.equal(outcome, 'sent');
    await until('the model was asked', () => world.mock.steps.some(({ name }) => name === 'turn'));
    assert.equal((await held.say('say second')).outcome, 'queued');
    world.mock.release('turn');
    await held.event('the second answer', ({ type, text }) => type === 'assistant' && text === 'second', seq);
    assert.deepEqual(answers(await held.events(seq)), ['first', 'second']);
    await held.idle();
  });

  test('a message that is sent twice under one id is said once', async () => {
    const uuid = randomUUID();
    const { seq, outcome, uuid: same } = await held.say('say just once', { uuid });
    assert.deepEqual([outcome, same], ['sent', uuid]);
    assert.equal((await held.say('say just once', { uuid })).outcome, 'already_sent');
    await held.over(seq);
    assert.equal((await held.say('say just once', { uuid })).outcome, 'already_sent');
    await held.turn('say something else');
    const events = await held.events();
    assert.equal(events.filter(event => event.uuid === uuid).length, 1);
    assert.equal(answers(events).filter(text => text === 'just once').length, 1);
  });

  test('the model is switched', async () => {
    assert.equal((await held.done('model', { model: 'haiku' })).outcome, 'changed');
    const { seq } = await held.say('say by another');
    await held.over(seq);
    const status = (await held.events()).findLast(({ type }) => type === 'status');
    assert.match(status.model, /haiku/);
  });

  test('the permission mode is switched, and decides from then on', async () => {
    assert.equal((await held.done('permission-mode', { permissionMode: 'acceptEdits' })).outcome, 'changed');
    const file = join(world.work, 'accepted');
    const write = JSON.stringify({ file_path: file, content: 'written\n' });
    const events = await held.turn(`tool Write ${write} ;; say written`);
    assert.deepEqual(answers(events), ['written']);
    assert.ok(existsSync(file));
    assert.ok(!events.some(({ type }) => type === 'approval'));
    const status = (await held.events()).findLast(({ type }) => type === 'status');
    assert.equal(status.permissionMode, 'acceptEdits');

    const refused = await held.post('permission-mode', { permissionMode: 'nonsense' });
    assert.ok(refused.status >= 400 && refused.status < 500, refused.text);
    await held.done('permission-mode', { permissionMode: 'default' });
    assert.deepEqual(answers(await held.turn('say in default mode')), ['in default mode']);
  });

  test('it is renamed, and the list says so', async () => {
    assert.equal((await held.done('rename', { name: 'A name of its own' })).outcome, 'changed');
    await until('the row has the name', async () => (await held.row()).name === 'A name of its own');
  });

  test('a conversation that is cleared goes on in the same session', async () => {
    const { seq } = await held.say('/clear');
    await held.event('a note', ({ type, code }) => type === 'note' && code === 'cleared', seq);
    // Claude Code calls it by another id from now on; the one that it was started under is still its own. List and holder
    // learn of it by ways of their own.
    const sessionId = await until('it has another id', async () => {
      const { sessionId: listed } = await held.row();
      return listed !== held.id && (await held.done('interrupt')).sessionId === listed && listed;
    });
    for (const id of [held.id, sessionId]) {
      const { status, json } = await server.post(`/sessions/${id}/message`, { text: `say cleared for ${id}` });
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.sessionId, sessionId);
      assert.deepEqual(answers(await held.over(json.seq)), [`cleared for ${id}`]);
    }
    assertUnbroken(await held.events());
  });

  test('what has no words is refused', async () => {
    for (const text of ['', ' \n']) assert.equal((await held.post('message', { text })).json.code, 'bad_request');
    assert.equal((await held.post('model', { model: '' })).json.code, 'bad_request');
    assert.equal((await held.post('rename', { name: 'a\u0007b' })).json.code, 'bad_request');
  });

  test('each approval was decided once, and no number is missing', async () => {
    const events = await held.events();
    assertUnbroken(events);
    assertDecidedOnce(events);
  });
});

describe('what a held session is told and says may be anything', () => {
  let world, server, held;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    held = await start(server, { cwd: world.work });
  });
  after(() => world?.end());

  test('a session without a prompt waits for a message', async () => {
    assert.equal((await held.row()).state, 'idle');
    assert.deepEqual(answers(await held.turn('say begun')), ['begun']);
  });

  test('a NUL, line ends of every kind and half a character', async () => {
    const text = 'say a\u0000b\u2028c\rd\u0085e';
    const { seq, uuid } = await held.say(text);
    const events = await held.over(seq);
    assert.equal((await held.events()).find(event => event.uuid === uuid).text, text);
    assert.ok(answers(events).length === 1 && answers(events)[0].startsWith('a'), JSON.stringify(events));
    const half = await held.server.request('POST', `/sessions/${held.id}/message`, { body: '{"text":"say half \\ud800 done"}' });
    assert.deepEqual([half.status, half.json.code], [400, 'bad_request']);
    assert.deepEqual(answers(await held.turn('say whole')), ['whole']);
  });

  test('a tool\'s output that is no text', async () => {
    const { seq } = await held.say('bash head -c 5000 /bin/sh; printf "\\377\\376\\000end" ;; say printed');
    await held.decided(await held.asked(), 'allow');
    const events = await held.over(seq);
    assert.deepEqual(answers(events), ['printed']);
    assert.equal(results(events).length, 1);
  });

  test('a prompt of 10 MB', async () => {
    const text = `say big ${'x'.repeat(10 * 1024 * 1024)}`;
    const { seq, uuid } = await held.say(text);
    await held.over(seq, LONG_MS);
    // The log keeps the beginning of an event that has more than a megabyte.
    const kept = (await held.events()).find(event => event.uuid === uuid).text;
    assert.ok(kept.length > 500_000 && kept.startsWith(text.slice(0, 500_000)), `${kept.length} characters are kept`);
    // Claude Code compacts the conversation first.
    const next = await held.say('say small');
    assert.equal(answers(await held.over(next.seq, LONG_MS)).at(-1), 'small');
  });

  test('one that is too large is refused', async () => {
    const head = [
      `POST /sessions/${held.id}/message HTTP/1.1`, `Host: 127.0.0.1:${server.port}`,
      'Content-Type: application/json', `Content-Length: ${17 * 1024 * 1024}`,
    ];
    // What is announced is enough; nobody waits for it.
    const { status, json } = await server.raw(`${head.join('\r\n')}\r\n\r\n{"text":"`);
    assert.deepEqual([status, json.code], [413, 'too_large']);
    assert.equal(answers(await held.turn('say unharmed')).at(-1), 'unharmed');
  });
});
