// The list: what stands in it, in which order, and how it is narrowed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openPage, row, startHarness } from './harness.mjs';
import { context, health, session } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const keys = page => page.locator('[data-key]').evaluateAll(rows => rows.map(one => one.dataset.key));

test('those that wait for a person come first, with state, place and figures in words', async () => {
  const now = Date.now();
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': [
      session(11, { state: 'idle' }),
      session(12, { state: 'working' }),
      session(13, { state: 'waiting_input', stateSince: now - 60_000 }),
      session(14, { state: 'waiting_permission', stateSince: now - 600_000, gitBranch: 'fix/login' }),
    ],
  });
  await row(page, 14).waitFor();
  assert.deepEqual(await keys(page), ['14:100', '13:100', '12:100', '11:100']);
  const text = (await row(page, 14).innerText()).replace(/\s+/g, ' ');
  for (const part of ['Needs permission', '10 min · registry', 'Session 14', '~/work/parser', 'fix/login', 'ada', '2 h 5 min', '214 MB', 'Kill']) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  assert.equal(await page.getByRole('button', { name: /^Needs you/ }).innerText().then(t => t.replace(/\s+/g, ' ')), 'Needs you 2');
  assert.deepEqual(complaints, []);
  await close();
});

test('a state without a time is told by its badge alone', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11, { state: 'stopped', stateSource: 'process', stateSince: null }), session(12)],
  });
  await row(page, 11).waitFor();
  assert.equal(await row(page, 12).locator('.sm-since > span').isVisible(), true);
  assert.equal(await row(page, 11).locator('.sm-since > span').isVisible(), false);
  assert.ok(!(await row(page, 11).innerText()).includes('process'));
  await close();
});

test('facets and filter narrow the list', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11), session(12, { state: 'working', title: 'Rewrite the lexer' }), session(13, { user: 'bob' })],
  });
  await row(page, 11).waitFor();
  await page.getByRole('button', { name: /^Working/ }).click();
  await row(page, 11).waitFor({ state: 'detached' });
  assert.deepEqual(await keys(page), ['12:100']);
  await page.getByRole('button', { name: /^All/ }).click();
  await row(page, 11).waitFor();
  await page.getByRole('searchbox').fill('BOB');
  await row(page, 11).waitFor({ state: 'detached' });
  assert.deepEqual(await keys(page), ['13:100']);
  await page.getByRole('searchbox').fill('nothing like it');
  await page.getByText('No running session fits.').waitFor();
  await close();
});

test('a row unfolds to what was said last', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11, { tmux: 'work:@1.%2' })],
    'GET /sessions/11/context': context(11, { awaySummary: 'Measured it.' }),
  });
  const fold = page.getByRole('button', { name: 'Session 11' });
  assert.equal(await fold.getAttribute('aria-expanded'), 'false');
  await fold.click();
  await page.getByText('make the parser faster').waitFor();
  const text = await row(page, 11).innerText();
  for (const part of ['Measured it.', 'Done: it is twice as fast.', 'claude-opus-4', 'Claude Code\'s own file for this session says so.', "tmux attach -t '=work'"]) {
    assert.ok(text.includes(part), part);
  }
  await page.getByRole('button', { name: 'Copy session id' }).click();
  await page.getByText('Copied.').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'aaaaaaaa-0000-4000-8000-000000000011');
  await fold.click();
  assert.equal(await fold.getAttribute('aria-expanded'), 'false');
  assert.equal(await page.getByText('make the parser faster').count(), 0);
  await close();
});

test('a context that is refused says why', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11)],
    'GET /sessions/11/context': { ok: false, code: 'no_session', error: 'It may still be starting, so try again in a moment.' },
  });
  await page.getByRole('button', { name: 'Session 11' }).click();
  await page.getByText('It may still be starting, so try again in a moment.').waitFor();
  await close();
});

test('a row of a newer server costs no other', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11), { ...session(12), pid: 'twelve' }, session(13, { state: 'dreaming' }), null],
  });
  await page.getByText('2 rows come from a newer server').waitFor();
  assert.deepEqual((await keys(page)).sort(), ['11:100', '13:100']);
  assert.ok((await row(page, 13).innerText()).includes('Unknown'));
  await close();
});

test('mistakes in the configuration and an empty machine are said', async () => {
  const { page, close } = await openPage(harness, {
    'GET /health': health({ degraded: ['config.toml:3: unknown key "hoems"'] }),
  });
  await page.getByText('config.toml:3: unknown key "hoems"').waitFor();
  await page.getByText('No Claude Code session runs on this machine.').waitFor();
  await close();
});
