// Who needs a person, what is asked, and why that is known.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { overflowing } from '../browser/chromium.mjs';
import { callsTo, openPage, row, say, startHarness } from './harness.mjs';
import { changes, context, hello, session, snapshot, why } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const MINUTE = 60_000;
const text = async locator => (await locator.innerText()).replace(/\s+/g, ' ');
const permission = (input = 'rm -rf build') => ({ state: 'waiting_permission', ask: { type: 'permission', tool: 'Bash', input } });
const question = {
  state: 'waiting_input',
  ask: { type: 'question', questions: [{ question: 'Which units?', header: 'Units', multiSelect: false,
    options: [{ label: 'Metric', description: 'Celsius' }, { label: 'Imperial', description: null }] }] },
};
const plan = { state: 'waiting_permission', ask: { type: 'plan', text: '# Split the parser\n\n1. Read\n2. Write' } };
const asks = { asks: true, ask: { type: 'text', text: 'Shall I go on?' } };

test('those that need a person come first and say what they ask', async () => {
  const long = 'x'.repeat(1500);
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': [session(11), session(12, asks), session(13, { ...asks, abandoned: true }), session(14, permission(long)), session(15, question), session(16, plan)],
    'GET /sessions/14/context': context(14), 'GET /sessions/15/context': context(15), 'GET /sessions/12/context': context(12), 'GET /sessions/16/context': context(16),
  });
  await row(page, 16).waitFor();
  const keys = await page.locator('[data-key]').evaluateAll(rows => rows.map(one => parseInt(one.dataset.key, 10)));
  assert.deepEqual(keys.slice(0, 3).sort(), [14, 15, 16]);
  assert.equal(keys[3], 12);
  assert.equal(await text(page.getByRole('button', { name: /^Needs you/ })), 'Needs you 4');
  await page.getByRole('button', { name: /^Needs you/ }).click();
  await row(page, 11).waitFor({ state: 'detached' });
  assert.equal(await page.locator('[data-key]').count(), 4);

  assert.ok((await text(row(page, 15))).includes('Units Which units?'));
  assert.ok((await text(row(page, 15))).includes('Metric'));
  assert.ok((await text(row(page, 16))).includes('Plan Split the parser'));
  assert.ok((await row(page, 14).locator('.sm-act').boundingBox()).height < 70);
  for (const [pid, part] of [[14, long], [15, '• Metric: Celsius'], [12, 'Shall I go on?'], [16, '1. Read']]) {
    await row(page, pid).locator('.sm-fold').click();
    await row(page, pid).locator('.sm-passage').first().getByText(part).waitFor();
  }
  assert.match(await row(page, 14).locator('.sm-passage p').first().evaluate(one => getComputedStyle(one).fontFamily), /mono/);
  assert.deepEqual(await overflowing(page, '#container'), []);
  assert.deepEqual(complaints, []);
  await close();
});

test('a tool that runs is told with its age; a long one is no alarm', async () => {
  const tool = (name, input, age) => ({ state: 'working', tool: { name, input, since: Date.now() - age } });
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11, tool('Bash', 'cargo build', 45 * MINUTE)), session(12, tool('WebFetch', 'https://example.org', 90_000))],
  });
  await row(page, 12).waitFor();
  assert.ok((await text(row(page, 11))).includes('Bash cargo build 45 min'));
  assert.equal(await row(page, 11).getByText('stuck').count(), 0);
  const long = pid => row(page, pid).locator('.sm-act-age').getAttribute('data-long');
  assert.deepEqual([await long(11), await long(12)], ['true', 'false']);
  await close();
});

