// Every state of a session that the real Agent SDK drives, as the list tells it.
//
// From which version on such a session states its own status is what the two halves differ in:
// 2.1.197 writes a registry file without one, so all that can be known follows from its transcript.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { CLAUDE_VERSION } from '../install/claude.mjs';
import { gone, rowOf, settled } from './listing.mjs';
import { COLOURS } from './question.mjs';
import { startSdkSession } from './sdk.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

for (const [version, how] of Object.entries({
  [CLAUDE_VERSION]: { stateSource: 'registry', confidence: 'stated' },
  '2.1.197': { stateSource: 'transcript', confidence: 'inferred' },
})) {
  describe(`a session of the Agent SDK with Claude Code ${version}`, () => {
    let world, server, session;
    before(async () => {
      world = await makeWorld({ version });
      server = await world.serve();
      // The SDK brings the newer one with it.
      const other = version !== CLAUDE_VERSION && { pathToClaudeCodeExecutable: world.claude };
      session = await startSdkSession(world, { ...other });
    });
    after(async () => {
      await session?.end();
      await world?.end();
    });

    const is = async state => {
      const row = await settled(server, session.pid, state);
      assert.deepEqual({ stateSource: row.stateSource, confidence: row.confidence }, how, state);
      return row;
    };
    // What is asked stands in the transcript a moment after it is asked.
    const asks = async (state, input) => {
      await until(`it asks for ${input}`, async () => JSON.stringify((await rowOf(server, session.pid))?.ask)?.includes(input));
      return is(state);
    };
    let turns = 0;
    const done = () => session.turns(turns += 1);

    test('is listed as what it is', async () => {
      session.say('say hello');
      await done();
      const row = await is('idle');
      assert.equal(row.entrypoint, 'sdk-ts');
      assert.equal(row.version, version);
      assert.equal(row.key, session.key);
      assert.equal(row.cwd, world.work);
      assert.equal(row.asks, false);
    });

    test('works while the model thinks', async () => {
      session.say('think first an answer ;; say never');
      await is('working');
      world.mock.release('first');
      await done();
      await is('idle');
    });

    test('waits for permission to run a command, works while it runs, and is idle once it is interrupted', async () => {
      session.say('bash touch proof && sleep 1000 ;; say never');
      const question = await session.asked('Bash');
      const asking = await asks('waiting_permission', 'touch proof');
      assert.deepEqual(asking.ask, { type: 'permission', tool: 'Bash', input: 'touch proof && sleep 1000' });

      session.allow(question);
      await until('the command runs', () => existsSync(join(world.work, 'proof')));
      const running = await is('working');
      assert.equal(running.tool?.name, 'Bash');
      await session.interrupt();
      await done();
      await is('idle');
    });

    test('waits for permission to write a file, and goes on when it is refused', async () => {
      session.say(`tool Write {"file_path":"${world.work}/note","content":"hello"} ;; hold second ok`);
      const question = await session.asked('Write');
      const row = await asks('waiting_permission', 'note');
      assert.equal(row.ask.tool, 'Write');

      question.answer({ behavior: 'deny', message: 'not now' });
      await is('working');
      world.mock.release('second');
      await done();
      await is('idle');
    });

    test('waits for input while a question is open', async () => {
      session.say(`tool AskUserQuestion ${JSON.stringify(COLOURS)} ;; say thanks`);
      const question = await session.asked('AskUserQuestion');
      const row = await asks('waiting_input', 'Which colour?');
      assert.equal(row.ask.type, 'question');
      assert.equal(row.ask.questions[0].question, 'Which colour?');

      question.answer({ behavior: 'allow', updatedInput: { ...COLOURS, answers: { 'Which colour?': 'Red' } } });
      await done();
      await is('idle');
    });

    test('waits for permission with two calls open, until both have had their answer', async () => {
      const calls = ['first', 'second'].map(name => ['Bash', { command: `touch ${name}`, description: name }]);
      session.say(`tools ${JSON.stringify(calls)} ;; say both`);
      session.allow(await session.asked('Bash'));
      const second = await session.asked('Bash');
      const row = await asks('waiting_permission', 'touch second');
      assert.equal(row.ask.tool, 'Bash');

      session.allow(second);
      await done();
      await is('idle');
    });

    test('is interrupted before the model has said a word', async () => {
      session.say('hold never');
      await is('working');
      await session.interrupt();
      await done();
      await is('idle');
    });

    test('asks in plain text, and is idle', async () => {
      session.say('say There are two ways. Shall I go on with the first?');
      await done();
      await until('the question is told', async () => (await rowOf(server, session.pid)).asks);
      await is('idle');
    });

    test('leaves the list with its process', async () => {
      await session.end();
      await gone(server, session.pid);
      assert.equal(await rowOf(server, session.pid), undefined);
    });
  });
}
