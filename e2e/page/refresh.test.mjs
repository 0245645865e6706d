// Refreshing: what must stay where it is, and what is said when no answer comes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { callsTo, openPage, refresh, row, setAnswers, startHarness } from './harness.mjs';
import { context, session } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const many = changes => Array.from({ length: 40 }, (_, at) => session(100 + at, changes?.(100 + at)));

test('a refresh keeps caret, scroll, unfolded rows and the elements themselves', async () => {
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': many(),
    'GET /sessions/110/context': context(110),
  }, { frozen: true });
  await row(page, 110).locator('.sm-fold').click();
  await page.getByText('make the parser faster').waitFor();
  await page.evaluate(() => {
    const filter = document.querySelector('input[type=search]');
    filter.value = 'parser';
    filter.dispatchEvent(new Event('input', { bubbles: true }));
    filter.focus({ preventScroll: true });
    filter.setSelectionRange(2, 4);
    document.getElementById('container').scrollTop = 300;
    window.kept = document.querySelector('[data-key="110:100"]');
  });
  await setAnswers(page, { 'GET /sessions': many(pid => ({ rssBytes: 300_000_000 + pid * 1_000_000 })) });
  await refresh(page);
  await row(page, 110).getByText('410 MB').waitFor();
  assert.deepEqual(await page.evaluate(() => {
    const filter = document.querySelector('input[type=search]');
    return {
      focus: document.activeElement === filter,
      value: filter.value,
      caret: [filter.selectionStart, filter.selectionEnd],
      scroll: document.getElementById('container').scrollTop,
      same: document.querySelector('[data-key="110:100"]') === window.kept,
      unfolded: window.kept.querySelector('.sm-fold').getAttribute('aria-expanded'),
    };
  }), { focus: true, value: 'parser', caret: [2, 4], scroll: 300, same: true, unfolded: 'true' });
  assert.deepEqual(complaints, []);
  await close();
});

test('focus follows a row that moves, and goes to the list when the row has left', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11), session(12), session(13)],
  }, { frozen: true });
  await row(page, 13).locator('.sm-kill').focus();
  await setAnswers(page, { 'GET /sessions': [session(11), session(12), session(13, { state: 'waiting_permission' })] });
  await refresh(page);
  await page.waitForFunction(() => document.querySelector('[data-key]').dataset.key === '13:100');
  await page.waitForFunction(() => document.activeElement.closest('[data-key]')?.dataset.key === '13:100');
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains('sm-kill')));
  await setAnswers(page, { 'GET /sessions': [session(11), session(12)] });
  await refresh(page);
  await row(page, 13).waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement.matches('[aria-label="Live sessions"]'));
  await close();
});

test('an unfolded conversation is read again once it has gone on', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11, { lastActivityAt: 1000 })],
    'GET /sessions/11/context': context(11),
  }, { frozen: true });
  await row(page, 11).locator('.sm-fold').click();
  await page.getByText('make the parser faster').waitFor();
  await refresh(page);
  assert.equal((await callsTo(page, '/context')).length, 1);
  await setAnswers(page, {
    'GET /sessions': [session(11, { lastActivityAt: 2000 })],
    'GET /sessions/11/context': context(11, { lastPrompt: 'and now the lexer' }),
  });
  await refresh(page);
  await page.getByText('and now the lexer').waitFor();
  await close();
});

test('the switch stops refreshing, the button still works', async () => {
  const { page, close } = await openPage(harness, { 'GET /sessions': [session(11)] }, { frozen: true });
  await row(page, 11).waitFor();
  const calls = async () => (await callsTo(page, '/sessions?soft')).length;
  const toggle = page.getByRole('switch', { name: 'Keep the list up to date' });
  await toggle.focus();
  await page.keyboard.press('Space');
  const before = await calls();
  await page.clock.fastForward(30_000);
  await page.getByText('List is 30 s old').waitFor();
  assert.equal(await calls(), before);
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await page.getByText('List is 0 s old').waitFor();
  assert.equal(await calls(), before + 1);
  await close();
});

test('a server that is gone is said, and the last list stays', async () => {
  const { page, complaints, close } = await openPage(harness, { 'GET /sessions': [session(11)] }, { frozen: true });
  await row(page, 11).waitFor();
  await setAnswers(page, { 'GET /sessions': { $error: 'RPC error 500' } });
  await refresh(page);
  await page.getByText('does not answer (error 500)').waitFor();
  assert.ok(await row(page, 11).isVisible());
  assert.equal(await page.locator('[data-stale=true] [data-key]').count(), 1);
  await setAnswers(page, { 'GET /sessions': { ok: false, code: 'fault', error: 'Something failed; the log has it under 7f.' } });
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Something failed; the log has it under 7f.').waitFor();
  await setAnswers(page, { 'GET /sessions': [session(11)] });
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Something failed').waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  await close();
});
