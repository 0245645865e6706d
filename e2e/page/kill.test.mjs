// Ending a session: asked first, by its key, and told afterwards.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { callsTo, openPage, refresh, row, setAnswers, startHarness } from './harness.mjs';
import { killed, refusal, session } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const dialog = page => page.locator('dialog[open]');
const rows = () => [session(11, { title: 'Fix the login', name: 'login-1', state: 'working' }), session(12)];

test('the question names the session, and a yes sends its key', async () => {
  const { page, complaints, close } = await openPage(harness, {
    'GET /sessions': { $each: [rows(), [session(12)]] },
    'POST /sessions/11/kill': killed(11, 'exited'),
  });
  await row(page, 11).getByRole('button', { name: 'Kill' }).click();
  const text = await dialog(page).innerText();
  for (const part of ['Fix the login', 'login-1', 'parser', '11 of ada', 'Working', '2 h 5 min', 'cut off']) {
    assert.ok(text.includes(part), part);
  }
  assert.deepEqual(await callsTo(page, '/kill'), []);
  await page.getByRole('button', { name: 'Kill session' }).click();
  await page.getByText('“Fix the login” has ended by itself (2 s).').waitFor();
  await row(page, 11).waitFor({ state: 'detached' });
  assert.deepEqual(await callsTo(page, '/kill'), [{ method: 'POST', path: '/sessions/11/kill?soft=1', body: { key: '11:100' } }]);
  assert.deepEqual(complaints, []);
  await close();
});

test('by keyboard alone: the focus stays in the dialog, Esc leaves it, and goes back', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': rows(),
    'POST /sessions/11/kill': killed(11, 'killed'),
  });
  await row(page, 11).waitFor();
  const reach = async wanted => {
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(wanted)) return;
    }
    assert.fail(`Tab never reaches ${wanted}`);
  };
  await reach("document.activeElement.matches('[data-key=\"11:100\"] .sm-kill')");
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(ring, 'solid');
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  assert.equal(await focused(), 'Cancel');
  for (const key of ['Tab', 'Tab', 'Shift+Tab', 'Shift+Tab', 'Shift+Tab']) {
    await page.keyboard.press(key);
    assert.ok(await page.evaluate(() => document.querySelector('dialog').contains(document.activeElement)), key);
  }
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement.matches('[data-key="11:100"] .sm-kill'));
  assert.deepEqual(await callsTo(page, '/kill'), []);
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Kill session');
  await page.keyboard.press('Enter');
  await page.getByText('did not end by itself and was killed').waitFor();
  assert.equal((await callsTo(page, '/kill')).length, 1);
  await close();
});

test('what stands against it is said as the server words it, before and after', async () => {
  const sentence = 'Process 12 belongs to bob; ask them, or run the server as that user.';
  const { page, close } = await openPage(harness, {
    'GET /sessions': [session(11), session(12, { user: 'bob', actions: { kill: { code: 'not_yours', error: sentence } } })],
    'POST /sessions/11/kill': { $each: [
      refusal('replaced', 'Another process has this number now; refresh the list.'), killed(11, 'still_running'), { $error: 'RPC error 500' },
    ] },
  });
  const button = row(page, 12).getByRole('button', { name: 'Kill' });
  assert.ok(await row(page, 12).getByText(sentence).isVisible());
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  const described = await button.evaluate(one =>
    one.getAttribute('aria-describedby').split(' ').map(id => document.getElementById(id).textContent).join(' '));
  assert.ok(described.includes(sentence));
  await button.click({ force: true });
  assert.equal(await dialog(page).count(), 0);
  for (const said of ['Another process has this number now; refresh the list.', 'is still running although it was killed', 'does not answer (error 500)']) {
    await row(page, 11).getByRole('button', { name: 'Kill' }).click();
    await page.getByRole('button', { name: 'Kill session' }).click();
    await page.locator('.sm-toasts').getByText(said).waitFor();
  }
  assert.equal(await page.locator('.sm-toasts').getAttribute('aria-live'), 'polite');
  await close();
});

test('a session that ends while the question stands can not be killed any more', async () => {
  const { page, close } = await openPage(harness, { 'GET /sessions': rows() }, { frozen: true });
  await row(page, 11).getByRole('button', { name: 'Kill' }).click();
  await setAnswers(page, { 'GET /sessions': [session(12)] });
  await refresh(page);
  await page.getByText('This session has ended meanwhile.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Kill session' }).count(), 0);
  await page.getByRole('button', { name: 'Close' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement.matches('[aria-label="Live sessions"]'));
  assert.deepEqual(await callsTo(page, '/kill'), []);
  await close();
});

test('good news leaves by itself', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions': rows(),
    'POST /sessions/11/kill': killed(11, 'already_gone'),
  }, { frozen: true });
  await row(page, 11).getByRole('button', { name: 'Kill' }).click();
  await page.getByRole('button', { name: 'Kill session' }).click();
  await page.getByText('had already ended').waitFor();
  await page.clock.fastForward(9_000);
  await page.getByText('had already ended').waitFor({ state: 'detached' });
  await close();
});
