// Ending a session with what it runs: what is told before, while it runs, and afterwards.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { callsTo, openPage, row, say, setAnswers, startHarness } from './harness.mjs';
import { acting, changes, context, hello, killed, process, refusal, session, signalled, snapshot, tree } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const dialog = page => page.locator('dialog[open]');
const bodies = async (page, part) => (await callsTo(page, part)).map(call => call.body);
const kill = (page, pid) => row(page, pid).getByRole('button', { name: 'Kill' });

async function openLinked(rows, answers) {
  const opened = await openPage(harness, { 'GET /sessions': rows, ...answers }, { live: true });
  await opened.page.waitForFunction(() => window.sockets.length > 0);
  await say(opened.page, hello(), snapshot(rows));
  return opened;
}

test('the question lists what ends, what is spared and what is not proved, with the memory that comes back', async () => {
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': [session(11)], 'GET /sessions/11/tree': tree(11), 'POST /sessions/11/kill': killed(11, 'exited'),
  });
  await kill(page, 11).click();
  await dialog(page).getByText('3 processes end. Memory that comes back: 260 MB.').waitFor();
  const group = title => dialog(page).locator('section').filter({ hasText: title });
  for (const [title, ...parts] of [
    ['Ends (3)', 'claude', 'node mcp-server.js', 'started by process 11', 'npm run dev', 'seen to descend from it 5 min ago'],
    ['Spared (1)', 'claude -p hello', 'a Claude Code session of its own'],
    ['left alone (1)', 'python3', 'CLAUDE_CODE_SESSION_ID'],
  ]) {
    const text = await group(title).innerText();
    for (const part of parts) assert.ok(text.includes(part), `${part} in ${text}`);
  }
  const alone = dialog(page).getByRole('switch', { name: 'Only Claude Code itself' });
  assert.equal(await alone.isChecked(), false);
  await alone.focus();
  await page.keyboard.press('Space');
  await dialog(page).getByText('1 process ends. Memory that comes back: 180 MB.').waitFor();
  await group('Goes on without it (2)').getByText('npm run dev').waitFor();
  await page.getByRole('button', { name: 'Kill session' }).click();
  await page.getByText('has ended by itself').waitFor();
  assert.deepEqual(await bodies(page, '/kill'), [{ key: '11:100', tree: false }]);
  assert.deepEqual(complaints, []);
  await close();
});

test('a tree that can not be told does not stand in the way', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11)], 'GET /sessions/11/tree': refusal('too_many', 'Too much is asked at once; try again.'),
    'POST /sessions/11/kill': killed(11, 'exited'),
  });
  await kill(page, 11).click();
  await dialog(page).getByText('What it runs is not known. Too much is asked at once; try again.').waitFor();
  await page.getByRole('button', { name: 'Kill session' }).click();
  await page.getByText('has ended by itself').waitFor();
  assert.deepEqual(await bodies(page, '/kill'), [{ key: '11:100' }]);
  await close();
});

test('while it runs the row tells how far it is, and then a message, until the answer is there', async () => {
  const { page, complaints, close } = await openLinked([session(11), session(12)], {
    'POST /sessions/11/kill': { $hold: killed(11, 'exited', {
      ok: false,
      processes: [
        process(11, 'claude', { proof: { type: 'root' }, outcome: 'exited' }),
        process(71, 'node mcp-server.js', { outcome: 'exited' }),
        process(72, 'npm run dev', { outcome: 'killed' }),
        process(75, 'cat /mnt/nfs/x', { outcome: 'still_running' }),
      ],
      spared: [{ key: '73:100', command: 'claude -p hello', reason: 'other_session' }],
    }) },
  });
  await kill(page, 11).click();
  await page.getByRole('button', { name: 'Kill session' }).click();
  const button = row(page, 11).locator('.sm-kill');
  await button.filter({ hasText: 'Ending…' }).waitFor();
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  await say(page, changes([], [], { acting: [acting(11, 'grace', 3, 7)] }));
  await row(page, 11).getByRole('status').filter({ hasText: 'Ending · 3 of 7 left' }).waitFor();
  await say(page, changes([], [], { acting: [acting(11, 'killing', 2, 7)] }));
  await row(page, 11).getByText('Killing · 2 of 7 left').waitFor();
  await say(page, changes([], ['11:100'], { acting: [acting(11, 'rest', 1, 7)] }));
  await row(page, 11).waitFor({ state: 'detached' });
  await page.locator('.sm-toasts').getByText('Ending the rest · 1 of 7 left (“Session 11”)').waitFor();
  await page.evaluate(() => window.release());
  await say(page, changes([], []));
  const toast = page.locator('.sm-toast').filter({ hasText: 'has ended by itself' });
  await toast.getByText('Of 3 processes below it: 1 ended, 1 had to be killed, 1 still running. 1 was spared.').waitFor();
  await page.getByText('left (“Session 11”)').waitFor({ state: 'detached' });
  await toast.getByText('Process by process').click();
  await toast.getByText('cat /mnt/nfs/x (process 75): still running').waitFor();
  await toast.getByText('npm run dev (process 72): killed').waitFor();
  assert.equal(await toast.getByText('mcp-server').count(), 0);
  assert.deepEqual(complaints, []);
  await close();
});

