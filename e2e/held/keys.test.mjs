// A session in a terminal of its own, for a program that has no terminal: it looks and types over HTTP.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { SERVER_BIN } from '../server.mjs';
import { openSocket } from '../truth/socket.mjs';
import { start } from './session.mjs';

const run = promisify(execFile);

describe('a session in a terminal that is driven by its keys', () => {
  let world, server, held;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
  });
  after(() => world?.end());

  const picture = async (scrollback = 0) => {
    const { status, json, text } = await held.server.get(`/sessions/${held.id}/screen?scrollback=${scrollback}`);
    assert.equal(status, 200, text);
    return json;
  };
  const text = lines => lines.map(runs => runs.map(({ text }) => text).join('')).join('\n');
  const screen = async () => text((await picture()).lines);
  const shows = words => until(`the screen shows ${words}`, async () => (await screen()).includes(words))
    .catch(async error => { throw new Error(`${error.message}\n${await screen()}`); });
  const press = (...keys) => held.done('keys', { keys });
  const type = async words => {
    await held.idle();
    await held.done('keys', { text: words, keys: ['enter'] });
  };
  // A dialog that has just come up does not take a key yet.
  const answer = (...keys) => until('the dialog is answered', async () => {
    if (!(await screen()).includes('Do you want to')) return true;
    await press(...keys);
    await new Promise(done => setTimeout(done, 400));
    return false;
  });

  test('it is started, and three turns are typed', async () => {
    held = await start(server, { cwd: world.work, holder: 'pty' });
    await shows('Claude Code v');
    for (const word of ['one', 'two', 'three']) {
      await type(`say turn ${word}`);
      await shows(`● turn ${word}`);
    }
    const { columns, rows, lines, rev, sessionId } = await picture();
    assert.deepEqual([columns, rows, lines.length, sessionId], [120, 40, 40, held.id]);
    assert.ok(rev > 0);
    assert.ok(lines.flat().some(({ fg }) => fg), 'Claude Code has colours');
  });

  test('a message is not typed behind what somebody has begun to write', async () => {
    const refused = async draft => {
      await held.idle();
      await held.done('keys', { text: draft });
      await shows(draft);
      const { status, json } = await held.post('message', { text: 'touch made-by-the-shell' });
      assert.deepEqual([status, json.code], [409, 'busy'], json.error);
      assert.ok(json.error.includes(draft), json.error);
    };
    await refused('half a thought');
    await press('ctrl-u');
    // Behind it a message would be a command for the shell, and nobody would be asked.
    await refused('!');
    await press('backspace');
    await until('the line is empty again', async () => !(await screen()).includes('for shell mode'));
    await held.say('say after the draft');
    await shows('● after the draft');
    assert.ok(!existsSync(join(world.work, 'made-by-the-shell')));
  });

  test('a permission is allowed and denied by keys', async () => {
    await type('bash touch allowed ;; say is allowed');
    await shows('Do you want to proceed?');
    assert.ok(!existsSync(join(world.work, 'allowed')));
    await answer('enter');
    await shows('● is allowed');
    assert.ok(existsSync(join(world.work, 'allowed')));
    await type('bash touch denied ;; say after it');
    await shows('Do you want to proceed?');
    await answer('escape');
    await held.idle();
    assert.ok(!existsSync(join(world.work, 'denied')));
  });

  test('a tool is interrupted while it runs', async () => {
    await type('bash touch runs; sleep 300 ;; say never');
    await shows('Do you want to proceed?');
    await answer('enter');
    await until('the tool runs', () => existsSync(join(world.work, 'runs')));
    await press('escape');
    await held.idle();
    assert.ok(!(await screen()).includes('● never'));
  });

  test('another model is chosen', async () => {
    await type('/model opus');
    await until('it is chosen', async () => {
      if (/Set model to|Kept model/.test(await screen())) return true;
      // It may ask whether to switch in the middle of a conversation.
      await press('enter');
      await new Promise(done => setTimeout(done, 400));
      return false;
    });
    await type('say with it');
    await shows('● with it');
  });

  test('its terminal gets another size', async () => {
    await held.done('resize', { columns: 60, rows: 20 });
    const { columns, rows, lines } = await until('it is drawn again', async () => {
      const now = await picture();
      return now.columns === 60 && text(now.lines).includes('───') && now;
    });
    assert.deepEqual([columns, rows, lines.length], [60, 20, 20]);
    const width = runs => runs.reduce((sum, { text, columns }) => sum + (columns ?? [...text].length), 0);
    assert.ok(lines.every(runs => width(runs) <= 60));
    const { kept, above = [] } = await picture(1000);
    assert.equal(above.length, kept);
    const refused = await held.post('resize', { columns: 1, rows: 20 });
    assert.deepEqual([refused.status, refused.json.code], [400, 'bad_request']);
    await held.done('resize', { columns: 120, rows: 40 });
  });

  test('whoever looks by the socket is told what changes', async () => {
    const frames = [];
    const socket = await openSocket({ host: '127.0.0.1', port: server.port }, '/ws', data => frames.push(JSON.parse(data)));
    const screens = () => frames.filter(({ type }) => type === 'screen').map(({ screen }) => screen);
    try {
      await until('the list has come', () => frames.some(({ type }) => type === 'snapshot'));
      socket.say(JSON.stringify({ type: 'look', sessionId: held.id }));
      const [first] = await until('the picture has come', () => screens().length && screens());
      assert.equal(first.type, 'whole');
      await press('h', 'i', '!');
      await until('the line has come', () => screens().some(({ type, lines }) => type === 'changed' && text(lines.map(({ runs }) => runs)).includes('hi!')));
      await press('ctrl-u');
      socket.say(JSON.stringify({ type: 'look_away', sessionId: held.id }));
    } finally {
      await socket.close();
    }
  });

  test('the command line prints the screen and presses keys', async () => {
    const env = { ...process.env, SESSION_MANAGER_HOMES: world.home, HOME: world.home };
    const cli = (...words) => run(SERVER_BIN, words, { env, cwd: world.work });
    assert.match((await cli('screen', held.id.slice(0, 8))).stdout, /● with it/);
    assert.match((await cli('screen', held.id, '--ansi')).stdout, /\x1b\[/);
    assert.equal(JSON.parse((await cli('screen', held.id, '--json')).stdout).columns, 120);
    await cli('keys', held.id, '--text', 'say by the command line', 'enter');
    await shows('● by the command line');
    await assert.rejects(cli('keys', held.id, 'hyper-x'), ({ code }) => code === 64 || code === 2);
  });

  test('a server that is killed in the middle of a turn is followed by one that sees it', async () => {
    await type('stream going after it');
    await shows('word word');
    server.child.kill('SIGKILL');
    await server.ended;
    server = held.server = await world.serve();
    world.mock.release('going');
    await held.idle();
    await type('say seen again');
    await shows('● seen again');
    const said = (await held.events()).filter(({ type, text }) => type === 'assistant' && text === 'seen again');
    assert.equal(said.length, 1);
  });

  test('it goes on in a copy, and the original is continued', async () => {
    const original = held;
    held = await start(server, { resume: original.id, fork: true, holder: 'pty' });
    assert.notEqual(held.id, original.id);
    await shows('● seen again');
    await type('say in the copy');
    await shows('● in the copy');
    await held.done('cancel');
    const gone = await held.post('keys', { keys: ['enter'] });
    assert.deepEqual([gone.status, gone.json.code], [409, 'ended'], gone.text);
    const { status } = await held.server.get(`/sessions/${held.id}/screen`);
    assert.equal(status, 409);
    await original.done('cancel');
    held = await start(server, { cwd: world.work, continue: true, holder: 'pty' });
    await shows('● seen again');
    await held.done('cancel');
  });

  test('a session without a terminal says where it is talked to', async () => {
    const plain = await start(server, { cwd: world.work });
    const { status, json } = await server.get(`/sessions/${plain.id}/screen`);
    assert.deepEqual([status, json.code], [409, 'not_held']);
    assert.match(json.error, /no terminal/);
    const refused = await plain.post('keys', { keys: ['enter'] });
    assert.deepEqual([refused.status, refused.json.code], [409, 'not_held']);
    await plain.done('cancel');
  });
});
