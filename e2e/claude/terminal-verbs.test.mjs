// `session-manager new`, `send`, `tail`, `approve` and the rest, without a server, against the real Claude Code.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { SERVER_BIN } from '../server.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

describe('the verbs of the terminal', () => {
  let world, id;
  before(async () => { world = await makeWorld(); });
  after(() => world?.end());

  // Runs the program as a person would, in the project. `input` is its standard input.
  function run(words, { input = '' } = {}) {
    const child = spawn(SERVER_BIN, words, {
      cwd: world.work, env: { ...world.env, SESSION_MANAGER_HOMES: world.home, SESSION_MANAGER_LOG: 'error' },
    });
    const ran = { child, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', text => { ran.stdout += text; });
    child.stderr.setEncoding('utf8').on('data', text => { ran.stderr += text; });
    // Not every verb reads it.
    child.stdin.on('error', () => {}).end(input);
    ran.done = new Promise(done => child.on('close', code => done({ code, stdout: ran.stdout, stderr: ran.stderr })));
    return ran;
  }
  const ran = (words, options) => run(words, options).done;
  async function well(words, options) {
    const { code, stdout, stderr } = await ran(words, options);
    assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
    return stdout;
  }

  test('new starts a session that goes on without it', async () => {
    const started = JSON.parse(await well(['new', '--name', 'errand', '--json']));
    id = started.sessionId;
    assert.equal(started.holder.type, 'stdio');
    const [row] = JSON.parse(await well(['list', '--json']));
    assert.deepEqual([row.sessionId, row.holder, row.cwd], [id, 'stdio', world.work]);
  });

  test('send says something, and waits for the answer where it is asked to', async () => {
    assert.equal(await well(['send', 'errand', 'say hello', '--wait']), 'hello\n');
    assert.equal(await well(['send', id.slice(0, 8), '--wait'], { input: 'say by\nstandard input' }), 'by\nstandard input\n');
    assert.match(await well(['send', id, 'say no hurry']), new RegExp(`^Session ${id} was told\\.\n$`));
    const events = (await well(['send', id, 'say as events', '--wait', '--json'])).trimEnd().split('\n');
    assert.ok(events.map(line => JSON.parse(line)).some(({ type, text }) => type === 'assistant' && text === 'as events'));
  });

  test('a turn that fails shows in the exit code', async () => {
    const { code, stdout, stderr } = await ran(['send', id, 'fail 400', '--wait']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^session-manager: API Error: 400/);
    assert.match(await well(['tail', id, '-n', '1']), /^-- failed, /);
  });

  test('tail shows what was said', async () => {
    const text = await well(['tail', id]);
    assert.match(text, /^> say hello\nhello\n-- [\d.]+ s, 20 tokens, /m);
    const events = (await well(['tail', id, '--json'])).trimEnd().split('\n').map(line => JSON.parse(line));
    assert.deepEqual(events.map(({ seq }) => seq), events.map((_, at) => at + 1));
    const last = events.at(-1).seq;
    assert.equal(await well(['tail', id, '--after', String(last)]), '');
    const newest = (await well(['tail', id, '--json', '-n', '3'])).trimEnd().split('\n').map(line => JSON.parse(line));
    assert.deepEqual(newest, events.slice(-3));
    assert.equal((await well(['tail', id, '--json', '-n', '100000'])).trimEnd().split('\n').length, events.length);
  });

  test('approve shows what is asked, allows and denies', async () => {
    const follower = run(['tail', '-f', id]);
    const asked = run(['send', id, 'bash touch yes ;; bash touch no ;; say over', '--wait']);
    const request = async command => until(`${command} is asked`, async () => {
      const { approvals } = JSON.parse(await well(['approve', '--json']));
      return approvals.find(({ input }) => input.command === command)?.id;
    });
    const first = await request('touch yes');
    const list = await well(['approve']);
    assert.match(list, new RegExp(`^\\? ${first}\n  asks for \\d+s, session ${id}, errand, ${world.work}\n`));
    assert.match(list, /^ {2}Bash\n {4}touch yes$/m);
    assert.ok(list.includes(`  session-manager approve ${first.slice(0, 8)} --allow | --deny REASON\n`), list);
    assert.equal((await ran(['approve', first, '--always', 'session'])).code, 64);
    assert.equal(await well(['approve', 'errand']), await well(['approve', first.slice(0, 8)]));
    // By the time that this is said it may ask something else.
    const unseen = await ran(['approve', 'errand', '--allow']);
    assert.deepEqual([unseen.code, unseen.stderr.includes(`Bash: touch yes; \`session-manager approve ${first}\``)], [64, true]);
    assert.equal(await well(['approve', first.slice(0, 8), '--allow']), `Request ${first}: allowed (Bash: touch yes).\n`);
    const second = await request('touch no');
    assert.equal(await well(['approve', second, '--deny', 'Not this one.']), `Request ${second}: denied (Bash: touch no).\n`);
    const { code, stdout, stderr } = await asked.done;
    assert.deepEqual([code, stdout], [0, 'over\n']);
    assert.ok(stderr.includes(`session-manager: it asks: Bash: touch yes; answer with \`session-manager approve ${first}\``), stderr);
    assert.deepEqual(['yes', 'no'].map(name => existsSync(join(world.work, name))), [true, false]);
    assert.equal(await well(['approve']), 'Nothing is asked.\n');
    const { code: late, stderr: why } = await ran(['approve', first, '--allow']);
    assert.deepEqual([late, why.includes('Nobody asks this')], [1, true]);
    await until('tail -f has all of it', () => follower.stdout.includes('Not this one.') && follower.stdout.endsWith('so far\n'));
    follower.child.kill();
    await follower.done;
  });

  test('a question is answered', async () => {
    const question = { question: 'Which?', header: 'Pick', multiSelect: false, options: [
      { label: 'Red', description: 'r' }, { label: 'Blue', description: 'b' }] };
    const asked = run(['send', id, `tool AskUserQuestion ${JSON.stringify({ questions: [question] })} ;; say thanks`, '--wait']);
    const approval = await until('it asks', async () => JSON.parse(await well(['approve', '--json'])).approvals[0]);
    assert.match(await well(['approve', approval.id]), /^ {2}1\. Which\?\n {5}- Red: r\n {5}- Blue: b$/m);
    const { code, stderr } = await ran(['approve', approval.id, '--answer', 'Blue']);
    assert.deepEqual([code, stderr.includes('--answer NUMBER=LABEL')], [64, true]);
    await well(['approve', approval.id, '--answer', '1=Blue']);
    assert.equal((await asked.done).stdout, 'thanks\n');
    assert.match(await well(['tail', id]), /^ {2}= .*Blue/m);
  });

  test('model, mode and name are changed', async () => {
    assert.equal(await well(['model', id, 'sonnet']), `Session ${id} has the model sonnet now.\n`);
    assert.equal(await well(['mode', id, 'plan']), `Session ${id} is in the mode plan now.\n`);
    await well(['rename', id, 'other errand']);
    await until('it has its name', async () => JSON.parse(await well(['list', '--json']))[0].name === 'other errand');
    assert.equal(await well(['send', 'other errand', 'say found', '--wait']), 'found\n');
    const { code, stderr } = await ran(['mode', id, 'nonsense']);
    assert.equal(code, 1);
    assert.notEqual(stderr, '');
    await well(['mode', id, 'default']);
  });

  test('interrupt ends the turn and not the session', async () => {
    const asked = run(['send', id, 'stream on never', '--wait']);
    await until('the model is asked', () => world.mock.steps.some(({ name, shownAt }) => name === 'on' && shownAt));
    assert.equal(await well(['interrupt', id]), `Session ${id} was interrupted.\n`);
    assert.equal((await asked.done).code, 1);
    world.mock.release('on');
    assert.equal(await well(['send', id, 'say still here', '--wait']), 'still here\n');
    assert.equal(await well(['interrupt', id]), `Session ${id} has no turn to interrupt.\n`);
  });

  test('cancel ends the session, and what it said stays', async () => {
    assert.equal(await well(['cancel', id]), `Session ${id} has ended.\n`);
    await until('it is gone', async () => JSON.parse(await well(['list', '--json'])).length === 0);
    const text = await well(['tail', id.slice(0, 8)]);
    assert.match(text, /still here\n/);
    assert.match(text, /-- ended, as it was told to\n$/);
    const { code, stderr } = await ran(['send', id, 'x']);
    const resume = `session-manager new --resume ${id.slice(0, 8)}`;
    assert.deepEqual([code, stderr], [1, `session-manager: ${id} has ended; go on in it with \`${resume}\`.\n`]);
    assert.match(await well(['list', '--all']), new RegExp(` ${id.slice(0, 8)}$`, 'm'));
  });

  test('new goes on in a conversation, and kill ends its process', async () => {
    const again = JSON.parse(await until('its holder has gone', async () => {
      const { code, stdout } = await ran(['new', '--resume', id.slice(0, 8), '--json']);
      return code === 0 && stdout;
    }));
    assert.equal(again.sessionId, id);
    assert.equal(await well(['send', id, 'say once more', '--wait']), 'once more\n');
    assert.match(await well(['kill', id]), new RegExp(`^Process ${again.pid} has ended\\.\n`));
    assert.equal(await well(['cancel', '--all']), 'No session is held.\n');
  });

  test('a session at its first dialog has its id and its name', async () => {
    const cwd = join(world.home, 'untrusted');
    await mkdir(cwd);
    const { sessionId, pid } = JSON.parse(await well(['new', cwd, '--holder', 'pty', '--name', 'wary', '--json']));
    for (const who of [sessionId, sessionId.slice(0, 8), 'wary', String(pid)]) {
      assert.match(await well(['screen', who]), /trust this folder/, who);
    }
    assert.equal(JSON.parse(await well(['why', 'wary', '--json'])).pid, pid);
    assert.equal(await well(['cancel', '--all']), `Session ${sessionId} has ended.\n`);
    await until('it is gone', async () => JSON.parse(await well(['list', '--json'])).length === 0);
  });

  test('bad usage is 64', async () => {
    for (const words of [
      ['send'], ['cancel'], ['cancel', 'x', '--all'], ['approve', '--allow'], ['tail', 'nobody'], ['tail', 'abc'],
      ['kill', 'x', '--grace-ms', '60001'], ['new', '--resume', id, '--continue'], ['new', '--holder', 'screen'],
      ['new', '--fork'], ['tail', id, '-n', '0'], ['why', 'nobody'], ['rules', 'add', 'deny', 'Bash', 'rm', '--at', '0'],
    ]) {
      const { code, stdout } = await ran(words);
      assert.deepEqual([code, stdout], [64, ''], words.join(' '));
    }
  });
});
