// Sessions that the server starts: where they begin, why they do not, how they end and go on.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { keyOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { follow } from './follower.mjs';
import { answers, assertUnbroken, session, start } from './session.mjs';

const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('a session is started', () => {
  let world, server;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
  });
  after(() => world?.end());

  const refused = async (request, status, code) => {
    const answer = await server.post('/sessions', request);
    assert.deepEqual([answer.status, answer.json.code], [status, code], answer.text);
    return answer.json;
  };
  const gone = held => until(`${held.id} has left the list`, async () => await held.row() === undefined);
  const cancelled = async held => {
    assert.equal((await held.done('cancel')).outcome, 'cancelled');
    await gone(held);
  };
  const exitOf = async held => (await held.events()).findLast(({ type }) => type === 'exit');

  test('it lives, under the key and in the directory that the answer and the list name', async () => {
    const cwd = join(world.work, 'a project with spaces & ümläuts');
    await mkdir(cwd);
    const held = await start(server, { cwd, name: '--named like an option' });
    assert.equal(held.key, keyOf(held.pid));
    const row = await held.row();
    assert.deepEqual([row.sessionId, row.cwd, row.pid], [held.id, cwd, held.pid]);
    await until('the row has the name', async () => (await held.row()).name === '--named like an option');
    assert.deepEqual(answers(await held.turn('say named')), ['named']);
    await cancelled(held);
  });

  test('not where there is no directory', async () => {
    await writeFile(join(world.work, 'a file'), '');
    for (const cwd of [join(world.work, 'missing'), join(world.work, 'a file'), 'work', '.', '']) {
      await refused({ cwd }, 400, 'bad_cwd');
    }
    await refused({}, 400, 'bad_cwd');
    await refused({ cwd: `${world.work}\u0000` }, 400, 'bad_request');
  });

  test('not with what makes no sense', async () => {
    const cwd = world.work;
    await refused({ cwd, prompt: ' ' }, 400, 'bad_request');
    await refused({ cwd, fork: true }, 400, 'bad_request');
    await refused({ cwd, resume: NOBODY, continue: true }, 400, 'bad_request');
    await refused({ cwd, model: 'a\nb' }, 400, 'bad_request');
    await refused({ cwd, resume: NOBODY }, 404, 'no_conversation');
    await refused({ cwd: world.home, continue: true }, 404, 'no_conversation');
    const { error } = await refused({ cwd, permissionMode: 'nonsense' }, 503, 'no_claude');
    assert.match(error, /nonsense/);
    const list = (await server.get('/sessions')).json;
    assert.deepEqual(list, []);
  });

  test('one that is cancelled keeps what it has written, and ends', async () => {
    const held = await start(server, { cwd: world.work });
    const { seq } = await held.say('stream cancelled never');
    const follower = follow(() => server, held.id, seq);
    await until('some pieces came', () => follower.deltas.length > 2);
    await cancelled(held);
    await until('the follower was told the end', () => follower.end);
    const events = await held.events();
    assert.match(answers(events).join(''), /^(word )+/);
    const exit = events.at(-1);
    assert.deepEqual([exit.type, exit.cancelled, exit.signal], ['exit', true, null], JSON.stringify(exit));
    assertUnbroken(events);
    assert.deepEqual(follower.events, events.filter(event => event.seq > seq));
    assert.ok(!existsSync(`/proc/${held.pid}`));
    for (const [path, body] of [['message', { text: 'say late' }], ['interrupt', {}], ['cancel', {}]]) {
      const late = await held.post(path, body);
      assert.equal(late.status, 409, `${path}: ${late.text}`);
    }
  });

  test('one is cancelled while a command runs, and while it asks', async () => {
    const runs = await start(server, { cwd: world.work, prompt: 'bash touch running && sleep 1000 ;; say never' });
    await runs.decided(await runs.asked(), 'allow');
    await until('the command runs', () => existsSync(join(world.work, 'running')));
    const asks = await start(server, { cwd: world.work, prompt: 'bash touch never ;; say never' });
    await asks.asked();
    await Promise.all([cancelled(runs), cancelled(asks)]);
    for (const held of [runs, asks]) assert.equal((await exitOf(held)).cancelled, true);
    const { outcome } = (await asks.events()).find(({ type }) => type === 'decision');
    assert.equal(outcome, 'withdrawn');
    assert.deepEqual((await server.get('/approvals')).json.approvals, []);
    assert.ok(!existsSync(join(world.work, 'never')));
  });

  test('a conversation is resumed under its id, once it has ended, and its events go on', async () => {
    const first = await start(server, { cwd: world.work, prompt: 'say before' });
    await first.over(0);
    const live = await refused({ resume: first.id }, 409, 'live');
    assert.deepEqual([live.pid, live.key], [first.pid, first.key]);
    await cancelled(first);
    const before = await first.events();

    const both = await Promise.all([1, 2].map(() => server.post('/sessions', { resume: first.id })));
    const [won, lost] = both.sort((a, b) => a.status - b.status);
    assert.deepEqual([won.status, lost.status], [201, 409], `${won.text} ${lost.text}`);
    const second = session(server, won.json);
    assert.deepEqual([second.id, (await second.row()).cwd], [first.id, world.work]);
    assert.deepEqual(answers(await second.turn('say after')), ['after']);
    const events = await second.events();
    assertUnbroken(events);
    assert.deepEqual(events.slice(0, before.length), before);
    const transcript = await readFile(await world.transcriptOf(first.id), 'utf8');
    assert.ok(transcript.includes('say before') && transcript.includes('say after'));
    await cancelled(second);
  });

  test('a fork goes on in a copy, also of one that lives', async () => {
    const held = await start(server, { cwd: world.work, prompt: 'say the root' });
    await held.over(0);
    const fork = await start(server, { resume: held.id, fork: true, prompt: 'say the branch' });
    assert.notEqual(fork.id, held.id);
    await fork.event('the answer', ({ type, text }) => type === 'assistant' && text === 'the branch');
    assert.deepEqual(answers(await held.turn('say the trunk')), ['the trunk']);
    const [own, copy] = await Promise.all([held, fork].map(async ({ id }) => readFile(await world.transcriptOf(id), 'utf8')));
    assert.ok(copy.includes('the root') && copy.includes('the branch') && !copy.includes('the trunk'));
    assert.ok(own.includes('the trunk') && !own.includes('the branch'));
    await Promise.all([cancelled(held), cancelled(fork)]);
  });

  test('the newest conversation of a directory is continued', async () => {
    const cwd = join(world.work, 'continued');
    await mkdir(cwd);
    for (const word of ['older', 'newer']) {
      const held = await start(server, { cwd, prompt: `say ${word}` });
      await held.over(0);
      await cancelled(held);
    }
    const held = await start(server, { cwd, continue: true });
    assert.deepEqual(answers(await held.turn('say newest')), ['newest']);
    const transcript = await readFile(await world.transcriptOf(held.id), 'utf8');
    assert.ok(transcript.includes('say newer') && transcript.includes('say newest') && !transcript.includes('say older'));
    await cancelled(held);
  });

  test('with the model and the effort that are wanted', async () => {
    const held = await start(server, { cwd: world.work, model: 'sonnet', effort: 'low' });
    assert.deepEqual(answers(await held.turn('say little')), ['little']);
    const step = world.mock.steps.find(({ text }) => text === 'little');
    assert.match(step.model, /sonnet/);
    assert.equal(step.effort, 'low');
    await cancelled(held);
  });

  test('in a worktree of its own, and not where there is no repository', async () => {
    const cwd = join(world.work, 'repository');
    await mkdir(cwd);
    for (const words of [['init', '--quiet'], ['-c', 'user.name=t', '-c', 'user.email=t@test', 'commit', '--quiet', '--allow-empty', '-m', 'first']]) {
      execFileSync('git', words, { cwd, env: world.env });
    }
    const held = await start(server, { cwd, worktree: 'aside' });
    assert.equal((await held.row()).cwd, join(cwd, '.claude/worktrees/aside'));
    const { seq } = await held.say('bash touch made-aside ;; say made');
    await held.decided(await held.asked(), 'allow');
    await held.over(seq);
    assert.ok(existsSync(join(cwd, '.claude/worktrees/aside/made-aside')));
    await cancelled(held);

    const { error } = await refused({ cwd: world.home, worktree: 'aside' }, 503, 'no_claude');
    assert.match(error, /git repository/);
  });

  test('a prompt of 10 MB is where a session begins', async () => {
    const held = await start(server, { cwd: world.work, prompt: `say big ${'x'.repeat(10 * 1024 * 1024)}` });
    await held.over(0, 90_000);
    await cancelled(held);
  });
});

