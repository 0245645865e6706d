// Text of others, and little room.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { overflowing } from '../browser/chromium.mjs';
import { openPage, row, startHarness } from './harness.mjs';
import { context, recent, report, session, why } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const MARKUP = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';
const ANSI = '\u001b[31mred\u001b[0m\u0007';
const BIDI = 'evil \u202Etxt.exe\u2066 שלום';
const HUGE = 'A'.repeat(1_000_000);
const hostile = { 11: MARKUP, 12: ANSI, 13: BIDI, 14: HUGE };

// Each text is asked, or run, in another way.
function asking(pid, text) {
  const question = { question: text, header: text, multiSelect: true, options: [{ label: text, description: text }] };
  return {
    11: { state: 'waiting_permission', ask: { type: 'permission', tool: text, input: text } },
    12: { state: 'waiting_input', ask: { type: 'question', questions: [question, question] } },
    13: { state: 'waiting_permission', ask: { type: 'plan', text } },
    14: { state: 'working', tool: { name: text, input: text, since: 0 }, asks: true, ask: { type: 'text', text } },
  }[pid];
}

function answers() {
  const rows = Object.entries(hostile).map(([pid, text]) => session(Number(pid), {
    title: text, name: text, cwd: `/${text}`, project: text, gitBranch: text, user: text, waitingFor: text, version: text,
    ...asking(Number(pid), text),
    tmux: `${text}:@1.%1`, actions: { kill: pid === '13' ? { code: 'protected', error: text } : true },
  }));
  const contexts = Object.entries(hostile).map(([pid, text]) =>
    [`GET /sessions/${pid}/context`, context(Number(pid), { lastPrompt: text, awaySummary: text, lastAssistant: text, model: text })]);
  return {
    'GET /sessions': rows,
    'GET /sessions recent': { sessions: Object.values(hostile).map((text, at) => recent(at, { title: text, lastPrompt: text, cwd: `/${text}`, gitBranch: text })) },
    'POST /sessions/cleanup dry': report(Object.values(hostile).map(text => ({ path: text, action: 'delete', reason: text, bytes: 1, result: { type: 'planned' } }))),
    ...Object.fromEntries(contexts),
    ...Object.fromEntries(Object.entries(hostile).map(([pid, text]) => [
      `GET /sessions/${pid}/why`,
      why(Number(pid), { reason: text, evidence: [{ source: 'hook', says: text, at: 0, decided: true }] }),
    ])),
  };
}

for (const [name, width] of [['wide', 1000], ['narrow', 390]]) {
  test(`hostile text is shown as text and keeps the layout (${name})`, async () => {
    const { page, complaints, close } = await openPage(harness, answers(), { width });
    for (const pid of [11, 12, 13, 14]) {
      await row(page, pid).locator('.sm-fold').click();
      await row(page, pid).getByText('Last prompt').waitFor();
      await row(page, pid).locator('.sm-info').click();
      await row(page, pid).locator('.sm-evidence').waitFor();
    }
    assert.equal(await row(page, 11).locator('.sm-fold').textContent(), MARKUP);
    assert.equal(await row(page, 12).locator('.sm-fold').textContent(), '␛[31mred␛[0m␇');
    assert.equal(await row(page, 13).locator('.sm-fold').textContent(), 'evil �txt.exe� שלום');
    assert.ok((await row(page, 14).locator('.sm-fold').textContent()).length < 400);
    assert.ok((await row(page, 14).locator('.sm-line').boundingBox()).height < 260);
    assert.equal(await row(page, 11).locator('.sm-act-text').textContent(), MARKUP);
    assert.equal(await row(page, 12).locator('.sm-says').textContent(), '␛[31mred␛[0m␇');
    assert.ok((await row(page, 14).locator('.sm-passage p').first().textContent()).length < 21_000);
    assert.deepEqual(await overflowing(page, '#container'), []);
    await page.getByRole('button', { name: 'Clean up…' }).click();
    await page.locator('.sm-item').first().waitFor();
    assert.deepEqual(await overflowing(page, 'dialog'), []);
    await page.keyboard.press('Escape');
    await row(page, 11).getByRole('button', { name: 'Kill' }).click();
    await page.locator('dialog[open]').getByText(MARKUP).first().waitFor();
    assert.equal(await page.evaluate(() => window.hit), undefined);
    assert.equal(await page.locator('#container :is(img, script)').count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  });
}

test('390 px are enough, and the right edge at mid-height has no control', async () => {
  const rows = Array.from({ length: 12 }, (_, at) => session(100 + at, { state: at % 3 ? 'idle' : 'waiting_permission', gitBranch: 'feature/a-rather-long-name' }));
  const { page, close } = await openPage(harness, {
    'GET /sessions': rows, 'GET /sessions recent': { sessions: [recent(1), recent(2)] },
  }, { width: 390, height: 844, isMobile: true, hasTouch: true });
  await row(page, 100).waitFor();
  assert.deepEqual(await overflowing(page, '#container'), []);
  assert.equal(await page.evaluate(() => document.getElementById('container').scrollWidth), 390);
  const under = await page.evaluate(() => [...document.querySelectorAll('.sm-row button:not(.sm-fold)')]
    .filter(button => button.getClientRects().length && button.getBoundingClientRect().right > innerWidth - 38)
    .map(button => button.textContent));
  assert.deepEqual(under, []);
  await row(page, 100).locator('.sm-kill').tap();
  await page.locator('dialog[open]').waitFor();
  assert.deepEqual(await overflowing(page, 'dialog'), []);
  await close();
});
