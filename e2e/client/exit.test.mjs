// A program that is done with client.js ends by itself: nothing is left that it would have to wait for.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';

import { startStandIn } from './stand-in.mjs';
import { exit, turn } from './turns.mjs';

const DONE = '607b503a-f1d9-4125-9748-6f1933188683';
const OPEN = '0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e';

const PROGRAM = `
  import { createClient } from ${JSON.stringify(new URL('../../client/client.js', import.meta.url))};
  const client = createClient({ url: process.argv[1] });
  await client.executeClaudeCode('/work/app', 'One.', '');
  const { result } = await client.whenComplete('${DONE}');
  for await (const { seq } of client.follow('${OPEN}')) if (seq === 5) break;
  await new Promise(done => { const off = client.on('claude-output:${OPEN}', () => { off(); done(); }); });
  const waits = client.whenComplete('${DONE}');
  await new Promise(done => { client.on('claude-output:${OPEN}', done); });
  client.close();
  const leave = new AbortController();
  setTimeout(() => leave.abort(), 100);
  for await (const _ of client.follow('${OPEN}', { after: 1000, signal: leave.signal }));
  await waits;
  console.log(result);
`;

let standIn;
before(async () => { standIn = await startStandIn(); });
after(() => standIn?.close());

test('a program ends when it is done', { timeout: 30_000 }, async t => {
  const done = standIn.session(DONE);
  done.push(...turn('One.', 'First.'), exit());
  done.end();
  const open = standIn.session(OPEN);
  open.push(...turn('Two.', 'Second.'));
  const started = { ok: true, sessionId: DONE, pid: 4711, key: '4711:88', holder: { type: 'stdio' } };
  standIn.answers.set('POST /sessions', [201, started]);
  standIn.answers.set(`POST /sessions/${DONE}/cancel`, [200, { ok: true, sessionId: DONE, outcome: 'cancelled', seq: 6 }]);
  const news = setInterval(() => open.push(...turn('More.', 'Said.')), 100);
  t.after(() => clearInterval(news));
  const words = ['--input-type=module', '-e', PROGRAM, standIn.url];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  let said = '';
  child.stdout.on('data', text => { said += text; });
  const [code] = await once(child, 'close');
  assert.deepEqual([code, said], [0, 'First.\n']);
});
