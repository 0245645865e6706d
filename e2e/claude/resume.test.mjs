// Conversations that come back to life: once, in the right place, as the same conversation.

import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { gone, rowOf, rowsOf, settled } from './listing.mjs';
import { commandOf, keyOf, processOf } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld, settle } from './world.mjs';

const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('resume', () => {
  let world, server;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
  });
  after(() => world?.end());

  const resume = (sessionId, more) => server.post('/sessions/resume', { sessionId, ...more });
  const exit = async ({ pid, key }) => {
    const { json } = await server.post(`/sessions/${pid}/kill`, { key, graceMs: 30_000 });
    assert.equal(json.outcome, 'exited');
    await gone(server, pid);
  };

  // A conversation of one turn that has ended.
  const finished = async (prompt, options) => {
    const session = await world.session([], options);
    await session.say(`say ${prompt}`);
    await session.shows(`● ${prompt}`);
    await settled(server, session.pid, 'idle');
    await exit(session);
    return session.sessionId;
  };

  // What an answer of 200 says, and what then is so.
  const alive = async (sessionId, { status, json }) => {
    assert.equal(status, 200, JSON.stringify(json));
    const { pid, key, holder, ...rest } = json;
    assert.deepEqual(rest, { ok: true, sessionId });
    assert.equal(key, keyOf(pid));
    const words = commandOf(pid);
    assert.equal(words[words.indexOf('--resume') + 1], sessionId, words.join(' '));
    assert.equal(holder.type, 'tmux');
    const row = await settled(server, pid, 'idle');
    assert.equal(row.sessionId, sessionId);
    assert.equal(row.key, key);
    assert.equal(world.registryOf(pid).sessionId, sessionId);
    return { pid, key, terminal: await world.holder.attach(holder.session) };
  };

  test('a conversation goes on under its id, in a terminal of its own', async () => {
    const sessionId = await finished('before the end');
    const { pid, key, terminal } = await alive(sessionId, await resume(sessionId));
    assert.equal((await rowOf(server, pid)).cwd, world.work);
    await terminal.shows('before the end');

    const context = await server.get(`/sessions/${pid}/context`);
    assert.equal(context.json.lastPrompt, 'say before the end');
    assert.equal(context.json.lastAssistant, 'before the end');

    await terminal.say('say after the end');
    await terminal.shows('● after the end');
    await until('the new turn is in the context', async () => {
      const { json } = await server.get(`/sessions/${pid}/context`);
      return json.lastPrompt === 'say after the end' && json.lastAssistant === 'after the end';
    });
    const transcript = await readFile(await world.transcriptOf(sessionId), 'utf8');
    assert.ok(transcript.includes('before the end') && transcript.includes('after the end'));

    const again = await resume(sessionId);
    assert.equal(again.status, 409);
    assert.deepEqual(
      { ok: again.json.ok, code: again.json.code, pid: again.json.pid, key: again.json.key },
      { ok: false, code: 'live', pid, key },
    );
    await exit({ pid, key });
  });

  test('a session in somebody\'s terminal is not resumed beside it', async () => {
    const session = await world.session();
    await session.say('say mine');
    await session.shows('● mine');
    const { status, json } = await resume(session.sessionId);
    assert.deepEqual([status, json.code, json.pid, json.key], [409, 'live', session.pid, session.key]);
    await exit(session);
  });

  test('two at once give one session', async () => {
    const sessionId = await finished('only once');
    const answers = await Promise.all([resume(sessionId), resume(sessionId)]);
    const [won, lost] = answers.sort((a, b) => a.status - b.status);
    assert.equal(lost.status, 409, JSON.stringify(lost.json));
    assert.ok(['busy', 'live'].includes(lost.json.code), lost.json.code);
    const resumed = await alive(sessionId, won);
    const rows = (await rowsOf(server)).filter(row => row.sessionId === sessionId);
    assert.deepEqual(rows.map(({ pid }) => pid), [resumed.pid]);
    await exit(resumed);
  });

  test('the conversation\'s own directory wins over the one asked for', async () => {
    const cwd = join(world.work, 'a project with spaces & ümläuts');
    await mkdir(cwd);
    const sessionId = await finished('right here', { cwd });
    const { pid, key } = await alive(sessionId, await resume(sessionId, { cwd: '/tmp' }));
    assert.equal((await rowOf(server, pid)).cwd, cwd);
    await exit({ pid, key });
  });

  test('a prompt that is a shell\'s dream is only text', async () => {
    const cwd = join(world.work, '$(touch pwned); `touch pwned`');
    await mkdir(cwd);
    const sessionId = await finished('$(touch pwned)', { cwd });
    const resumed = await alive(sessionId, await resume(sessionId));
    assert.equal((await rowOf(server, resumed.pid)).cwd, cwd);
    await exit(resumed);
    const names = await readdir(world.work, { recursive: true });
    assert.deepEqual(names.filter(name => name.endsWith('pwned')), []);
  });

  test('in a directory that is not trusted any more it asks, and the answer says so', async () => {
    const cwd = join(world.work, 'doubtful');
    await mkdir(cwd);
    const sessionId = await finished('trust me', { cwd });
    const settings = await readFile(join(world.home, '.claude.json'));
    await settle(world.home, []);
    const { status, json } = await resume(sessionId);
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.sessionId, sessionId);
    assert.ok(json.note.includes(json.holder.session), json.note);
    await settled(server, json.pid, 'starting');

    const terminal = await world.holder.attach(json.holder.session);
    await terminal.shows('Yes, I trust this folder');
    await terminal.press('Down');
    await terminal.press('Enter');
    assert.equal((await settled(server, json.pid, 'idle')).sessionId, sessionId);
    await exit(json);
    await writeFile(join(world.home, '.claude.json'), settings);
  });

  test('what was resumed outlives the server', async () => {
    const sessionId = await finished('a long life');
    const other = await world.serve();
    const { json } = await other.post('/sessions/resume', { sessionId });
    assert.deepEqual(await other.stop(), { code: 0, signal: null });
    const resumed = await alive(sessionId, { status: 200, json });
    await resumed.terminal.say('say still well');
    await resumed.terminal.shows('● still well');
    await exit(resumed);
  });

  test('a directory that is gone is named', async () => {
    const cwd = join(world.work, 'passing');
    await mkdir(cwd);
    const sessionId = await finished('soon gone', { cwd });
    await rm(cwd, { recursive: true });
    const { status, json } = await resume(sessionId, { cwd: world.work });
    assert.deepEqual([status, json.ok, json.code], [400, false, 'bad_cwd']);
    assert.ok(json.error.includes(cwd), json.error);
  });

  test('what can not be resumed is refused with its own word', async () => {
    const check = async (status, code, body) => {
      const answer = await server.post('/sessions/resume', body);
      assert.deepEqual([answer.status, answer.json?.code, answer.json?.ok], [status, code, false], JSON.stringify(body));
    };
    await check(404, 'no_conversation', { sessionId: NOBODY });
    await check(404, 'no_conversation', { sessionId: NOBODY, cwd: world.work });
    for (const sessionId of ['', 'short', '../../../etc/passwd', '-rf00000', `${NOBODY}.jsonl`, 'x'.repeat(36)]) {
      await check(400, 'bad_session_id', { sessionId });
    }
    await check(400, 'bad_session_id', {});
    await check(400, 'bad_session_id', { sessionId: 7 });
    await check(413, 'too_large', { sessionId: NOBODY, cwd: `/${'x'.repeat(5_000)}` });
  });

  test('a cwd that is none is refused where the transcript names no other', async () => {
    const sessionId = await finished('somewhere');
    const transcript = await world.transcriptOf(sessionId);
    const homeless = '11111111-0000-4000-8000-000000000000';
    await writeFile(
      join(dirname(transcript), `${homeless}.jsonl`),
      `${JSON.stringify({ type: 'user', message: { role: 'user', content: 'say hello' }, uuid: homeless, sessionId: homeless })}\n`,
    );
    for (const cwd of ['work', '../work', '', join(world.home, 'nowhere')]) {
      const { status, json } = await resume(homeless, { cwd });
      assert.deepEqual([status, json.code], [400, 'bad_cwd'], cwd);
    }
    assert.deepEqual((await rowsOf(server)).filter(row => row.sessionId === homeless), []);
  });

  test('a resume that is refused starts nothing', async () => {
    const mine = (await rowsOf(server)).filter(row => row.home === world.home);
    assert.deepEqual(mine.map(({ pid }) => processOf(pid) && pid), []);
  });
});