describe('a session does not come to life', () => {
  let world, stand;
  before(async () => {
    world = await makeWorld();
    stand = join(world.root, 'stand-in');
  });
  after(() => world?.end());

  // A program in the place of Claude Code, which leaves behind its pid.
  const server = async script => {
    await writeFile(stand, `#!/bin/sh\necho $$ > ${stand}.pid\n${script}\n`);
    await chmod(stand, 0o755);
    return world.serve({ config: `claude = "${stand}"\n` });
  };
  const refused = async (server, code) => {
    const { status, json, text } = await server.post('/sessions', { cwd: world.work, prompt: 'say hello' });
    assert.deepEqual([status, json?.code], [503, code], text);
    assert.deepEqual((await server.get('/sessions')).json, []);
    await server.stop();
    return json.error;
  };
  const hasEnded = async () => {
    const pid = readFileSync(`${stand}.pid`, 'utf8').trim();
    await until('the stand-in has ended', () => !existsSync(`/proc/${pid}`));
  };

  test('where Claude Code is not installed', async () => {
    const bare = await world.serve({ environment: { PATH: '/nonexistent' } });
    assert.match(await refused(bare, 'no_claude'), /claude/i);
  });

  test('where it dies at once, and what it said is in the sentence', async () => {
    const error = await refused(await server('cat > /dev/null & echo "the stand-in has no licence" >&2; exit 7'), 'no_claude');
    assert.match(error, /the stand-in has no licence/);
    await hasEnded();
  });

  test('where it dies without a word', async () => {
    assert.match(await refused(await server('exit 0'), 'no_claude'), /ended/);
    await hasEnded();
  });

  test('where it says a lot that is not its protocol', async () => {
    const noise = 'i=0; while [ $i -lt 2000 ]; do echo "noise $i"; echo "{\\"type\\":\\"nonsense\\"}"; i=$((i+1)); done; printf "\\377\\000 half"; echo gone >&2; exit 1';
    assert.match(await refused(await server(noise), 'no_claude'), /gone/);
    await hasEnded();
  });

  test('where it is too old to be held without a terminal: it gets one, unless that is refused', async () => {
    const old = await server(`case " $* " in *" --input-format "*) echo "error: unknown option '--input-format'" >&2; exit 1;; esac; exec '${world.claude}' "$@"`);
    const asked = await old.post('/sessions', { cwd: world.work, holder: 'stdio' });
    assert.deepEqual([asked.status, asked.json.code], [503, 'too_old'], asked.text);
    const { status, json, text } = await old.post('/sessions', { cwd: world.work, prompt: 'say hello' });
    assert.equal(status, 201, text);
    assert.equal(json.holder.type, 'pty');
    assert.match(json.note, /too old/);
    const said = async () => (await old.get(`/sessions/${json.sessionId}/output`)).text;
    await until('its prompt is answered', async () => (await said()).includes('"text":"hello"'));
    const ended = await old.post(`/sessions/${json.sessionId}/cancel`, {});
    assert.equal(ended.status, 200, ended.text);
    await until('it has ended', async () => (await old.get('/sessions')).json.length === 0);
    // What is told of it is what it said, and not the try that failed.
    assert.match(await said(), /"text":"hello"/);
    await old.stop();
  });

  test('where it never answers, and then it is not left behind', async () => {
    await refused(await server('exec sleep 1000'), 'too_old');
    await hasEnded();
  });
});
