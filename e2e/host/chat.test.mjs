// A session that CloudCLI's own chat drives, as the list tells it.
//
// The host runs the `claude` that comes first on its PATH. This one is of a version that states no
// status of its own there, so that all that is told follows from the transcript and the process.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { gone, rowsOf, settled } from '../claude/listing.mjs';
import { COLOURS } from '../claude/question.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { startCloudcli } from './cloudcli.mjs';
import { openConversation } from './conversation.mjs';
import { descendants } from './process.mjs';

let world, server, host, chat;
before(async () => {
  world = await makeWorld({ version: '2.1.197' });
  server = await world.serve();
  await teach(world);
  host = await startCloudcli({
    home: world.home,
    path: [dirname(world.claude), dirname(process.execPath), '/usr/local/bin:/usr/bin:/bin'].join(':'),
  });
  chat = await openConversation(host, world.work);
});
after(async () => {
  await chat?.close();
  await host?.close();
  await world?.end();
});

// The host starts a process for each turn, which ends with it.
const listed = () => until('a session of the chat is listed', async () => {
  const below = descendants(host.child.pid).map(({ pid }) => pid);
  return (await rowsOf(server)).find(({ pid, entrypoint }) => below.includes(pid) && entrypoint === 'sdk-ts');
});
const is = async state => {
  const row = await settled(server, (await listed()).pid, state);
  assert.deepEqual(
    { stateSource: row.stateSource, confidence: row.confidence },
    { stateSource: 'transcript', confidence: 'inferred' },
    state,
  );
  return row;
};
const asks = async (state, input) => {
  await until(`it asks for ${input}`, async () => JSON.stringify((await listed()).ask)?.includes(input));
  return is(state);
};
let turns = 0;
const done = async pid => {
  await chat.completed(turns += 1);
  await gone(server, pid);
};

test('it works while the model thinks, and is gone with its turn', async () => {
  chat.say('think first an answer');
  const row = await is('working');
  assert.equal(row.cwd, world.work);
  assert.match(row.sessionId, /^[0-9a-f-]{36}$/);
  world.mock.release('first');
  await done(row.pid);
});

test('it waits for permission to run a command, and works while that runs', async () => {
  chat.say('bash touch proof && sleep 1000 ;; say never');
  const question = await chat.asked('Bash');
  const row = await asks('waiting_permission', 'touch proof');
  assert.equal(row.ask.tool, 'Bash');

  chat.answer(question, true);
  await until('the command runs', () => existsSync(join(world.work, 'proof')));
  assert.equal((await is('working')).tool?.name, 'Bash');
  chat.abort();
  await done(row.pid);
});

test('it waits for permission to write a file', async () => {
  chat.say(`tool Write {"file_path":"${world.work}/note","content":"hello"} ;; say written`);
  const question = await chat.asked('Write');
  const row = await asks('waiting_permission', 'note');
  assert.equal(row.ask.tool, 'Write');

  chat.answer(question, false);
  await done(row.pid);
});

test('it waits for input while a question is open', async () => {
  chat.say(`tool AskUserQuestion ${JSON.stringify(COLOURS)} ;; say thanks`);
  const question = await chat.asked('AskUserQuestion');
  const row = await asks('waiting_input', 'Which colour?');
  assert.equal(row.ask.type, 'question');

  chat.answer(question, true, { ...COLOURS, answers: { 'Which colour?': 'Red' } });
  await done(row.pid);
});

test('it stays at its prompt as long as a shell of its runs in the background', async () => {
  const input = { command: 'touch started && sleep 1000', description: 'rest', run_in_background: true };
  const before = chat.frames.length;
  chat.say(`tool Bash ${JSON.stringify(input)} ;; say started`);
  const question = await until('the chat asks again', () => chat.frames.slice(before).find(({ kind }) => kind === 'permission_request'));
  chat.answer(question, true);
  await chat.completed(turns += 1);
  assert.equal((await is('shell')).status, 'idle');
});

// The host is started with a PATH and a home alone. The settings of the home reach its sessions too.
async function teach({ home, env }) {
  const names = Object.keys(env).filter(name => /^(ANTHROPIC|CLAUDE_CODE|DISABLE)_/.test(name));
  await mkdir(join(home, '.claude'), { recursive: true });
  await writeFile(
    join(home, '.claude/settings.json'),
    JSON.stringify({ env: Object.fromEntries(names.map(name => [name, env[name]])) }),
  );
}
