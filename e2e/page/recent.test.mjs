// What can be taken up again, and what can be cleaned up.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { callsTo, openPage, row, startHarness } from './harness.mjs';
import { killed, recent, refusal, report, session } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const id = number => recent(number).sessionId;
const conversation = (page, number) => page.locator(`[data-session="${id(number)}"]`);

test('stopped and compressed conversations are resumed, live ones stand in the list above alone', async () => {
  const attach = "tmux attach -t '=claude-bbbbbbbb'";
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': [session(11)],
    'GET /sessions recent': { sessions: [recent(1, { live: '11:100' }), recent(2), recent(3, { archived: true })] },
    'POST /sessions/resume': { $each: [
      { ok: true, sessionId: id(3), pid: 77, key: '77:100', holder: { type: 'tmux', session: 'claude-bbbbbbbb', attach }, note: 'Its trust dialog waits for an answer.' },
      refusal('live', 'This conversation is open in process 78; end that one first.'),
    ] },
  });
  await conversation(page, 2).waitFor();
  assert.equal(await page.locator('[data-session]').count(), 2);
  assert.equal(await conversation(page, 1).count(), 0);
  assert.ok((await conversation(page, 3).innerText()).includes('Archived'));
  await conversation(page, 3).getByRole('button', { name: 'Resume' }).click();
  await conversation(page, 3).getByText(attach).waitFor();
  assert.ok((await conversation(page, 3).innerText()).includes('Its trust dialog waits for an answer.'));
  await conversation(page, 3).getByRole('button', { name: 'Copy attach command' }).click();
  await page.getByText('Copied.').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), attach);
  await conversation(page, 2).getByRole('button', { name: 'Resume' }).click();
  await conversation(page, 2).getByText('This conversation is open in process 78; end that one first.').waitFor();
  assert.deepEqual((await callsTo(page, '/resume')).map(call => call.body), [{ sessionId: id(3) }, { sessionId: id(2) }]);
  assert.deepEqual(complaints, []);
  await close();
});

test('a session that ends comes into the list with its button', async () => {
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': { $each: [[session(11, { sessionId: id(1) })], []] },
    'GET /sessions recent': { $each: [{ sessions: [recent(1, { live: '11:100' })] }, { sessions: [recent(1)] }] },
    'POST /sessions/11/kill': killed(11, 'exited'),
  });
  await page.getByText('Every conversation touched within 7 days is open above.').waitFor();
  assert.equal(await conversation(page, 1).count(), 0);
  await row(page, 11).getByRole('button', { name: 'Kill' }).click();
  await page.getByRole('button', { name: 'Kill session' }).click();
  await row(page, 11).waitFor({ state: 'detached' });
  await conversation(page, 1).getByRole('button', { name: 'Resume' }).waitFor();
  assert.equal(await page.getByText('open above').count(), 0);
  assert.deepEqual(complaints, []);
  await close();
});

test('it looks further back when asked, and shows more when asked', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions recent': { sessions: Array.from({ length: 35 }, (_, at) => recent(at)) },
  });
  await conversation(page, 0).waitFor();
  assert.equal(await page.locator('[data-session]').count(), 10);
  await page.getByRole('button', { name: 'Show more (25 left)' }).click();
  await conversation(page, 29).waitFor();
  await page.getByRole('combobox', { name: 'How far back' }).selectOption('30');
  await page.waitForFunction(() => window.calls.some(call => call.path === '/sessions?scope=recent&days=30&soft=1'));
  await close();
});

test('a cleanup shows its plan before it acts, and then what came of each file', async () => {
  const item = (path, action, reason, bytes, result) => ({ path, action, reason, bytes, result });
  const planned = { type: 'planned' };
  const plan = [
    item('/home/ada/a.jsonl', 'compress', 'untouched for 46 days', 48_000_000, planned),
    item('/home/ada/b.jsonl', 'compress', 'untouched for 31 days', 2_000_000, planned),
    item('/home/ada/20.json', 'delete', 'process 20 has ended', 600, planned),
    item('/home/ada/c.jsonl', 'keep', 'open in process 11', 1_000_000, planned),
  ];
  const results = [{ type: 'compressed', bytes: 5_000_000 }, { type: 'failed', error: 'no space left' }, { type: 'deleted' }, planned];
  const { page, complaints, close } = await openPage(harness, {
    'POST /sessions/cleanup dry': report(plan),
    'POST /sessions/cleanup': report(plan.map((one, at) => ({ ...one, result: results[at] })), { ok: false, compressedLogs: 1, deletedSessions: 1, errors: ['b'] }),
  });
  await page.getByRole('button', { name: 'Clean up…' }).click();
  const dialog = page.locator('dialog[open]');
  await dialog.getByText('Compress old transcripts (2 files, 50 MB)').waitFor();
  for (const part of ['Nothing has been changed yet', 'untouched for 46 days', 'process 20 has ended', 'open in process 11']) {
    assert.ok((await dialog.innerText()).includes(part), part);
  }
  assert.deepEqual((await callsTo(page, '/cleanup')).map(call => call.body), [{ dryRun: true }]);
  await dialog.getByRole('button', { name: 'Clean up 3 files' }).click();
  await dialog.getByText('Compressed 1 transcript, deleted 1 registry file, freed 43 MB. 1 item failed.').waitFor();
  for (const part of ['compressed to 5.0 MB', 'failed: no space left', 'deleted']) {
    assert.ok((await dialog.innerText()).includes(part), part);
  }
  assert.deepEqual((await callsTo(page, '/cleanup')).map(call => call.body), [{ dryRun: true }, { dryRun: false }]);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  await close();
});

test('a plan without anything to do offers nothing, and a refused one says why', async () => {
  const { page, close } = await openPage(harness, {
    'POST /sessions/cleanup dry': { $each: [report([]), refusal('config', 'The configuration has a mistake, so nothing is acted on.')] },
  });
  const dialog = page.locator('dialog[open]');
  await page.getByRole('button', { name: 'Clean up…' }).click();
  await dialog.getByText('There is nothing to clean up.').waitFor();
  assert.deepEqual(await dialog.getByRole('button').allInnerTexts(), ['Close']);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Clean up…' }).click();
  await dialog.getByText('The configuration has a mistake, so nothing is acted on.').waitFor();
  await close();
});
