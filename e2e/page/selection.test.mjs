// Choosing several sessions, and one confirmed deed on all of them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { overflowing } from '../browser/chromium.mjs';
import { callsTo, openPage, refresh, row, setAnswers, startHarness } from './harness.mjs';
import { killed, refusal, session, signalled } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const MINUTE = 60_000;
const dialog = page => page.locator('dialog[open]');
const bar = page => page.getByRole('region', { name: 'Selected sessions' });
const box = (page, pid) => row(page, pid).getByRole('checkbox');
const chosen = page => page.locator('[data-key]:has(input:checked)').evaluateAll(rows => rows.map(one => parseInt(one.dataset.key, 10)).sort());
const press = (page, pid, options) => row(page, pid).locator('.sm-check').click(options);
const foreign = { actions: { kill: { code: 'not_yours', error: 'Process 14 belongs to bob; ask them.' } } };
const rows = () => [session(11, { state: 'working' }), session(12), session(13), session(14, foreign)];

test('rows are chosen by keyboard, by pointer and as a range, and nothing is by itself', async () => {
  const { page, complaints, close } = await openPage(harness, { 'GET /sessions': [11, 12, 13, 14, 15].map(pid => session(pid)) }, { frozen: true });
  await row(page, 15).waitFor();
  assert.deepEqual(await chosen(page), []);
  assert.equal(await bar(page).count(), 0);
  assert.equal(await page.getByRole('checkbox', { name: 'Select Session 12' }).count(), 1);
  await box(page, 12).focus();
  await page.keyboard.press('Space');
  await bar(page).getByText('1 selected').waitFor();
  assert.equal(await row(page, 12).locator('.sm-box').evaluate(one => getComputedStyle(one).outlineStyle), 'solid');
  await press(page, 14, { modifiers: ['Shift'] });
  assert.deepEqual(await chosen(page), [12, 13, 14]);
  await press(page, 13);
  assert.deepEqual(await chosen(page), [12, 14]);
  // It outlives a refresh and a filter, and does not go on to what takes a row's place.
  await page.getByRole('searchbox').fill('Session 12');
  await bar(page).getByText('2 selected, 1 of them not shown').waitFor();
  await page.getByRole('searchbox').fill('');
  await setAnswers(page, { 'GET /sessions': [session(12), { ...session(14), key: '14:200' }] });
  await refresh(page);
  await bar(page).getByText('1 selected').waitFor();
  assert.deepEqual(await chosen(page), [12]);
  await bar(page).getByRole('button', { name: 'Clear' }).press('Enter');
  await bar(page).waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement.matches('[aria-label="Live sessions"]'));
  assert.deepEqual(complaints, []);
  await close();
});

test('those abandoned for long are chosen at a press and never before', async () => {
  const quiet = (pid, minutes, more) => session(pid, { abandoned: true, lastActivityAt: Date.now() - minutes * MINUTE, ...more });
  const { page, close } = await openPage(harness, { 'GET /sessions': [quiet(11, 45), quiet(12, 150), quiet(13, 150, foreign), session(14)] });
  const quick = page.getByRole('group', { name: 'Select abandoned sessions' });
  await quick.getByRole('button', { name: 'Select 2' }).waitFor();
  assert.deepEqual(await chosen(page), []);
  await quick.getByRole('combobox', { name: 'Abandoned for' }).selectOption('120');
  assert.deepEqual(await chosen(page), []);
  await quick.getByRole('button', { name: 'Select 1' }).click();
  assert.deepEqual(await chosen(page), [12]);
  await quick.getByRole('combobox').selectOption('1440');
  assert.equal(await quick.getByRole('button', { name: 'Select 0' }).getAttribute('aria-disabled'), 'true');
  assert.deepEqual(await chosen(page), [12]);
  await close();
});

