// The terminal of a session on the page: it is drawn as it is told, and typed to in the order of the keys.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { overflowing } from '../browser/chromium.mjs';
import { callsTo, heard, openPage, row, say, setAnswers, startHarness } from './harness.mjs';
import { driven, hello, refusal, session, snapshot } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const ID = 'aaaaaaaa-0000-4000-8000-000000000011';
const mine = () => session(11, { title: 'Mend the lexer', holder: 'pty' });
const KEYS = `POST /sessions/${ID}/keys`, RESIZE = `POST /sessions/${ID}/resize`, SCREEN = `GET /sessions/${ID}/screen`;

const picture = (lines, more) => ({
  ok: true, sessionId: ID, columns: 80, rows: lines.length, rev: 1, title: 'claude', kept: 2,
  cursor: { column: 2, row: 1, visible: true }, lines, ...more,
});
const frame = screen => ({ type: 'screen', sessionId: ID, screen });
const LINES = [
  [{ text: 'plain ' }, { text: 'red', fg: '1', bold: true }, { text: ' <b>no markup</b>' }],
  [{ text: '> ' }],
  [{ text: '日本', columns: 4, bg: '#102030' }, { text: ' inverse ', inverse: true }],
];
const field = page => page.getByRole('textbox', { name: 'Keys for the session' });
const lines = page => page.locator('.sm-t-line');
const tab = (page, name) => page.getByRole('button', { name, exact: true });
const sent = async page => (await callsTo(page, '/keys')).map(({ body }) => body);

async function openTerminal(options = {}, answers = {}) {
  const rows = [mine()];
  const opened = await openPage(harness, { 'GET /sessions': rows, [KEYS]: driven(11, 'sent'), [RESIZE]: driven(11, 'changed'), ...answers }, { live: true, ...options });
  const { page } = opened;
  await page.waitForFunction(() => window.sockets.length > 0);
  await say(page, hello(), snapshot(rows));
  await page.locator('#sm-sign').filter({ hasText: 'Live' }).waitFor({ state: 'attached' });
  await row(page, 11).getByRole('button', { name: 'Open' }).click();
  await tab(page, 'Terminal').click();
  await page.locator('.sm-t-room').waitFor();
  await say(page, frame({ type: 'whole', picture: picture(LINES) }));
  await lines(page).nth(2).waitFor();
  return opened;
}

test('the screen is drawn as text, and only what changes is drawn again', async () => {
  const { page, complaints, close } = await openTerminal();
  assert.deepEqual((await heard(page)).map(({ type }) => type), ['follow', 'look']);
  assert.equal(await lines(page).first().textContent(), 'plain red <b>no markup</b>');
  assert.equal(await lines(page).locator('b').count(), 0);
  const columns = await lines(page).nth(2).locator('span').first().evaluate(one => one.getBoundingClientRect().width);
  const measure = await page.locator('.sm-t-measure').evaluate(one => one.getBoundingClientRect().width);
  assert.ok(Math.abs(columns - measure * 0.4) < 0.5, `${columns} of ${measure}`);
  const first = await lines(page).first().locator('span').first().evaluateHandle(one => one);
  const cursor = { column: 3, row: 1, visible: true };
  await say(page, frame({ type: 'changed', rev: 2, cursor, title: 'claude', kept: 2, lines: [{ row: 1, runs: [{ text: '> h' }] }] }));
  await lines(page).nth(1).getByText('> h').waitFor();
  assert.ok(await first.evaluate(one => one.isConnected));
  const place = await page.locator('.sm-t-cursor').evaluate(one => one.getBoundingClientRect().left);
  const start = await lines(page).first().evaluate(one => one.getBoundingClientRect().left);
  assert.ok(Math.abs(place - start - measure * 0.3) < 1, `${place - start}`);
  await tab(page, 'Conversation').click();
  await page.locator('.sm-stream').waitFor();
  assert.equal((await heard(page)).at(-1).type, 'look_away');
  assert.deepEqual(complaints, []);
  await close();
});