test('the title counts who needs a person, beside whatever the host writes there', async () => {
  const { page, close } = await openPage(harness, { 'GET /sessions': [] }, { live: true });
  await page.evaluate(() => { document.title = 'CloudCLI UI'; });
  await page.waitForFunction(() => window.sockets.length > 0);
  await say(page, hello(), snapshot([session(11, permission()), session(12, asks), session(13)]));
  await page.waitForFunction(() => document.title === '(2) CloudCLI UI');
  await page.evaluate(() => { document.title = 'Another chat'; });
  await say(page, changes([session(14, question)]));
  await page.waitForFunction(() => document.title === '(3) Another chat');
  await say(page, changes([], ['11:100', '12:100', '14:100']));
  await page.waitForFunction(() => document.title === 'Another chat');
  await say(page, changes([session(11, permission())]));
  await page.waitForFunction(() => document.title === '(1) Another chat');
  await page.evaluate(() => window.plugin.unmount(document.getElementById('container')));
  assert.equal(await page.title(), 'Another chat');
  await close();
});

test('what is inferred or unknown looks so and says on what it rests', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': [
      session(11, { state: 'working', confidence: 'inferred', rule: 'models_turn', stateSource: 'transcript' }),
      session(12, { state: 'unknown', confidence: 'unknown', rule: 'registry_sealed', stateSource: 'process', stateSince: null }),
      session(13),
    ],
    'GET /sessions/12/context': context(12),
  });
  await row(page, 13).waitFor();
  const badge = pid => row(page, pid).locator('.sm-badge');
  assert.deepEqual(await Promise.all([11, 12, 13].map(pid => badge(pid).getAttribute('data-likely'))), ['true', 'false', 'false']);
  assert.equal(await badge(11).getAttribute('title'), "The transcript ends with a prompt or a result: it is the model's turn.");
  assert.ok((await badge(11).textContent()).includes('Likely Working'));
  assert.match(await badge(12).getAttribute('title'), /not ours to read/);
  await row(page, 12).locator('.sm-fold').click();
  await row(page, 12).locator('.sm-facts').getByText(/not ours to read; run the server as that user/).waitFor();
  await close();
});

test('a state is explained by keyboard, and again when it changes', async () => {
  const stateSince = Date.now() - 5 * MINUTE;
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions/11/why': { $each: [
      why(11),
      why(11, { state: 'working', rule: 'tool_runs', reason: 'The transcript ends with a tool call, and something runs for it.' }),
      { ok: false, code: 'replaced', error: 'Another process has this number now; refresh the list.' },
    ] },
  }, { live: true });
  await page.waitForFunction(() => window.sockets.length > 0);
  await say(page, hello(), snapshot([session(11, { stateSince })]));
  const button = row(page, 11).getByRole('button', { name: 'Why this state' });
  await button.focus();
  assert.equal(await button.getAttribute('aria-expanded'), 'false');
  await page.keyboard.press('Enter');
  const panel = page.locator(`#${await button.getAttribute('aria-controls')}`);
  await panel.getByText('Its status is "idle".').waitFor();
  assert.equal(await button.getAttribute('aria-expanded'), 'true');
  assert.equal(await text(panel.locator('[data-decided=true]')), 'registry Its status is "idle". decided 5 min ago');
  assert.equal(await panel.locator('li').count(), 4);
  assert.equal(await row(page, 11).locator('.sm-fold').getAttribute('aria-expanded'), 'false');

  await say(page, changes([session(11, { stateSince, rssBytes: 1 })]));
  await row(page, 11).getByText('1 B').waitFor();
  assert.equal((await callsTo(page, '/why')).length, 1);
  await say(page, changes([session(11, { stateSince, state: 'working', rule: 'tool_runs' })]));
  await panel.getByText('something runs for it').waitFor();
  await say(page, changes([session(11, { stateSince, state: 'idle' })]));
  await panel.getByText('Another process has this number now').waitFor();
  assert.ok(await button.evaluate(one => one === document.activeElement));
  await page.keyboard.press('Space');
  await panel.waitFor({ state: 'hidden' });
  await say(page, changes([session(11, { stateSince, state: 'working' })]));
  await row(page, 11).getByText('Working').waitFor();
  assert.equal((await callsTo(page, '/why')).length, 3);
  assert.deepEqual(complaints, []);
  await close();
});
