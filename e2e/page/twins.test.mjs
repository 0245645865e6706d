// Two processes on one conversation, and what was done through the server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { overflowing } from '../browser/chromium.mjs';
import { callsTo, openPage, row, startHarness } from './harness.mjs';
import { context, entry, recent, refusal, session } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const id = number => recent(number).sessionId;
const conversation = (page, number) => page.locator(`[data-session="${id(number)}"]`);
const dialog = page => page.locator('dialog[open]');

test('twins are marked, and the detail says what to do', async () => {
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': [session(11, { twinOf: ['12:100'] }), session(12, { twinOf: ['11:100'] }), session(13, { twinOf: ['1:1', '2:2'] }), session(14)],
    'GET /sessions/11/context': context(11), 'GET /sessions/13/context': context(13),
  });
  await row(page, 11).locator('.sm-chip').filter({ hasText: 'twin' }).waitFor();
  assert.equal(await row(page, 14).locator('.sm-chip').filter({ hasText: 'twin' }).count(), 0);
  await row(page, 11).locator('.sm-fold').click();
  await row(page, 11).getByText('Also open in process 12; both write to the same conversation: end one of them.').waitFor();
  await row(page, 13).locator('.sm-fold').click();
  await row(page, 13).getByText('Also open in processes 1, 2; all write to the same conversation: end all but one.').waitFor();
  await page.getByRole('button', { name: /^Twins/ }).click();
  await row(page, 14).waitFor({ state: 'detached' });
  assert.equal(await page.locator('[data-key]').count(), 3);
  assert.deepEqual(complaints, []);
  await close();
});

test('a conversation that is open elsewhere says where, and can be forked', async () => {
  const attach = "tmux attach -t '=work'";
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions recent': { sessions: [recent(1), recent(2)] },
    'POST /sessions/resume': { $each: [
      refusal('live', 'This conversation is open in process 78; end that one first, or fork it.', { pid: 78, key: '78:100', holder: { type: 'tmux', session: 'work', attach }, ageSec: 7500 }),
      { ok: true, sessionId: id(9), pid: 79, key: '79:100', holder: { type: 'tmux', session: 'fork', attach: "tmux attach -t '=fork'" } },
      refusal('no_tmux', 'tmux is not installed; install it.'),
    ] },
  });
  await conversation(page, 1).getByRole('button', { name: 'Resume' }).click();
  await conversation(page, 1).getByText('This conversation is open in process 78; end that one first, or fork it.').waitFor();
  await conversation(page, 1).getByText('process 78, in tmux session work, running for 2 h 5 min').waitFor();
  await conversation(page, 1).getByText(attach).waitFor();
  await conversation(page, 1).getByRole('button', { name: 'Fork in tmux' }).press('Enter');
  await conversation(page, 1).getByText('Goes on in a conversation of its own, as process 79. Attach with').waitFor();
  await conversation(page, 2).getByRole('button', { name: 'Resume' }).click();
  await conversation(page, 2).getByText('tmux is not installed; install it.').waitFor();
  assert.equal(await conversation(page, 2).getByRole('button', { name: 'Fork in tmux' }).count(), 0);
  assert.deepEqual((await callsTo(page, '/resume')).map(call => call.body), [{ sessionId: id(1) }, { sessionId: id(1), fork: true }, { sessionId: id(2) }]);
  assert.deepEqual(complaints, []);
  await close();
});

test('the history tells when, what, to what, by whom and the outcome, and goes back as far as is asked', async () => {
  const at = Date.UTC(2026, 8, 21, 14, 3);
  const { page, complaints, close } = await openPage(harness, {
    'GET /audit': { $each: [
      { ok: true, more: true, entries: [
        entry(9, { at }),
        entry(8, { at: at - 86_400_000, verb: 'resume', by: { uid: null, face: 'http' }, target: { key: null, sessionId: id(1), cwd: '/srv/<b>x' }, plan: null, outcome: 'no_tmux', detail: 'Install tmux.' }),
      ] },
      { ok: true, more: false, entries: [entry(7, { at: at - 86_400_000, verb: 'cleanup', by: { uid: 0, face: 'terminal' }, target: null, plan: null, outcome: null, tookMs: null })] },
    ] },
  }, { width: 390 });
  await page.getByRole('button', { name: 'History of actions…' }).press('Enter');
  await dialog(page).getByText('2026-09-21').waitFor();
  const item = name => dialog(page).getByRole('listitem').filter({ hasText: name });
  const check = async (name, ...parts) => {
    const text = (await item(name).innerText()).replace(/\s+/g, ' ');
    for (const part of parts) assert.ok(text.includes(part), `${part} in ${text}`);
  };
  await check('Kill · parser · process 11', '14:03 UTC', 'by user 1000', 'plan: 5 processes, 1 spared', 'exited (2 s)');
  await check('Resume · <b>x · conversation', 'with the token', 'no tmux (2 s): Install tmux.');
  await dialog(page).getByRole('button', { name: 'Show older' }).click();
  await check('Clean up', 'by user 0, in a terminal', 'no outcome: the server ended before it did');
  assert.equal(await dialog(page).getByRole('button', { name: 'Show older' }).count(), 0);
  assert.deepEqual((await callsTo(page, '/audit')).map(call => call.path), ['/audit?limit=50&soft=1', '/audit?limit=50&before=8&soft=1']);
  assert.deepEqual(await overflowing(page, 'dialog'), []);
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement.textContent.includes('History'));
  assert.deepEqual(complaints, []);
  await close();
});
