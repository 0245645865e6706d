// client.js against the real server and the real Claude Code: many tasks in one project, many projects at once.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { createClient } from '../../client/client.js';
import { SERVER_BIN } from '../server.mjs';
import { until } from './until.mjs';
import { makeWorld, settle } from './world.mjs';

describe('client.js', () => {
  let world, server, client;
  const project = name => join(world.work, name);
  before(async () => {
    world = await makeWorld();
    for (const name of ['a', 'b', 'c', 'd']) await mkdir(project(name));
    await settle(world.home, [world.work, ...['a', 'b', 'c', 'd'].map(project)]);
    server = await world.serve();
    client = createClient({ url: `http://127.0.0.1:${server.port}` });
  });
  after(async () => {
    client?.close();
    await world?.end();
  });

  // What a program prints in the end: each line of the output as a word.
  const words = lines => lines.map(({ type, subtype, message }) => subtype ?? message?.content[0].type ?? type);
  const texts = lines => lines.flatMap(({ message }) => message?.content ?? []).filter(({ type }) => type === 'text')
    .map(({ text }) => text);

  test('several tasks in one project, one after the other, in one conversation', async () => {
    const { sessionId } = await client.executeClaudeCode(project('a'), 'say first', '');
    assert.deepEqual(await client.whenComplete(sessionId), { sessionId, success: true, result: 'first' });
    assert.deepEqual(await client.listRunningClaudeSessions(), []);
    const second = await client.continueClaudeCode(project('a'), 'say second', '');
    assert.equal(second.sessionId, sessionId);
    assert.equal((await client.whenComplete(sessionId)).result, 'second');
    const third = await client.resumeClaudeCode(project('a'), sessionId, 'say third', 'sonnet', { keep: true });
    assert.equal(third.sessionId, sessionId);
    assert.equal((await client.whenComplete(sessionId)).result, 'third');
    // It is kept, so the next task goes to the same process.
    const fourth = await client.continueClaudeCode(project('a'), 'say fourth', '');
    assert.equal(fourth.pid, third.pid);
    assert.equal((await client.whenComplete(sessionId)).result, 'fourth');
    assert.deepEqual((await client.listRunningClaudeSessions()).map(one => one.session_id), [sessionId]);
    await client.cancelClaudeExecution(sessionId);
    await until('it has ended', async () => (await client.listRunningClaudeSessions()).length === 0);

    const transcript = await readFile(await world.transcriptOf(sessionId), 'utf8');
    for (const text of ['first', 'second', 'third', 'fourth']) assert.ok(transcript.includes(`"text":"${text}"`), text);
  });

  test('several projects at once, none mixed up with another', async () => {
    const names = ['b', 'c', 'd'];
    const told = new Map();
    const offs = ['claude-output', 'claude-complete'].map(name => client.on(name, ({ event, sessionId, payload }) => {
      if (!told.has(sessionId)) told.set(sessionId, []);
      told.get(sessionId).push(event === 'claude-output' ? JSON.parse(payload) : payload);
    }));
    const started = await Promise.all(names.map(name =>
      client.executeClaudeCode(project(name), `tool Write ${JSON.stringify({
        file_path: join(project(name), 'made'), content: name,
      })} ;; say I am ${name}`, '', { permissionMode: 'acceptEdits' })));
    const done = await Promise.all(started.map(({ sessionId }) => client.whenComplete(sessionId)));
    offs.forEach(off => off());
    assert.deepEqual(done.map(({ success, result }) => [success, result]), names.map(name => [true, `I am ${name}`]));
    assert.equal(new Set(started.map(({ sessionId }) => sessionId)).size, 3);
    for (const [index, name] of names.entries()) {
      assert.equal(await readFile(join(project(name), 'made'), 'utf8'), name);
      const lines = told.get(started[index].sessionId);
      assert.equal(lines.pop(), true);
      const numbers = lines.map(({ seq }) => seq);
      assert.deepEqual(numbers, numbers.map((_, at) => at + 1), 'no line is missing, and none comes twice');
      assert.deepEqual(texts(lines).at(-1), `I am ${name}`);
      for (const word of ['init', 'tool_use', 'tool_result', 'success', 'exit']) {
        assert.ok(words(lines).includes(word), `${word} in ${words(lines)}`);
      }
      assert.deepEqual(await client.loadSessionHistory(started[index].sessionId), lines);
    }
  });

  test('projects and their conversations', async () => {
    const projects = await client.listProjects();
    const { id, sessions } = projects.find(({ path }) => path === project('a'));
    const [conversation] = await client.getProjectSessions(id);
    assert.deepEqual(sessions, [conversation.id]);
    assert.deepEqual([conversation.project_path, conversation.running], [project('a'), false]);
    const history = await client.loadSessionHistory(conversation.id, id);
    assert.ok(texts(history).includes('fourth'));
    const output = await client.getClaudeSessionOutput(conversation.id);
    assert.equal(output.trimEnd().split('\n').length, history.length);
  });

  test('what is asked is decided by the program', async () => {
    const { sessionId } = await client.executeClaudeCode(project('a'), 'bash touch asked ;; say over', '');
    const [approval] = await until('it asks', async () => {
      const approvals = (await client.approvals()).filter(one => one.sessionId === sessionId);
      return approvals.length > 0 && approvals;
    });
    assert.equal(approval.input.command, 'touch asked');
    const decided = await client.decide(approval.id, { sessionId, decision: 'deny', reason: 'Not now.' });
    assert.equal(decided.outcome, 'deny');
    assert.equal((await client.whenComplete(sessionId)).result, 'over');
    assert.equal(existsSync(join(project('a'), 'asked')), false);
    const events = await client.output(sessionId);
    assert.deepEqual(events.find(({ type }) => type === 'tool_result').text, 'Not now.');
  });

  test('a stream outlives the server', async () => {
    const fixed = server.port;
    const { sessionId } = await client.executeClaudeCode(project('b'), 'hold gate late ;; say never', '', { keep: true });
    const seen = [];
    const off = client.on('claude-output', ({ payload }) => seen.push(JSON.parse(payload).seq));
    await until('the model is asked', () => world.mock.steps.some(({ name }) => name === 'gate'));
    server.child.kill('SIGKILL');
    await server.ended;
    world.mock.release('gate');
    server = await world.serve({ command: [SERVER_BIN, 'serve', '--port', String(fixed)] });
    assert.equal((await client.whenComplete(sessionId)).result, 'late');
    off();
    assert.deepEqual(seen, seen.map((_, at) => seen[0] + at));
    await client.cancelClaudeExecution({ scope: 'all' });
    await until('it has ended', async () => (await client.listRunningClaudeSessions()).length === 0);
  });

  for (const holder of ['pty', 'tmux']) {
    test(`tasks in a terminal (${holder})`, async () => {
      const { sessionId } = await client.executeClaudeCode(project('d'), 'say typed', '', { holder });
      assert.deepEqual(await client.whenComplete(sessionId), { sessionId, success: true, result: 'typed' });
      await client.resumeClaudeCode(project('d'), sessionId, 'say again', '', { holder });
      assert.equal((await client.whenComplete(sessionId)).result, 'again');
      await until('it has ended', async () => !(await client.sessions()).some(row => row.sessionId === sessionId));
    });
  }

  test('what is meant for a conversation is said in it, or not at all', async () => {
    const { sessionId } = await client.executeClaudeCode(project('c'), 'say here', '', { keep: true });
    await client.whenComplete(sessionId);
    // The process has it open: told as it is.
    const again = await client.resumeClaudeCode(project('c'), sessionId, 'say still here', '');
    assert.equal((await client.whenComplete(sessionId)).result, 'still here');
    await client.message(sessionId, '/clear');
    const row = await until('another conversation is open', async () =>
      (await client.sessions()).find(({ pid, sessionId: id }) => pid === again.pid && id !== sessionId));
    const outcome = await client.resumeClaudeCode(project('c'), sessionId, 'say astray', '').then(
      started => started.pid !== row.pid, fault => fault.code === 'live' || fault.code === 'busy');
    assert.equal(outcome, true, 'it was said in another conversation');
    const cleared = await client.output(row.pid);
    assert.ok(!cleared.some(({ text }) => text === 'say astray'));
    await client.cancelClaudeExecution(row.pid);
  });

  test('refusals are errors with a code', async () => {
    await assert.rejects(client.executeClaudeCode('/nowhere', 'x', ''), { code: 'bad_cwd', status: 400 });
    await assert.rejects(client.message('0000000000', 'x'), { name: 'SessionManagerError', status: 409, code: 'not_held' });
    assert.equal(await client.cleanupFinishedProcesses() > 0, true);
  });
});
