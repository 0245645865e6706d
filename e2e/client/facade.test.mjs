// The functions under the names that people know, and their events, against a stand-in of the server.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import api, { SessionManagerError, configure, createClient } from '../../client/client.js';
import { until } from '../claude/until.mjs';
import { failure, startStandIn } from './stand-in.mjs';
import { assistant, exit, status, turn, usage, user } from './turns.mjs';

const ID = '607b503a-f1d9-4125-9748-6f1933188683';
const OTHER = '0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e';
const STARTED = { ok: true, sessionId: ID, pid: 4711, key: '4711:88', holder: { type: 'stdio' } };
const driven = (seq, sessionId = ID) => ({ ok: true, sessionId, outcome: 'sent', seq });

describe('client.js', () => {
  let standIn, client, log;
  before(async () => { standIn = await startStandIn(); });
  after(() => standIn?.close());
  beforeEach(() => {
    standIn.asked.length = 0;
    standIn.answers.clear();
    client = createClient({ url: `${standIn.url}/`, token: 'secret' });
    log = standIn.session(ID);
  });

  const posted = path => standIn.asked.filter(({ method, path: asked }) => method === 'POST' && asked === path);
  const answer = (route, body, code = 200) => standIn.answers.set(route, [code, body]);
  // What is told, in order: the event's name, and what it carries.
  function heard(names = ['claude-output', 'claude-error', 'claude-status', 'claude-complete'], from = client) {
    const told = [];
    for (const name of names) from.on(name, ({ event, payload }) => told.push([event, payload]));
    return told;
  }

  describe('a task', () => {
    test('runs in a session of its own, which ends with it', async () => {
      answer('POST /sessions', STARTED, 201);
      standIn.answers.set(`POST /sessions/${ID}/cancel`, () => {
        log.push(exit());
        log.end();
        return [200, { ...driven(7), outcome: 'cancelled' }];
      });
      const told = heard();
      const started = await client.executeClaudeCode('/work/app', 'Fix it.', 'sonnet', { permissionMode: 'plan' });
      assert.deepEqual(started, STARTED);
      log.push(status('idle'), user('Fix it.'), status('working'), assistant('Fixed.'), usage(), status('idle'));
      assert.deepEqual(await client.whenComplete(ID), { sessionId: ID, success: true, result: 'Fixed.' });
      assert.deepEqual(posted('/sessions')[0].body, {
        cwd: '/work/app', prompt: 'Fix it.', model: 'sonnet', permissionMode: 'plan',
      });
      assert.equal(posted('/sessions')[0].headers.authorization, 'Bearer secret');
      assert.equal(posted(`/sessions/${ID}/cancel`).length, 1);
      const [output, state] = ['claude-output', 'claude-status'];
      assert.deepEqual(told.map(([event]) => event), [
        output, state, output, output, state, output, output, output, state, output, 'claude-complete',
      ]);
      assert.deepEqual(told.at(-1), ['claude-complete', true]);
      assert.deepEqual(told[1][1], { state: 'idle', model: 'sonnet', permissionMode: 'default' });
    });

    test('may keep its session', async () => {
      answer('POST /sessions', STARTED, 201);
      await client.executeClaudeCode('/work/app', 'Fix it.', '', { keep: true });
      log.push(...turn('Fix it.', 'Fixed.'));
      assert.equal((await client.whenComplete(ID)).success, true);
      assert.equal(posted(`/sessions/${ID}/cancel`).length, 0);
      assert.equal('model' in posted('/sessions')[0].body, false);
      client.close();
    });

    test('in a terminal is done when its session rests', async () => {
      answer('POST /sessions', { ...STARTED, holder: { type: 'pty', attach: '' } }, 201);
      standIn.answers.set(`POST /sessions/${ID}/cancel`, () => {
        log.end();
        return [200, { ...driven(0), outcome: 'cancelled' }];
      });
      const states = ['idle', 'working', 'working', 'idle'];
      standIn.answers.set('GET /sessions', () => {
        if (states.length === 3) log.push(assistant('Done.'));
        return [200, [{ pid: 4711, sessionId: ID, state: states.shift() ?? 'idle' }]];
      });
      const told = heard(['claude-complete']);
      await client.executeClaudeCode('/work/app', 'Fix it.', '');
      log.push(user('Fix it.'));
      // Nothing was answered: it has not begun yet.
      await new Promise(done => setTimeout(done, 1200));
      assert.equal(states.length, 4);
      states.shift();
      log.push(assistant('I begin.'));
      assert.deepEqual(await client.whenComplete(ID), { sessionId: ID, success: true, result: 'Done.' });
      assert.deepEqual([states, told], [[], [['claude-complete', true]]]);
      assert.equal(posted(`/sessions/${ID}/cancel`).length, 1);
    });

    test('that fails says so', async () => {
      answer('POST /sessions', STARTED, 201);
      const told = heard(['claude-error', 'claude-complete']);
      await client.executeClaudeCode('/work/app', 'Fix it.', 'sonnet');
      log.push(assistant('API Error: 400'), usage({ isError: true }), exit());
      log.end();
      assert.equal((await client.whenComplete(ID)).success, false);
      assert.deepEqual(told, [['claude-error', 'API Error: 400'], ['claude-complete', false]]);
    });

    test('whose process dies says how', async () => {
      answer('POST /sessions', STARTED, 201);
      const told = heard(['claude-error', 'claude-complete']);
      await client.executeClaudeCode('/work/app', 'Fix it.', 'sonnet');
      log.push(exit({ code: 1, cancelled: false, stderr: 'error: unknown option\n' }));
      log.end();
      await client.whenComplete(ID);
      assert.deepEqual(told, [['claude-error', 'error: unknown option'], ['claude-complete', false]]);
    });

    test('that is refused fails with the sentence', async () => {
      answer('POST /sessions', failure('bad_cwd', 'There is no /nowhere; check it.'), 400);
      const fault = await client.executeClaudeCode('/nowhere', 'x', '').catch(error => error);
      assert.ok(fault instanceof SessionManagerError);
      const { code, status: number, sentence, message, body } = fault;
      assert.deepEqual([code, number, sentence, message], ['bad_cwd', 400, 'There is no /nowhere; check it.', sentence]);
      assert.equal(body.code, 'bad_cwd');
    });

    test('may go on in a conversation, from what it is told on', async () => {
      log.push(...turn('Before.', 'Long ago.'));
      answer('POST /sessions', STARTED, 201);
      answer(`POST /sessions/${ID}/message`, driven(5));
      const told = heard(['claude-output', 'claude-complete']);
      await client.resumeClaudeCode('/work/app', ID, 'Go on.', 'opus', { keep: true });
      log.push(assistant('Gone on.'), usage(), status('idle'));
      assert.equal((await client.whenComplete(ID)).result, 'Gone on.');
      assert.deepEqual(posted('/sessions')[0].body, { cwd: '/work/app', resume: ID, model: 'opus' });
      assert.deepEqual(told.map(([, payload]) => JSON.parse(payload).seq ?? payload), [6, 7, 8, true]);
      client.close();
    });

    test('goes to the session that has the conversation open here', async () => {
      const live = failure('live', 'It is open in process 4711.', { pid: 4711, key: '4711:88', holder: { type: 'stdio' } });
      answer('POST /sessions', live, 409);
      answer('POST /sessions/4711/model', driven(5));
      answer('POST /sessions/4711/message', driven(5));
      log.push(...turn('Before.', 'Long ago.'));
      const started = await client.continueClaudeCode('/work/app', 'Go on.', 'opus');
      assert.deepEqual(started, STARTED);
      log.push(...turn('Go on.', 'Gone on.'));
      assert.equal((await client.whenComplete(ID)).result, 'Gone on.');
      // It was there before.
      assert.equal(posted(`/sessions/${ID}/cancel`).length, 0);
      client.close();
    });

    test('is not said in another conversation', async () => {
      answer('POST /sessions', failure('live', 'It is open in process 4711.', { pid: 4711, key: '4711:88' }), 409);
      answer('POST /sessions/4711/model', driven(5, OTHER));
      answer('POST /sessions/4711/message', driven(5, OTHER));
      const row = (key, sessionId) => ({ pid: 4711, key, sessionId });
      for (const rows of [[row('4711:88', OTHER)], [row('4711:99', ID)], []]) {
        answer('GET /sessions', rows);
        const fault = await client.resumeClaudeCode('/work/app', ID, 'Go on.', 'opus').catch(error => error);
        assert.deepEqual([fault.code, fault.status, fault.body.pid], ['live', 409, 4711]);
        assert.match(fault.sentence, /nothing was said/i);
      }
      assert.deepEqual([posted('/sessions/4711/model'), posted('/sessions/4711/message')], [[], []]);
    });

    test('is said in the conversation that the refusal names', async () => {
      const facts = { pid: 4711, key: '4711:88', sessionId: ID };
      answer('POST /sessions', failure('live', 'It is open in process 4711.', facts), 409);
      answer('POST /sessions/4711/message', driven(5, OTHER));
      answer('GET /sessions', [{ pid: 4711, key: '4711:88', sessionId: OTHER }]);
      await assert.rejects(client.continueClaudeCode('/work/app', 'Go on.'), { code: 'live' });
      assert.deepEqual(posted('/sessions/4711/message'), []);
    });

    test('is waited for where the numbers of its session begin anew', async () => {
      answer('POST /sessions', STARTED, 201);
      await client.executeClaudeCode('/work/app', 'One.', '', { keep: true });
      const first = turn('One.', 'First.').map((event, index) => ({ ...event, at: 1000 + index }));
      log.push(...first.map((event, index) => ({ ...event, seq: 90_001 + index })));
      assert.equal((await client.whenComplete(ID)).result, 'First.');
      const told = heard(['claude-output']);
      log.become('log', ...first);
      await until('it is told on', () => log.open() === 1);
      log.push({ ...status('idle'), at: 2000 });
      await until('it is heard', () => told.length === 1);
      answer('POST /sessions', failure('live', 'It is open in process 4711.', { pid: 4711 }), 409);
      answer('GET /sessions', [{ pid: 4711, sessionId: ID }]);
      answer('POST /sessions/4711/message', driven(6));
      await client.resumeClaudeCode('/work/app', ID, 'Two.');
      log.push(...turn('Two.', 'Second.').map(event => ({ ...event, at: 3000 })));
      assert.equal((await client.whenComplete(ID)).result, 'Second.');
      assert.deepEqual(told.map(([, line]) => JSON.parse(line).seq), [6, 7, 8, 9, 10, 11]);
      client.close();
    });

    test('may be done before its own answer has come', async () => {
      answer('POST /sessions', STARTED, 201);
      await client.executeClaudeCode('/work/app', 'One.', '', { keep: true });
      log.push(...turn('One.', 'First.'));
      assert.equal((await client.whenComplete(ID)).result, 'First.');
      answer('POST /sessions', failure('live', 'It is open in process 4711.', { pid: 4711 }), 409);
      for (const wait of [0, 100]) {
        standIn.answers.set('POST /sessions/4711/message', async () => {
          const { length } = log.events;
          log.push(...turn('Two.', `After ${wait} ms.`));
          await new Promise(done => setTimeout(done, wait));
          return [200, driven(length + 1)];
        });
        await client.continueClaudeCode('/work/app', 'Two.');
        assert.equal((await client.whenComplete(ID)).result, `After ${wait} ms.`);
      }
      client.close();
    });

    test('waits for a conversation that is being let go', async () => {
      const starts = [[409, failure('busy', 'It is held already.')], [201, STARTED]];
      standIn.answers.set('POST /sessions', () => starts.shift());
      answer(`POST /sessions/${ID}/message`, driven(0));
      await client.resumeClaudeCode('/work/app', ID, 'Go on.', '', { keep: true });
      assert.equal(posted('/sessions').length, 2);
      client.close();
    });

    test('does not go to a session of somebody else', async () => {
      answer('POST /sessions', failure('live', 'It is open in process 4711.', { pid: 4711 }), 409);
      answer('GET /sessions', [{ pid: 4711, key: '4711:88', sessionId: ID }]);
      answer('POST /sessions/4711/message', failure('not_held', 'It is not ours.'), 409);
      await assert.rejects(client.resumeClaudeCode('/work/app', ID, 'Go on.'), { code: 'live' });
    });

    test('is followed over broken connections without a doubled line', async () => {
      answer('POST /sessions', STARTED, 201);
      const told = heard(['claude-output']);
      await client.executeClaudeCode('/work/app', 'x', '', { keep: true });
      log.resend = 3;
      for (let round = 0; round < 4; round += 1) {
        log.push(assistant(`part ${round}`));
        log.cut({ halfway: round % 2 === 1 });
      }
      log.push(usage(), status('idle'));
      await client.whenComplete(ID);
      assert.deepEqual(told.map(([, line]) => JSON.parse(line).seq), [1, 2, 3, 4, 5, 6]);
      client.close();
    });
  });

  describe('listening', () => {
    test('by session, to what is new of it', async () => {
      log.push(...turn('Before.', 'Long ago.'));
      const told = [];
      const off = client.on(`claude-output:${ID}`, event => told.push(event));
      const complete = new Promise(done => { client.on(`claude-complete:${ID}`, done); });
      await until('it listens', () => log.open() === 1);
      log.push(...turn('Now.', 'Yes.'));
      assert.deepEqual(await complete, { event: `claude-complete:${ID}`, sessionId: ID, payload: true });
      assert.deepEqual(told.map(({ payload }) => JSON.parse(payload).seq), [6, 7, 8, 9, 10]);
      off();
      const more = new Promise(done => { client.on(`claude-output:${ID}`, done); });
      log.push(user('More.'));
      await more;
      assert.equal(told.length, 5);
      client.close();
    });

    test('lets the stream go with the last listener', async () => {
      const offs = [client.on(`claude-output:${ID}`, () => {}), client.on(`claude-error:${ID}`, () => {})];
      await until('it listens', () => log.open() === 1);
      assert.equal(log.connections, 1);
      offs[0]();
      offs[0]();
      await new Promise(done => setTimeout(done, 50));
      assert.equal(log.open(), 1);
      offs[1]();
      await until('it does not any more', () => log.open() === 0);
    });

    test('to a session whose task has ended', async () => {
      answer('POST /sessions', STARTED, 201);
      await client.executeClaudeCode('/work/app', 'One.', '');
      log.push(...turn('One.', 'First.').slice(0, 4), exit());
      log.end();
      const done = await client.whenComplete(ID);
      assert.equal(done.result, 'First.');
      // Somebody else goes on in it.
      log = standIn.session(ID);
      const told = [];
      const offs = ['output', 'complete'].map(name => client.on(`claude-${name}:${ID}`, event => told.push(event.payload)));
      await until('it listens', () => log.open() === 1);
      assert.deepEqual(await client.whenComplete(ID), done);
      log.push(...turn('Now.', 'Yes.'));
      await until('it was told', () => told.length === 6);
      assert.equal(told.at(-1), true);
      assert.equal((await client.whenComplete(ID)).result, 'Yes.');
      for (const off of offs) off();
      await until('it does not any more', () => log.open() === 0);
      assert.equal(log.connections, 1);
      // What is known of the task is kept until it is forgotten.
      assert.deepEqual(await client.whenComplete(ID), done);
      assert.equal(await client.cleanupFinishedProcesses(), 1);
    });

    test('more than once to one that ends and comes back', async () => {
      const first = client.on(`claude-output:${ID}`, () => {});
      await until('it listens', () => log.open() === 1);
      const ended = new Promise(done => { client.on('claude-error', done); });
      log.end('the session does not run');
      await ended;
      log = standIn.session(ID);
      const second = client.on(`claude-output:${ID}`, () => {});
      await until('it listens', () => log.open() === 1);
      second();
      await new Promise(done => setTimeout(done, 50));
      assert.equal(log.open(), 1);
      first();
      await until('it does not any more', () => log.open() === 0);
    });

    test('nothing comes after the end of it', async () => {
      const told = [];
      client.on(`claude-output:${ID}`, ({ payload }) => {
        told.push(JSON.parse(payload).seq);
        client.close();
      });
      await until('it listens', () => log.open() === 1);
      log.push(user('one'), user('two'));
      await until('it does not any more', () => log.open() === 0);
      assert.deepEqual(told, [1]);
    });

    test('goes on where a listener throws', async t => {
      const faults = [];
      const later = queueMicrotask;
      // Where nobody catches it, it would end this test.
      t.mock.method(globalThis, 'queueMicrotask', task => later(() => {
        try {
          task();
        } catch (fault) {
          faults.push(fault.message);
        }
      }));
      client.on(`claude-output:${ID}`, () => { throw new Error('mine'); });
      const told = heard(['claude-output']);
      await until('it listens', () => log.open() === 1);
      log.push(user('Now.'));
      await until('it was thrown', () => faults.length > 0);
      assert.deepEqual([faults, told.length], [['mine'], 1]);
      client.close();
    });

    test('to nothing that there is', () => {
      assert.throws(() => client.on('claude-nothing', () => {}), { code: 'bad_call' });
      assert.throws(() => client.on('claude-output:', () => {}), { code: 'bad_call' });
    });
  });

  test('a line of the output is what stream-json prints', async () => {
    log.push(
      status('idle'),
      user('Touch x.'),
      { ...assistant('They want x.'), thinking: true },
      { type: 'tool', uuid: 'u1', messageId: 'msg_1', toolUseId: 'toolu_1', name: 'Bash', input: { command: 'touch x' } },
      { type: 'tool_result', uuid: null, toolUseId: 'toolu_1', text: 'done', isError: false },
      assistant('Touched.'),
      usage(),
    );
    const text = await client.getClaudeSessionOutput(ID);
    const lines = text.trimEnd().split('\n').map(line => JSON.parse(line));
    assert.deepEqual(lines, await client.loadSessionHistory(ID, '/work/app'));
    assert.deepEqual(lines.map(({ type, subtype, message }) => [type, subtype ?? message.content[0]]), [
      ['system', 'init'],
      ['user', { type: 'text', text: 'Touch x.' }],
      ['assistant', { type: 'thinking', thinking: 'They want x.' }],
      ['assistant', { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: 'touch x' } }],
      ['user', { type: 'tool_result', tool_use_id: 'toolu_1', content: 'done', is_error: false }],
      ['assistant', { type: 'text', text: 'Touched.' }],
      ['result', 'success'],
    ]);
    assert.ok(lines.every(({ session_id: id }) => id === ID));
    const { result, total_cost_usd: cost, usage: { input_tokens: tokens } } = lines.at(-1);
    assert.deepEqual([result, cost, tokens], ['Touched.', 0.0054, 12]);
  });

  describe('cancelling', () => {
    test('needs a name, or the word all', async () => {
      await assert.rejects(client.cancelClaudeExecution(), { code: 'bad_call' });
      await assert.rejects(client.cancelClaudeExecution(undefined, {}), { code: 'bad_call' });
      assert.equal(standIn.asked.length, 0);
    });

    test('of all goes through any that is held', async () => {
      answer('GET /sessions', [{ pid: 1, sessionId: OTHER, holder: null }, { pid: 2, sessionId: ID, holder: 'stdio' }]);
      answer(`POST /sessions/${ID}/cancel`, { ok: true, sessions: [{ sessionId: ID, error: null }] });
      await client.cancelClaudeExecution({ scope: 'all' });
      assert.deepEqual(posted(`/sessions/${ID}/cancel`)[0].body, { scope: 'all' });
    });

    test('of all where none is held does nothing', async () => {
      answer('GET /sessions', [{ pid: 1, sessionId: OTHER, holder: null }]);
      assert.deepEqual(await client.cancelClaudeExecution({ scope: 'all' }), { ok: true, sessions: [] });
    });

    test('of one', async () => {
      answer(`POST /sessions/${ID}/cancel`, { ...driven(9), outcome: 'cancelled' });
      assert.equal((await client.cancelClaudeExecution(ID)).outcome, 'cancelled');
      assert.deepEqual(posted(`/sessions/${ID}/cancel`)[0].body, {});
    });
  });

  test('running sessions are those that are held, or all', async () => {
    const row = { user: 'dev', cwd: '/work/app', startedAt: 1_795_225_772_500, title: 'Fixing', state: 'working' };
    answer('GET /sessions', [
      { ...row, pid: 4711, sessionId: ID, holder: 'stdio' },
      { ...row, pid: 4712, sessionId: OTHER, holder: null },
    ]);
    assert.deepEqual(await client.listRunningClaudeSessions(), [{
      run_id: 4711,
      process_type: { ClaudeSession: { session_id: ID } },
      pid: 4711,
      started_at: '2026-11-21T01:49:32.500Z',
      project_path: '/work/app',
      task: 'Fixing',
      model: null,
      session_id: ID,
      status: 'working',
      held: true,
    }]);
    const all = await client.listRunningClaudeSessions({ scope: 'all' });
    assert.deepEqual(all.map(({ pid, held }) => [pid, held]), [[4711, true], [4712, false]]);
  });

  test('projects are the directories of the conversations', async () => {
    const recent = (sessionId, cwd, lastActivityAt, live = null) =>
      ({ sessionId, cwd, lastActivityAt, live, title: 'T', lastPrompt: 'P' });
    answer('GET /sessions', {
      sessions: [recent('a1', '/w/a', 3000_999, '7:8'), recent('b1', '/w/b.c', 2000_000), recent('a2', '/w/a', 1000_000),
        recent('x1', null, 500_000)],
    });
    assert.deepEqual(await client.listProjects(), [
      { id: '/w/a', path: '/w/a', sessions: ['a1', 'a2'], created_at: 1000, most_recent_session: 3000 },
      { id: '/w/b.c', path: '/w/b.c', sessions: ['b1'], created_at: 2000, most_recent_session: 2000 },
    ]);
    assert.equal(standIn.asked[0].path, '/sessions?scope=recent&days=3650');
    const [first, second] = await client.getProjectSessions('/w/a');
    assert.deepEqual(first, {
      id: 'a1', project_id: '/w/a', project_path: '/w/a', created_at: 3000, title: 'T', last_prompt: 'P', running: true,
    });
    assert.deepEqual([second.id, second.running], ['a2', false]);
    assert.deepEqual((await client.getProjectSessions('-w-b-c')).map(({ id }) => id), ['b1']);
  });

  test('a cleanup forgets and ends nothing', async () => {
    answer('POST /sessions', STARTED, 201);
    await client.executeClaudeCode('/work/app', 'x', '', { keep: true });
    assert.equal(await client.cleanupFinishedProcesses(), 0);
    log.push(usage(), exit());
    log.end();
    await client.whenComplete(ID);
    const asked = standIn.asked.length;
    assert.equal(await until('it has ended', () => client.cleanupFinishedProcesses()), 1);
    assert.equal(await client.cleanupFinishedProcesses(), 0);
    assert.equal(standIn.asked.length, asked);
    assert.throws(() => client.whenComplete(ID), { code: 'bad_call' });
  });

  describe('where the server is', () => {
    test('must be said', () => {
      for (const options of [undefined, {}, { url: '' }, { url: '127.0.0.1:8421' }, { url: 8421 }]) {
        assert.throws(() => createClient(options), { code: 'bad_call' }, JSON.stringify(options));
      }
      assert.throws(() => api.sessions(), { code: 'not_configured' });
    });

    test('may be said once for all', async () => {
      configure({ url: standIn.url });
      answer('GET /sessions', []);
      assert.deepEqual(await api.sessions(), []);
    });

    test('nothing answers there', async () => {
      await assert.rejects(createClient({ url: 'http://127.0.0.1:9' }).sessions(), { code: 'unreachable', status: 0 });
    });

    test('something else answers there', async () => {
      answer('GET /sessions', '<html>', 200);
      await assert.rejects(client.sessions(), { code: 'bad_answer', status: 200 });
      answer('GET /sessions', '<html>', 502);
      await assert.rejects(client.sessions(), { code: 'bad_answer', status: 502 });
    });
  });

  test('an answer that breaks off is a fault of its own kind', async () => {
    const broken = {
      ok: true, status: 200, url: standIn.url,
      text: async () => { throw new TypeError('terminated'); },
    };
    const client = createClient({ url: standIn.url, fetch: async () => broken });
    for (const asked of [client.sessions(), client.output(ID)]) {
      await assert.rejects(asked, { name: 'SessionManagerError', code: 'unreachable' });
    }
    const half = createClient({ url: standIn.url, fetch: async () => ({ ...broken, text: async () => '{"seq":1}\n{"se' }) });
    await assert.rejects(half.output(ID), { name: 'SessionManagerError', code: 'bad_answer' });
  });

  test('who is meant is an id or a pid, and nothing that changes the path', async () => {
    await assert.rejects(client.interrupt(undefined), { code: 'bad_call' });
    await assert.rejects(client.interrupt('../health'), { code: 'not_found' });
    assert.equal(standIn.asked[0].path, '/sessions/..%2Fhealth/interrupt');
  });
});
