// What the host's own style sheet does to form controls, and what the page still looks like.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { callsTo, openPage, row, startHarness } from './harness.mjs';
import { session } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const HOST = `
  input[type=checkbox] { opacity: 1 !important; width: 20px; height: 20px; border: 1px solid; background: #fff; }
  .dark input[type=checkbox]:checked { background-color: #2563eb; }
  .dark select { appearance: none; background-image: linear-gradient(red, red); padding-right: 2.5rem; }
  select { font-size: 16px !important; }
`;

test('the switch is drawn by the page alone and works by pointer and keyboard', async () => {
  const { page, complaints, close } = await openPage(harness, {}, { width: 390, hasTouch: true });
  await page.addStyleTag({ content: HOST });
  const input = page.getByRole('switch');
  const track = page.locator('.sm-switch input + span');
  assert.ok(await track.evaluate(track => {
    const { left, top, width, height } = track.getBoundingClientRect();
    return [0.1, 0.5, 0.9].every(part => document.elementFromPoint(left + part * width, top + height / 2) === track);
  }));
  assert.equal(await input.isChecked(), true);
  await track.tap();
  assert.equal(await input.isChecked(), false);
  const asked = (await callsTo(page, '/sessions?soft')).length;
  await page.keyboard.press('Tab');
  await input.focus();
  assert.equal(await track.evaluate(track => getComputedStyle(track).outlineStyle), 'solid');
  await page.keyboard.press('Space');
  assert.equal(await input.isChecked(), true);
  await page.waitForFunction(asked => window.calls.filter(call => call.path === '/sessions?soft=1').length > asked, asked);
  assert.deepEqual(complaints, []);
  await close();
});

test('the box of a row is drawn by the page alone and works by a tap', async () => {
  const { page, complaints, close } = await openPage(harness, { 'GET /sessions': [session(11)] }, { width: 390, hasTouch: true });
  await page.addStyleTag({ content: HOST });
  const box = row(page, 11).locator('.sm-box');
  assert.ok(await box.evaluate(box => {
    const { left, top, width, height } = box.getBoundingClientRect();
    return width === 16 && [0.1, 0.5, 0.9].every(part => document.elementFromPoint(left + part * width, top + height / 2) === box);
  }));
  await box.tap();
  assert.equal(await row(page, 11).getByRole('checkbox').isChecked(), true);
  assert.notEqual(await box.evaluate(box => getComputedStyle(box).backgroundColor), 'rgb(255, 255, 255)');
  // The box is no way to unfold the row.
  assert.equal(await row(page, 11).locator('.sm-fold').getAttribute('aria-expanded'), 'false');
  assert.deepEqual(complaints, []);
  await close();
});

test('how far back is chosen from a list with one arrow', async () => {
  const { page, close } = await openPage(harness, {});
  await page.addStyleTag({ content: HOST });
  const select = page.getByRole('combobox', { name: 'How far back' });
  const [drawn, picture, arrow] = await select.evaluate(select => [
    getComputedStyle(select).appearance, getComputedStyle(select).backgroundImage,
    getComputedStyle(select.closest('label'), '::after').borderBottomStyle,
  ]);
  assert.deepEqual([drawn, picture, arrow], ['none', 'none', 'solid']);
  await close();
});