test('one question lists all, warns, says who is left alone, and then what came of each', async () => {
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': { $each: [rows(), [session(13), session(14, foreign)]] },
    'POST /sessions/act': { $hold: { ok: false, items: [
      { key: '11:100', result: { type: 'killed', killed: killed(11, 'exited') } },
      { key: '12:100', result: { type: 'killed', killed: killed(12, 'killed') } },
      { key: '13:100', result: { type: 'refused', ...refusal('busy', 'Another action on it is running; try again.') } },
    ] } },
  });
  for (const pid of [14, 13, 12, 11]) await press(page, pid);
  await bar(page).getByRole('button', { name: 'Kill…' }).click();
  await dialog(page).getByText('Kill 3 sessions?').waitFor();
  const item = name => dialog(page).getByRole('listitem').filter({ hasText: name });
  const text = (await item('Session 11').innerText()).replace(/\s+/g, ' ');
  for (const part of ['Working', 'parser', 'process 11', '214 MB', 'It is at work: what it is doing now is cut off.']) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  assert.ok(!(await item('Session 12').innerText()).includes('cut off'));
  const alone = dialog(page).locator('section').filter({ hasText: 'Left alone (1)' });
  await alone.getByText('Process 14 belongs to bob; ask them.').waitFor();
  assert.ok((await dialog(page).innerText()).includes('642 MB'));
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel');
  assert.deepEqual(await callsTo(page, '/act'), []);
  await dialog(page).getByRole('button', { name: 'Kill 3 sessions' }).click();
  await item('Session 12').getByText('Ending…').waitFor();
  await page.evaluate(() => window.release());
  await dialog(page).getByText('2 of 3 are done.').waitFor();
  await item('Session 11').getByText('has ended by itself (2 s).').waitFor();
  await item('Session 12').getByText('did not end by itself and was killed').waitFor();
  assert.ok(await item('Session 13').getByText('Another action on it is running').evaluate(one => one.classList.contains('sm-bad')));
  assert.deepEqual((await callsTo(page, '/act')).map(call => call.body), [{ act: 'kill', keys: ['11:100', '12:100', '13:100'] }]);
  assert.deepEqual(await dialog(page).getByRole('button').allInnerTexts(), ['Close']);
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  await bar(page).getByText('2 selected').waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

test('who leaves while the question stands is not asked for; a dialog that is left is told by a message', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': rows(),
    'POST /sessions/act': { $hold: { ok: true, items: [{ key: '12:100', result: { type: 'signalled', signalled: signalled(12, 'pause') } }] } },
  }, { frozen: true });
  await press(page, 12);
  await press(page, 13);
  await bar(page).getByRole('button', { name: 'Pause…' }).click();
  await dialog(page).getByText('Pause 2 sessions?').waitFor();
  await setAnswers(page, { 'GET /sessions': [session(11), session(12)] });
  await refresh(page);
  await dialog(page).getByText('Has ended meanwhile.').waitFor();
  await dialog(page).getByRole('button', { name: 'Pause 1 session' }).click();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  await page.evaluate(() => window.release());
  await page.locator('.sm-toasts').getByText('All 1 are done.').waitFor();
  assert.deepEqual((await callsTo(page, '/act')).map(call => call.body), [{ act: 'pause', keys: ['12:100'] }]);
  await close();
});

for (const width of [1280, 390]) {
  test(`bar, boxes and question fit into ${width} px`, async () => {
    const long = 'a-rather-long-title-without-any-space-in-it-'.repeat(4);
    const { page, close } = await openPage(harness, {
      'GET /sessions': [session(11, { title: long, abandoned: true }), session(12, foreign)],
    }, { width, hasTouch: true });
    await row(page, 11).locator('.sm-check').tap();
    await row(page, 12).locator('.sm-check').tap();
    await bar(page).getByText('2 selected').waitFor();
    assert.deepEqual(await overflowing(page, '#container'), []);
    assert.equal(await page.evaluate(() => document.getElementById('container').scrollWidth), width);
    await bar(page).getByRole('button', { name: 'Kill…' }).tap();
    await dialog(page).getByText('Kill 1 session?').waitFor();
    assert.deepEqual(await overflowing(page, 'dialog'), []);
    await close();
  });
}
