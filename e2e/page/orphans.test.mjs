// What sessions that have ended left running: shown with its proof, and reaped after one question.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { overflowing } from '../browser/chromium.mjs';
import { callsTo, openPage, refresh, setAnswers, startHarness } from './harness.mjs';
import { orphan, orphans, refusal, session } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const dialog = page => page.locator('dialog[open]');
const section = page => page.getByRole('region', { name: 'Left over' });
const left = (page, pid) => page.locator(`[data-orphan="${pid}:100"]`);
const asked = async page => (await callsTo(page, '/orphans?')).length;
const unproven = pid => orphan(pid, 90, {
  command: 'python3 -m http.server',
  session: { key: null, sessionId: null, cwd: null, project: null, lastSeenAt: null },
  evidence: { type: 'sign', sign: { type: 'environment', variable: 'CLAUDE_CODE_SESSION_ID' } },
  reap: { code: 'unproven', error: 'Nothing proves that process 25 came from a session; end it yourself.' },
});
const all = () => [orphan(21, 80), unproven(25), orphan(22, 81), orphan(23, 80, { privateBytes: 1_100_000_000, cpuPermille: 1043 })];

test('they stand below the session that they came from, those without a proof apart and not offered', async () => {
  const { page, complaints, close } = await openPage(harness, { 'GET /orphans': orphans(all()) });
  await section(page).getByText('4 processes · 1.2 GB can be won back').waitFor();
  const order = await section(page).locator('[data-orphan]').evaluateAll(rows => rows.map(one => parseInt(one.dataset.orphan, 10)));
  assert.deepEqual(order, [21, 23, 22, 25]);
  assert.equal(await section(page).locator('h4').count(), 3);
  const text = (await left(page, 23).innerText()).replace(/\s+/g, ' ');
  for (const part of ['node server-23.js', 'process 23', 'ada', '2 h 5 min', '104.3 % CPU', 'In the kernel session of process 80', '1.1 GB']) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  assert.ok((await left(page, 21).innerText()).includes('process 80, last seen 1 h ago'));
  assert.equal(await left(page, 25).getByRole('checkbox').count(), 0);
  assert.ok((await left(page, 25).innerText()).includes('Nothing proves that process 25 came from a session; end it yourself.'));
  assert.ok((await left(page, 25).innerText()).includes('CLAUDE_CODE_SESSION_ID'));
  assert.equal(await section(page).getByRole('checkbox').count(), 3);
  assert.equal(await section(page).getByRole('checkbox', { checked: true }).count(), 0);
  assert.deepEqual(complaints, []);
  await close();
});

test('what is chosen is reaped after one question, and each result is told', async () => {
  const { page, complaints, close } = await openPage(harness, {
    'GET /orphans': { $each: [orphans(all()), orphans([orphan(21, 80), unproven(25)])] },
    'POST /orphans/reap': { ok: false, privateBytes: 1_100_000_000, items: [
      { key: '21:100', result: { type: 'refused', ...refusal('replaced', 'Another process has this number now; refresh the list.') } },
      { key: '23:100', result: { type: 'ended', outcome: 'killed' } },
    ] },
  });
  const reap = section(page).locator('.sm-kill');
  assert.equal(await reap.getAttribute('aria-disabled'), 'true');
  await reap.click({ force: true });
  assert.equal(await dialog(page).count(), 0);
  await left(page, 21).getByRole('checkbox').focus();
  await page.keyboard.press('Space');
  await left(page, 23).locator('.sm-check').click();
  await section(page).getByRole('button', { name: 'Reap 2 processes (1.1 GB)' }).press('Enter');
  await dialog(page).getByText('Reap 2 processes?').waitFor();
  const item = name => dialog(page).getByRole('listitem').filter({ hasText: name });
  await item('node server-21.js').getByText('Process 21: in the kernel session of process 80').waitFor();
  assert.deepEqual(await callsTo(page, '/reap'), []);
  await dialog(page).getByRole('button', { name: 'Reap 2 processes' }).click();
  await dialog(page).getByText('1 of 2 are done.').waitFor();
  await item('node server-23.js').getByText('killed').waitFor();
  await item('node server-21.js').getByText('Another process has this number now').waitFor();
  assert.deepEqual((await callsTo(page, '/reap')).map(call => call.body), [{ keys: ['21:100', '23:100'] }]);
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  await left(page, 23).waitFor({ state: 'detached' });
  await section(page).getByText('2 processes · 80 MB can be won back').waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

test('all that may be reaped are chosen at a press, and none again', async () => {
  const { page, close } = await openPage(harness, { 'GET /orphans': orphans(all()) });
  await section(page).getByRole('button', { name: 'Select all' }).click();
  await section(page).getByRole('button', { name: 'Reap 3 processes (1.2 GB)' }).waitFor();
  await section(page).getByRole('button', { name: 'Select none' }).click();
  await section(page).getByRole('button', { name: 'Reap…' }).waitFor();
  await close();
});

test('they are looked for at the start, once a session has left, and every minute while the page is seen', async () => {
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': [session(11), session(12)], 'GET /orphans': orphans([]),
  }, { frozen: true });
  await page.waitForFunction(() => window.calls.some(call => call.path === '/orphans?soft=1'));
  assert.equal(await section(page).count(), 0);
  await setAnswers(page, { 'GET /sessions': [session(12)], 'GET /orphans': orphans([orphan(21, 11)]) });
  await refresh(page);
  await page.clock.fastForward(10_000);
  await left(page, 21).waitFor();
  assert.equal(await asked(page), 2);
  await page.clock.runFor(61_000);
  assert.equal(await asked(page), 3);
  // A server that says no, or does not know the question, takes nothing away.
  await setAnswers(page, { 'GET /orphans': refusal('too_many', 'Too much is asked at once.') });
  await page.clock.runFor(61_000);
  assert.equal(await asked(page), 4);
  assert.ok(await left(page, 21).isVisible());
  assert.deepEqual(complaints, []);
  await close();
});

for (const width of [1280, 390]) {
  test(`commands of others are text and fit into ${width} px`, async () => {
    const command = '<img src=x onerror="window.hit=1"> \u202E\u001b[31m ' + 'A'.repeat(5000);
    const refused = { code: 'unproven', error: command };
    const { page, complaints, close } = await openPage(harness, {
      'GET /orphans': orphans([orphan(21, 80, { command, user: command }), { ...unproven(25), command, reap: refused }]),
    }, { width });
    await left(page, 21).waitFor();
    assert.ok((await left(page, 21).locator('.sm-file').textContent()).startsWith('<img src=x onerror="window.hit=1"> �␛[31m'));
    await left(page, 21).locator('.sm-check').click();
    assert.deepEqual(await overflowing(page, '#container'), []);
    await section(page).getByRole('button', { name: /^Reap 1 process/ }).click();
    await dialog(page).getByText('Reap 1 process?').waitFor();
    assert.deepEqual(await overflowing(page, 'dialog'), []);
    assert.equal(await page.evaluate(() => window.hit), undefined);
    assert.equal(await page.locator('#container :is(img, script)').count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  });
}
