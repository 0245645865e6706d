// Sessions of a version from before the registry: everything follows from the transcript that only
// they can be writing, and from the process.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { gone, rowOf, settled } from './listing.mjs';
import { keyOf } from './process.mjs';
import { COLOURS } from './question.mjs';
import { until } from './until.mjs';
import { makeWorld, settle } from './world.mjs';

const VERSION = '2.0.30';

describe(`a session of Claude Code ${VERSION} in a terminal`, () => {
  let world, server, session, shared;
  before(async () => {
    world = await makeWorld({ version: VERSION });
    shared = join(world.home, 'shared');
    await mkdir(shared);
    await settle(world.home, [world.work, shared]);
    server = await world.serve();
    session = await open(world.work);
  });
  after(() => world?.end());

  const open = async cwd => {
    const terminal = await world.terminals.open(['claude', '--permission-mode', 'default'], cwd);
    // The prompt is drawn before it takes what is typed; this comes with it.
    await terminal.shows('tab to toggle');
    return terminal;
  };
  const is = async (state, pid = session.pid) => {
    const row = await settled(server, pid, state);
    assert.deepEqual(
      { stateSource: row.stateSource, confidence: row.confidence },
      { stateSource: 'transcript', confidence: 'inferred' },
      state,
    );
    return row;
  };
  const asks = async state => {
    await until(`what is asked is told of ${session.pid}`, async () => (await rowOf(server, session.pid))?.ask);
    return is(state);
  };

  test('is listed, with no registry file', async () => {
    await session.say('say hello');
    await session.shows('● hello');
    const row = await is('idle');
    assert.equal(row.key, keyOf(session.pid));
    assert.equal(row.cwd, world.work);
    assert.equal(world.registryOf(session.pid), null);
    assert.equal(row.actions.kill, true);
  });

  test('works while the model thinks', async () => {
    await session.say('think first an answer');
    await is('working');
    world.mock.release('first');
    await session.shows('an answer');
    await is('idle');
  });

  test('waits for permission to run a command, works while it runs, and is idle once it is interrupted', async () => {
    await session.say('bash touch proof && sleep 1000 ;; say never');
    await session.shows('Do you want to proceed?');
    const row = await asks('waiting_permission');
    assert.deepEqual(row.ask, { type: 'permission', tool: 'Bash', input: 'touch proof && sleep 1000' });

    await session.press('Enter');
    await until('the command runs', () => existsSync(join(world.work, 'proof')));
    assert.equal((await is('working')).tool?.name, 'Bash');
    await session.press('Escape');
    await session.shows('Request interrupted by user');
    await is('idle');
  });

  test('waits for permission to write a file, and is idle once that is refused', async () => {
    await session.say(`tool Write {"file_path":"${world.work}/note","content":"hello"} ;; say written`);
    await session.shows('Do you want to create note?');
    assert.equal((await asks('waiting_permission')).ask.tool, 'Write');
    await session.press('Escape');
    await is('idle');
  });

  test('waits for input while a question is open', async () => {
    await session.say(`tool AskUserQuestion ${JSON.stringify(COLOURS)} ;; say thanks`);
    await session.shows('Which colour?');
    const row = await asks('waiting_input');
    assert.equal(row.ask.questions[0].question, 'Which colour?');
    await session.press('Escape');
    await is('idle');
  });

  test('works while it tries the model again, and is idle when that is interrupted', async () => {
    await session.say('fail 500');
    await until('it has tried again', () => world.mock.steps.filter(({ verb }) => verb === 'fail').length > 1);
    await is('working');
    await session.press('Escape');
    await is('idle');
  });

  test('has the conversation that only it can be writing', async () => {
    const row = await rowOf(server, session.pid);
    assert.match(row.sessionId, /^[0-9a-f-]{36}$/);
    const { json } = await server.get(`/sessions/${session.pid}/context`);
    assert.deepEqual([json.ok, json.sessionId], [true, row.sessionId]);
    const { json: { sessions } } = await server.get('/sessions?scope=recent');
    assert.equal(sessions.find(({ sessionId }) => sessionId === row.sessionId).live, row.key);
    const resume = await server.post('/sessions/resume', { sessionId: row.sessionId });
    assert.deepEqual([resume.status, resume.json.code, resume.json.key], [409, 'live', row.key]);
  });

  test('is never told apart from another in the same directory by a guess', async () => {
    const [first, second] = [await open(shared), await open(shared)];
    await second.say('say I am the second');
    await second.shows('● I am the second');
    for (const { pid } of [first, second]) {
      // A start is told by its age alone.
      const row = await until(`${pid} is past its start`, async () => {
        const found = await rowOf(server, pid);
        return found?.state !== 'starting' && found;
      });
      // Only the second has a conversation, and nothing says that it is the second's.
      assert.equal(row.state, 'unknown');
      assert.equal(row.confidence, 'unknown');
      assert.equal(row.sessionId, null);
    }
  });

  test('leaves the list with its process', async () => {
    await session.say('/exit');
    await gone(server, session.pid);
  });
});
