// A new session, described in a dialog.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { overflowing } from '../browser/chromium.mjs';
import { callsTo, openPage, startHarness } from './harness.mjs';
import { recent, refusal, session, started } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const dialog = page => page.locator('dialog[open]');
const starts = async page => (await callsTo(page, '/sessions?soft')).filter(call => call.method === 'POST').map(call => call.body);

for (const [name, width] of [['wide', 1000], ['narrow', 390]]) {
  test(`it is described, refused, started and looked at (${name})`, async () => {
    const { page, complaints, close } = await openPage(harness, {
      'GET /sessions': [session(11)],
      'GET /sessions recent': { sessions: [recent(1), recent(2, { cwd: '/srv/shop', project: 'shop' })] },
      'POST /sessions': { $each: [refusal('bad_cwd', 'There is no directory /srv/shop.'), started(12)] },
    }, { width });
    await page.getByRole('button', { name: 'New session' }).click();
    await dialog(page).waitFor();
    const where = page.getByRole('textbox', { name: 'Directory' });
    await page.getByRole('button', { name: /parser/, pressed: false }).waitFor();
    await where.fill('shop');
    await page.locator('.sm-project-of').filter({ hasText: 'parser' }).waitFor({ state: 'detached' });
    await page.locator('.sm-project-of').click();
    assert.equal(await where.inputValue(), '/srv/shop');
    await page.getByRole('textbox', { name: 'What shall it do?' }).fill('Sell <b>more</b>');
    const modes = page.getByRole('combobox', { name: 'Permissions' });
    assert.ok(!(await modes.innerText()).toLowerCase().includes('bypass'));
    await modes.selectOption('Plan only');
    await page.getByRole('switch', { name: /worktree/ }).check({ force: true });
    assert.deepEqual(await overflowing(page, 'dialog'), []);
    await page.getByRole('button', { name: 'Start session' }).click();
    await page.getByText('There is no directory /srv/shop.').waitFor();
    await page.getByRole('textbox', { name: 'What shall it do?' }).press('Control+Enter');
    await page.locator('[data-sm-talk]').waitFor();
    await dialog(page).waitFor({ state: 'detached' });
    const request = { cwd: '/srv/shop', prompt: 'Sell <b>more</b>', permissionMode: 'plan', worktree: '' };
    assert.deepEqual(await starts(page), [request, request]);
    assert.ok(await page.getByRole('textbox', { name: 'Message' }).isVisible());
    assert.deepEqual(complaints.filter(one => !one.includes('404')), []);
    await close();
  });
}

test('what was described is there again after Esc', async () => {
  const { page, close } = await openPage(harness, {});
  await page.getByRole('button', { name: 'New session' }).click();
  await page.getByRole('textbox', { name: 'What shall it do?' }).fill('a long thought');
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'New session' }).click();
  assert.equal(await page.getByRole('textbox', { name: 'What shall it do?' }).inputValue(), 'a long thought');
  assert.deepEqual(await starts(page), []);
  await close();
});