test('keys go to the session, and F6 leaves', async () => {
  const { page, complaints, close } = await openTerminal();
  await page.waitForFunction(() => document.activeElement.classList.contains('sm-t-keys'));
  await page.keyboard.type('hi!');
  for (const key of ['Enter', 'Escape', 'Tab', 'Shift+Tab', 'ArrowUp', 'Control+c', 'Backspace']) await page.keyboard.press(key);
  await page.waitForFunction(() => true);
  const all = async () => (await sent(page)).flatMap(({ keys }) => keys);
  const expected = ['h', 'i', '!', 'enter', 'escape', 'tab', 'shift-tab', 'up', 'ctrl-c', 'backspace'];
  for (let wait = 0; wait < 50 && (await all()).length < expected.length; wait += 1) await page.waitForTimeout(50);
  assert.deepEqual(await all(), expected);
  // It is still open: Escape was not the page's.
  assert.ok(await page.locator('.sm-t-room').isVisible());
  await page.keyboard.press('F6');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Terminal');
  assert.equal(await field(page).inputValue(), '');
  assert.deepEqual(complaints, []);
  await close();
});

test('a paste is a paste, and what an input method makes is typed', async () => {
  const { page, close } = await openTerminal();
  await field(page).focus();
  await page.evaluate(() => navigator.clipboard.writeText('two\nlines'));
  await page.keyboard.press('Control+v');
  await page.waitForFunction(() => window.calls.some(({ path }) => path.includes('/keys')));
  const client = await page.context().newCDPSession(page);
  await client.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 });
  assert.equal(await field(page).inputValue(), 'にほ');
  await client.send('Input.insertText', { text: '日本' });
  await page.waitForFunction(() => window.calls.filter(({ path }) => path.includes('/keys')).length === 2);
  assert.deepEqual(await sent(page), [{ text: 'two\nlines' }, { keys: ['日', '本'] }]);
  assert.equal(await field(page).inputValue(), '');
  await close();
});

test('it takes the size for which there is room, and the keys below work without a keyboard', async () => {
  const { page, close } = await openTerminal({ width: 390, height: 760 });
  const sizes = async () => (await callsTo(page, '/resize')).map(({ body }) => body);
  await page.waitForFunction(() => window.calls.some(({ path }) => path.includes('/resize')));
  const { columns, rows } = (await sizes()).at(-1);
  assert.ok(columns >= 45 && columns < 70 && rows > 15 && rows < 60, `${columns} ${rows}`);
  await say(page, frame({ type: 'whole', picture: picture(LINES, { columns, rows }) }));
  await page.getByText(`${columns} × ${rows}`).waitFor();
  await page.getByRole('button', { name: 'Escape' }).click();
  await page.getByRole('button', { name: 'Ctrl', exact: true }).click();
  await field(page).focus();
  await page.keyboard.type('r');
  await page.waitForFunction(() => window.calls.filter(({ path }) => path.includes('/keys')).length === 2);
  assert.deepEqual(await sent(page), [{ keys: ['escape'] }, { keys: ['ctrl-r'] }]);
  assert.deepEqual(await overflowing(page, '.sm-page'), []);
  await close();
});

test('earlier lines are shown above, and without a link it is asked for', async () => {
  const above = [[{ text: 'long ago' }], [{ text: 'before' }]];
  const { page, close } = await openTerminal({}, { [SCREEN]: picture(LINES, { above }) });
  await tab(page, 'Earlier lines').click();
  await lines(page).nth(4).waitFor();
  assert.equal(await lines(page).first().textContent(), 'long ago');
  await tab(page, 'Earlier lines').click();
  await page.waitForFunction(() => document.querySelectorAll('.sm-t-line').length === 3);
  await setAnswers(page, { [SCREEN]: picture([...LINES, [{ text: 'asked for' }]]) });
  await page.evaluate(() => window.sockets.at(-1).end(1006));
  await lines(page).getByText('asked for').waitFor();
  await setAnswers(page, { [KEYS]: refusal('ended', 'The session has ended.') });
  await field(page).focus();
  await page.keyboard.press('x');
  await page.getByText('That was not typed. The session has ended.').waitFor();
  await close();
});