test('what somebody else does is told as well and can not be asked for twice', async () => {
  const { page, close } = await openLinked([session(11)], {});
  await say(page, changes([], [], { acting: [acting(11, 'grace', 2, 2)] }));
  await row(page, 11).getByText('Ending · 2 of 2 left').waitFor();
  await kill(page, 11).or(row(page, 11).locator('.sm-kill')).first().click({ force: true });
  assert.equal(await dialog(page).count(), 0);
  // A link that breaks tells of nothing any more.
  await page.evaluate(() => window.sockets.at(-1).end(1006));
  await row(page, 11).getByText('Ending · 2 of 2 left').waitFor({ state: 'detached' });
  await close();
});

test('a session is paused and continued from its detail, and the note of the server is shown until it is read', async () => {
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': { $each: [[session(11)], [session(11, { state: 'stopped' })]] },
    'GET /sessions/11/context': context(11),
    'POST /sessions/11/pause': signalled(11, 'pause', { note: 'Its shell takes the terminal back.' }),
    'POST /sessions/11/continue': { $each: [refusal('busy', 'Another action on it is running; try again.'), signalled(11, 'continue')] },
  });
  await row(page, 11).locator('.sm-fold').click();
  const signals = row(page, 11).getByRole('group', { name: 'Signals' });
  await signals.getByRole('button', { name: 'Pause' }).press('Enter');
  await page.getByText('“Session 11” stands still (3 processes). Its shell takes the terminal back.').waitFor();
  const next = signals.getByRole('button', { name: 'Continue' });
  await next.click();
  await page.getByText('“Session 11” was not continued. Another action on it is running; try again.').waitFor();
  await next.click();
  await page.getByText('“Session 11” goes on (3 processes).').waitFor();
  assert.deepEqual(await bodies(page, '/pause'), [{ key: '11:100' }]);
  assert.deepEqual(await bodies(page, '/continue'), [{ key: '11:100' }, { key: '11:100' }]);
  assert.deepEqual(complaints, []);
  await close();
});

test('an interrupt says that it may end the session, asks first, and tells what came of it', async () => {
  const note = 'It ended: Claude Code takes this signal for a wish to exit. Its conversation can be resumed.';
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11), session(12, { actions: { kill: { code: 'not_yours', error: 'Ask bob.' } } })],
    'GET /sessions/11/context': context(11),
    'GET /sessions/12/context': context(12),
    'POST /sessions/act': { ok: true, items: [{ key: '11:100', result: { type: 'signalled', signalled: signalled(11, 'interrupt', { outcome: 'ended', note }) } }] },
  });
  await row(page, 12).locator('.sm-fold').click();
  await row(page, 12).getByRole('button', { name: 'Interrupt…' }).click({ force: true });
  assert.equal(await dialog(page).count(), 0);
  await row(page, 11).locator('.sm-fold').click();
  const button = row(page, 11).getByRole('button', { name: 'Interrupt…' });
  const described = await button.evaluate(one => document.getElementById(one.getAttribute('aria-describedby')).textContent);
  assert.ok(described.includes('else Claude Code exits (SIGINT).'), described);
  await button.click();
  await dialog(page).getByText('which Claude Code takes as a wish to exit').waitFor();
  assert.deepEqual(await callsTo(page, '/act'), []);
  await page.getByRole('button', { name: 'Interrupt 1 session' }).click();
  await dialog(page).getByText(note).waitFor();
  assert.deepEqual(await bodies(page, '/act'), [{ act: 'interrupt', keys: ['11:100'] }]);
  await setAnswers(page, { 'GET /sessions': [] });
  await page.getByRole('button', { name: 'Close' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  await close();
});
