// Sessions in the user's tmux: started there, talked to there, and told of by their transcripts.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { commandOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { SERVER_BIN } from '../server.mjs';
import { follow } from './follower.mjs';
import { answers, saidIn, saidInTranscript, session, start } from './session.mjs';

const execute = promisify(execFile);

// Waits until the session has answered so after this event, and rests. Returns what followed the event.
async function answered(held, seq, text) {
  await held.event(`the answer ${text}`, ({ type, text: said }) => type === 'assistant' && said === text, seq);
  await held.idle();
  return held.events(seq);
}

const said = async (held, text, answer) => {
  const { seq, outcome } = await held.say(text);
  assert.equal(outcome, 'sent');
  return answered(held, seq, answer);
};

const stateIs = (held, state) => until(`${held.id} is ${state}`, async () => (await held.row())?.state === state);

const refused = async (held, verb, body) => {
  const { status, json, text } = await held.post(verb, body);
  assert.equal(status, 409, text);
  return json.code;
};

// A prompt that has just come up does not take a key yet.
const allow = terminal => until('the prompt has been answered', async () => {
  if (!(await terminal.screen()).includes('Do you want to')) return true;
  await terminal.press('Enter');
  await new Promise(done => setTimeout(done, 300));
  return false;
});

describe('a session that is started in tmux', () => {
  let world, server, held, terminal, follower;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
  });
  after(async () => {
    follower?.close();
    await world?.end();
  });

  test('lives in a terminal of its own and has been told its first message', async () => {
    const { status, json, text } = await server.post('/sessions', {
      cwd: world.work, holder: 'tmux', prompt: 'say first\nand second', name: 'errand', permissionMode: 'manual',
    });
    assert.equal(status, 201, text);
    held = session(server, json);
    const name = `claude-${held.id.slice(0, 8)}`;
    assert.deepEqual(json.holder, { type: 'tmux', session: name, attach: `tmux attach -t ${name}` });
    assert.equal(json.note, undefined);
    assert.ok(!commandOf(held.pid).some(word => word.includes('and second')));
    follower = follow(() => server, held.id);
    await answered(held, 0, 'first\nand second');
    const { holder, key, sessionId, name: called, tmux } = await held.row();
    assert.deepEqual([holder, key, sessionId, called, tmux.split(':')[0]], ['tmux', held.key, held.id, 'errand', name]);
    terminal = await world.holder.attach(name);
    await terminal.shows('● first and second');
  });

  test('three turns, and a message is said once under its name', async () => {
    for (const turn of ['one', 'two', 'three']) {
      assert.deepEqual(answers(await said(held, `say turn ${turn}`, `turn ${turn}`)), [`turn ${turn}`]);
    }
    const uuid = '607b503a-f1d9-4125-9748-6f1933188683';
    const { seq, outcome } = await held.say('say named', { uuid });
    assert.equal(outcome, 'sent');
    await answered(held, seq, 'named');
    assert.equal((await held.say('say named', { uuid })).outcome, 'already_sent');
    const all = (await held.events()).filter(({ type, text }) => type === 'user' && text === 'say named');
    assert.equal(all.length, 1);
  });

  test('two messages at once are two messages', async () => {
    const both = await Promise.all([held.say('say left'), held.say('say right')]);
    const seq = Math.min(...both.map(({ seq }) => seq));
    await held.event('both', ({ type, text }) => type === 'assistant' && text === 'left', seq);
    await held.event('both', ({ type, text }) => type === 'assistant' && text === 'right', seq);
    await held.idle();
  });

  test('somebody who scrolls does not keep a message from it', async () => {
    await world.holder.run('copy-mode', '-t', terminal.name);
    await said(held, 'say through\nthe copy mode', 'through\nthe copy mode');
  });

  test('while it asks nothing is typed', async () => {
    const { seq } = await held.say('bash touch asked ;; say asked');
    await stateIs(held, 'waiting_permission');
    await terminal.shows('Do you want to proceed?');
    assert.equal(await refused(held, 'message', { text: '1' }), 'busy');
    assert.equal(await refused(held, 'rename', { name: 'y' }), 'busy');
    assert.equal(await refused(held, 'model', { model: 'sonnet' }), 'busy');
    assert.ok((await terminal.screen()).includes('Do you want to proceed?'));
    assert.ok(!existsSync(join(world.work, 'asked')));
    await allow(terminal);
    await answered(held, seq, 'asked');
    assert.ok(existsSync(join(world.work, 'asked')));
  });

  test('what it asks can be declined by an interrupt', async () => {
    await held.say('bash touch never ;; say never');
    await stateIs(held, 'waiting_permission');
    await terminal.shows('Do you want to proceed?');
    await until('it takes the key', async () => {
      await held.done('interrupt');
      return (await held.row()).state === 'idle';
    });
    assert.ok(!existsSync(join(world.work, 'never')));
  });

  test('it is renamed, and not while it works', async () => {
    assert.equal((await held.done('rename', { name: 'another name' })).outcome, 'changed');
    await until('the row has the name', async () => (await held.row()).name === 'another name');
  });

  test('a command is interrupted in its middle, and what is said meanwhile comes next', async () => {
    const { seq } = await held.say('bash touch begun && sleep 1000 ;; say never');
    await stateIs(held, 'waiting_permission');
    await terminal.shows('Do you want to proceed?');
    await allow(terminal);
    await until('the command runs', () => existsSync(join(world.work, 'begun')));
    await stateIs(held, 'working');
    assert.equal(await refused(held, 'rename', { name: 'too early' }), 'busy');
    assert.equal((await held.done('interrupt')).outcome, 'interrupted');
    await held.idle();
    assert.equal((await held.done('interrupt')).outcome, 'idle');
    assert.deepEqual(answers(await held.events(seq)), []);
    const { seq: next } = await held.say('hold later said after');
    await until('the model was asked', () => world.mock.steps.some(({ name }) => name === 'later'));
    await stateIs(held, 'working');
    assert.equal((await held.say('say queued')).outcome, 'queued');
    world.mock.release('later');
    await answered(held, next, 'queued');
  });

  test('a server that is killed in a turn is followed by one that goes on with it', async () => {
    const { seq } = await held.say('hold silence said to nobody');
    await until('the model was asked', () => world.mock.steps.some(({ name }) => name === 'silence'));
    server.child.kill('SIGKILL');
    await server.ended;
    world.mock.release('silence');
    await until('the transcript has the answer', async () => (await readFile(await world.transcriptOf(held.id), 'utf8')).includes('"said to nobody"'));
    server = await world.serve();
    held.server = server;
    await answered(held, seq, 'said to nobody');
    assert.deepEqual([(await held.row()).key, (await held.row()).holder], [held.key, 'tmux']);
    await said(held, 'say heard again', 'heard again');
    // It was told to the server before.
    const uuid = '607b503a-f1d9-4125-9748-6f1933188683';
    assert.equal((await held.say('say named', { uuid })).outcome, 'already_sent');
  });

  test('no event is missing or doubled, neither for who asks nor for who follows', async () => {
    const events = await held.events();
    assert.deepEqual(saidIn(events), await saidInTranscript(world, held));
    const numbers = events.map(({ seq }) => seq);
    assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
    await follower.told('the last event', ({ seq }) => seq === events.at(-1).seq);
    assert.deepEqual(saidIn(follower.events), saidIn(events));
  });

  test('the command line talks to it, and attaches', async () => {
    // The mocked model has to answer meanwhile.
    const run = async (...words) => (await execute(SERVER_BIN, words, { env: { ...world.env, SESSION_MANAGER_HOMES: world.home } })).stdout;
    assert.match(await run('send', 'another name', 'say something'), /was told/);
    await until('it has answered', async () => answers(await held.events()).includes('something'));
    await held.idle();
    assert.equal(await run('send', 'another name', 'say by hand', '--wait'), 'by hand\n');
    await held.idle();
    // tmux shows no session within another one.
    const words = ['-u', 'TMUX', SERVER_BIN, 'attach', held.id.slice(0, 8)];
    const seat = await world.terminals.open(words, world.work, { SESSION_MANAGER_HOMES: world.home, TMUX_TMPDIR: join(world.root, 'tmux') });
    await seat.shows('by hand');
  });

  test('the log of what was done has it', async () => {
    const { entries } = (await server.get('/audit')).json;
    const of = verb => entries.filter(entry => entry.verb === verb && entry.target?.sessionId === held.id).map(({ outcome }) => outcome);
    assert.deepEqual(of('start'), ['started']);
    assert.ok(of('message').includes('sent') && of('message').includes('busy') && of('message').includes('already_sent'), of('message').join());
    assert.ok(of('interrupt').includes('interrupted'));
  });

  test('it is cancelled in a turn, and what it has written stays', async () => {
    const { seq } = await held.say('stream cut never');
    await terminal.shows('word word');
    assert.equal((await held.done('cancel')).outcome, 'cancelled');
    await until('it has left the list', async () => await held.row() === undefined);
    await terminal.ended();
    assert.ok((await held.events(seq)).some(({ type }) => type === 'user'));
    assert.equal(await refused(held, 'message', { text: 'say late' }), 'ended');
    const { entries } = (await server.get('/audit')).json;
    assert.ok(entries.some(({ verb, outcome }) => verb === 'cancel' && outcome === 'exited'));
  });

  test('it is gone on in, continued and forked', async () => {
    const again = await start(server, { resume: held.id, holder: 'tmux' });
    assert.equal(again.id, held.id);
    await said(again, 'say resumed', 'resumed');
    const twin = await server.post('/sessions', { resume: held.id, holder: 'tmux' });
    assert.deepEqual([twin.status, twin.json.code], [409, 'live'], twin.text);

    const copy = await start(server, { resume: held.id, fork: true, holder: 'tmux', prompt: 'say on a branch' });
    assert.notEqual(copy.id, held.id);
    await answered(copy, 0, 'on a branch');
    assert.ok(answers(await copy.events()).includes('resumed'));
    assert.ok(!answers(await again.events()).includes('on a branch'));
    await copy.done('cancel');
    await again.done('cancel');
    await until('both have left the list', async () => (await server.get('/sessions')).json.length === 0);

    const newest = await start(server, { cwd: world.work, continue: true, holder: 'tmux', prompt: 'say continued' });
    assert.ok([held.id, copy.id].includes(newest.id));
    await newest.event('the answer', ({ type, text }) => type === 'assistant' && text === 'continued');
    await newest.idle();
    await newest.done('cancel');
  });

  test('it runs with the model that was asked for, and is told another', async () => {
    const fresh = await start(server, { cwd: world.work, holder: 'tmux', model: 'sonnet' });
    await fresh.idle();
    const { outcome } = await fresh.done('model', { model: 'opus' });
    assert.equal(outcome, 'changed');
    await fresh.idle();
    await said(fresh, 'say which', 'which');
    const lines = (await readFile(await world.transcriptOf(fresh.id), 'utf8')).split('\n').filter(Boolean).map(line => JSON.parse(line));
    assert.match(lines.find(({ type }) => type === 'assistant').message.model, /opus/);
    await fresh.done('cancel');
  });

  test('what can not begin says why, and leaves no terminal', async () => {
    const { status, json } = await server.post('/sessions', { cwd: world.work, holder: 'tmux', permissionMode: 'nonsense' });
    assert.equal(status, 500);
    assert.match(json.error, /permission-mode/);
    assert.deepEqual((await server.get('/sessions')).json, []);
  });
});

