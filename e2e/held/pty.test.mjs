// Sessions that are held in a terminal of their own, and those who attach to it.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { SERVER_BIN } from '../server.mjs';

describe('a session held in a terminal', () => {
  let world, server, id, terminal;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
  });
  after(() => world?.end());

  const post = (verb, body = {}) => server.post(`/sessions/${id}/${verb}`, body);
  async function done(verb, body) {
    const { status, json, text } = await post(verb, body);
    assert.equal(status, 200, text);
    return json;
  }
  const row = async () => (await server.get('/sessions')).json.find(({ sessionId }) => sessionId === id);
  const rests = () => until('it is idle', async () => (await row())?.state === 'idle');
  const said = async (since = 0) => {
    const { text } = await server.get(`/sessions/${id}/output?after=${since}`);
    return text.split('\n').filter(Boolean).map(line => JSON.parse(line));
  };
  const attach = () => world.terminals.open([SERVER_BIN, 'attach', id.slice(0, 8)], world.work, { SESSION_MANAGER_HOMES: world.home });

  test('it is started, and says its first prompt', async () => {
    const { status, json, text } = await server.post('/sessions', { cwd: world.work, holder: 'pty', prompt: 'say hello', name: 'errand' });
    assert.equal(status, 201, text);
    id = json.sessionId;
    assert.deepEqual(json.holder, { type: 'pty', attach: `session-manager attach ${id}` });
    await until('the answer is written', async () => (await said()).some(({ type, text }) => type === 'assistant' && text === 'hello'));
    await rests();
    const { holder, stateSource, name, key } = await row();
    assert.deepEqual([holder, stateSource, name, key], ['pty', 'registry', 'errand', json.key]);
  });

  test('whoever attaches sees what it shows, and types', async () => {
    terminal = await attach();
    await terminal.shows('Claude Code v');
    await terminal.shows('● hello');
    await terminal.say('say typed by hand');
    await terminal.shows('● typed by hand');
    // Claude Code shows it before it writes it.
    await until('the answer is written', async () => (await said()).some(({ type, text }) => type === 'assistant' && text === 'typed by hand'));
    await rests();
  });

  test('a message is typed, however many lines it has', async () => {
    const { outcome, seq } = await done('message', { text: 'say first\nand second' });
    assert.equal(outcome, 'sent');
    await terminal.shows('● first and second');
    const answer = await until('the answer is written', async () => (await said(seq)).find(({ type }) => type === 'assistant'));
    assert.equal(answer.text, 'first\nand second');
    await rests();
  });

  test('two see the same, and each leaves without ending it', async () => {
    const other = await attach();
    await other.shows('● first and second');
    const bare = text => text.split('\n').map(line => line.trimEnd()).join('\n').trim();
    await until('both show the same', async () => bare(await other.screen()) === bare(await terminal.screen()));
    await other.press('C-b');
    await other.press('d');
    await other.ended();
    assert.equal((await row()).state, 'idle');
    await terminal.say('say still attached');
    await terminal.shows('● still attached');
    await rests();
  });

  test('while it asks nothing is typed that would answer it', async () => {
    await done('message', { text: 'bash touch asked ;; say asked' });
    await until('it asks', async () => (await row()).state === 'waiting_permission');
    const refused = await post('message', { text: 'say anything' });
    assert.deepEqual([refused.status, refused.json.code], [409, 'busy'], refused.text);
    assert.ok(!existsSync(join(world.work, 'asked')));
    await terminal.shows('Do you want to proceed?');
    // A prompt that has just come up does not take a key yet.
    await until('it is allowed', async () => {
      if (!(await terminal.screen()).includes('Do you want to')) return true;
      await terminal.press('Enter');
      await new Promise(done => setTimeout(done, 300));
      return false;
    });
    await terminal.shows('● asked');
    assert.ok(existsSync(join(world.work, 'asked')));
    await rests();
  });

  test('it is renamed at its prompt', async () => {
    assert.equal((await done('rename', { name: 'another name' })).outcome, 'changed');
    await until('the row has the name', async () => (await row()).name === 'another name');
  });

  test('a turn is interrupted, and without one nothing is', async () => {
    await done('message', { text: 'stream cut never' });
    await terminal.shows('word word');
    const refused = await post('rename', { name: 'too early' });
    assert.deepEqual([refused.status, refused.json.code], [409, 'busy'], refused.text);
    assert.equal((await done('interrupt')).outcome, 'interrupted');
    await terminal.shows('Interrupted');
    await rests();
    assert.equal((await done('interrupt')).outcome, 'idle');
  });

  test('a server that is killed is followed by one that knows it', async () => {
    server.child.kill('SIGKILL');
    await server.ended;
    await terminal.say('say nobody serves');
    await terminal.shows('● nobody serves');
    server = await world.serve();
    assert.equal((await row()).holder, 'pty');
    assert.equal((await done('message', { text: 'say served again' })).outcome, 'sent');
    await terminal.shows('● served again');
    await rests();
  });

  test('it ends by a cancel, with those who are attached, and what was said stays', async () => {
    assert.equal((await done('cancel')).outcome, 'cancelled');
    await terminal.ended();
    await until('it is gone', async () => await row() === undefined);
    assert.ok((await said()).some(({ type, text }) => type === 'assistant' && text === 'served again'));
  });

  test('it is gone on in, and dies with the session that it shows', async () => {
    const { status, json, text } = await server.post('/sessions', { resume: id, holder: 'pty' });
    assert.equal(status, 201, text);
    assert.equal(json.sessionId, id);
    const again = await attach();
    await again.shows('● served again');
    await again.say('/exit');
    await again.ended();
    await until('it is gone', async () => await row() === undefined);
  });

  test('what can not begin says why', async () => {
    const { status, json } = await server.post('/sessions', { cwd: world.work, holder: 'pty', permissionMode: 'nonsense' });
    assert.equal(status, 503);
    assert.match(json.error, /ended as soon as it was started.*permission-mode/);
  });
});