describe('a session that somebody has started in tmux', () => {
  let world, server, mine, told;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    mine = await world.session();
    told = session(server, mine);
  });
  after(() => world?.end());

  test('is talked to where it is', async () => {
    assert.equal((await told.row()).holder, 'tmux');
    await said(told, 'say from outside', 'from outside');
    await mine.shows('● from outside');
    await mine.say('say by hand');
    await mine.shows('● by hand');
    await told.idle();
    // By its pid as well.
    assert.equal((await server.post(`/sessions/${mine.pid}/message`, { text: 'say by pid' })).json.outcome, 'sent');
    await mine.shows('● by pid');
    await told.idle();
  });

  test('not where what is typed goes elsewhere too', async () => {
    await world.terminals.run('set-option', '-w', '-t', mine.name, 'synchronize-panes', 'on');
    assert.equal(await refused(told, 'message', { text: 'say nothing' }), 'busy');
    await world.terminals.run('set-option', '-w', '-t', mine.name, 'synchronize-panes', 'off');
    await world.terminals.run('select-pane', '-d', '-t', mine.name);
    assert.equal(await refused(told, 'message', { text: 'say nothing' }), 'busy');
    await world.terminals.run('select-pane', '-e', '-t', mine.name);
    await said(told, 'say again', 'again');
  });

  test('and not where another program has its terminal', async () => {
    const other = await world.underShell();
    const job = session(server, other);
    await job.idle();
    await said(job, 'say in a shell', 'in a shell');
    await other.signal('STOP');
    await stateIs(job, 'stopped');
    assert.equal(await refused(job, 'message', { text: 'touch typed' }), 'busy');
    await other.signal('CONT');
    await said(job, 'say back', 'back');
  });

  test('nor into the editor that it has opened', async () => {
    const editor = join(world.root, 'editor');
    await writeFile(editor, '#!/bin/sh\necho edits; exec cat\n', { mode: 0o755 });
    const writes = await world.session([], { environment: { EDITOR: editor, VISUAL: editor } });
    const job = session(server, writes);
    await writes.press('-l', 'say nothing');
    await writes.shows('say nothing');
    await writes.press('C-g');
    await writes.shows('edits');
    assert.equal(await refused(job, 'message', { text: 'into the editor' }), 'busy');
    await writes.press('C-d');
    await until('it is back', async () => (await job.post('interrupt')).status === 200);
    assert.ok(!(await writes.screen()).includes('into the editor'));
  });

  test('a terminal that is not tmux\'s is refused, also where its variables say tmux', async () => {
    const script = 'exec script -qfc "claude --permission-mode manual" /dev/null';
    const shell = await world.terminals.open(['bash', '-c', script], world.work);
    const pid = await until('it has registered', async () => {
      const rows = (await server.get('/sessions')).json;
      const found = rows.find(row => row.state === 'idle' && row.tmux?.startsWith(`${shell.name}:`));
      if (found) assert.equal(found.holder, null);
      return found?.pid;
    });
    const { status, json } = await server.post(`/sessions/${pid}/message`, { text: 'say nothing' });
    assert.deepEqual([status, json.code], [409, 'not_held']);
    await shell.shows('Claude Code v');
    assert.ok(!(await shell.screen()).includes('say nothing'));
    assert.equal((await server.post(`/sessions/${pid}/kill`, {})).json.outcome, 'exited');
    await shell.ended();
  });
});

describe('a session in tmux, where our hook asks', () => {
  let world, server, held;
  before(async () => {
    world = await makeWorld();
    server = await world.serve({ config: 'approval_wait_sec = 60\n' });
    execFileSync(SERVER_BIN, ['hooks', 'install', '--approvals'], { env: world.env });
    held = await start(server, { cwd: world.work, holder: 'tmux' });
  });
  after(() => world?.end());

  test('is allowed and denied from here, with a reason', async () => {
    const { seq } = await held.say('bash touch allowed ;; bash touch denied ;; say over');
    const first = await held.asked();
    assert.deepEqual([first.source, first.key, first.input.command], ['hook', held.key, 'touch allowed']);
    assert.equal(await refused(held, 'message', { text: '1' }), 'busy');
    await held.decided(first, 'allow');
    const second = await held.asked(({ input }) => input.command === 'touch denied');
    await held.decided(second, 'deny', { reason: 'not on a Sunday' });
    const events = await answered(held, seq, 'over');
    assert.deepEqual(['allowed', 'denied'].map(name => existsSync(join(world.work, name))), [true, false]);
    assert.ok(events.some(({ type, text }) => type === 'tool_result' && text.includes('not on a Sunday')));
  });
});
