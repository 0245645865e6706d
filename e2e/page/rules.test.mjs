// The rules: a list that is saved as a whole, tried and imported, with others at work on it too.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { overflowing } from '../browser/chromium.mjs';
import { callsTo, openPage, setAnswers, startHarness } from './harness.mjs';
import { refusal, rule, rules } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const dialog = page => page.locator('dialog[open]');
const lines = page => page.locator('.sm-rules > .sm-rules-list > .sm-rule');
const shown = page => lines(page).locator('.sm-rule-what').allTextContents();
const saved = async page => (await callsTo(page, '/rules?')).filter(({ method }) => method === 'POST').map(({ body }) => body);

async function open(answers = {}, options = {}) {
  const opened = await openPage(harness, {
    'GET /rules': rules(4, rule('1', 'git *'), rule('2', 'rm *', 'deny'), rule('3', null, 'ask', { tool: 'mcp__*' })),
    ...answers,
  }, options);
  await opened.page.getByRole('button', { name: 'Rules…' }).click();
  await dialog(opened.page).getByText('mcp__*').waitFor();
  return opened;
}

test('rules are moved, changed, added and deleted, and saved once as a whole', async () => {
  const after = rules(5, rule('2', 'rm *', 'deny'), rule('1', 'git *'));
  const { page, complaints, close } = await open({ 'POST /rules': { $hold: after } });
  assert.equal(await dialog(page).getByRole('button', { name: 'Save' }).count(), 0);
  // By keyboard: the focus stays on the button of the rule that moves.
  await dialog(page).getByRole('button', { name: 'Move down rule 1' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === 'Move down rule 2');
  await page.keyboard.press('Enter');
  assert.deepEqual(await shown(page), ['Bash rm *everywhere', 'mcp__* anythingeverywhere', 'Bash git *everywhere']);
  await dialog(page).getByRole('button', { name: 'Delete rule 2' }).click();
  await page.waitForFunction(() => document.querySelector('dialog').contains(document.activeElement));
  await dialog(page).getByRole('button', { name: 'Edit rule 2' }).click();
  await dialog(page).getByRole('textbox', { name: 'Pattern' }).fill('git status');
  await dialog(page).getByLabel('Where').selectOption('project');
  await dialog(page).getByText('Name the project by its whole path').waitFor();
  assert.equal(await dialog(page).getByRole('button', { name: 'Save' }).count(), 0);
  await dialog(page).getByRole('textbox', { name: 'Which project' }).fill('/home/ada/work');
  await dialog(page).getByLabel('For how long').selectOption('hour');
  await dialog(page).getByRole('button', { name: 'Add a rule' }).click();
  await dialog(page).getByRole('textbox', { name: 'Tool', exact: true }).fill('WebFetch');
  await dialog(page).getByLabel('What it does').selectOption('deny');
  await dialog(page).getByRole('button', { name: 'Save' }).dblclick();
  await dialog(page).getByRole('button', { name: 'Saving…' }).waitFor();
  await page.evaluate(() => window.release());
  await dialog(page).getByText('git *').waitFor();
  assert.equal(await dialog(page).getByRole('button', { name: 'Save' }).count(), 0);
  const [body, ...rest] = await saved(page);
  assert.deepEqual(rest, []);
  assert.ok(body.rules[1].expiresAt > Date.now());
  delete body.rules[1].expiresAt;
  assert.deepEqual(body, {
    rev: 4,
    rules: [
      rule('2', 'rm *', 'deny'),
      rule('1', 'git status', 'allow', { scope: { type: 'project', dir: '/home/ada/work' } }),
      { tool: 'WebFetch', action: 'deny', scope: { type: 'all' } },
    ],
  });
  assert.deepEqual(complaints, []);
  await close();
});

test('what others changed is shown, and mine is kept for merging', async () => {
  const { page, close } = await open({
    'POST /rules': { $each: [refusal('plan_changed', 'The rules were changed in the meantime.'), rules(8)] },
  });
  await setAnswers(page, { 'GET /rules': rules(7, rule('9', 'cargo *'), rule('1', 'git push *'), rule('2', 'rm *', 'deny')) });
  await dialog(page).getByRole('button', { name: 'Move up rule 2' }).click();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await dialog(page).getByText('Somebody else changed the rules').waitFor();
  assert.deepEqual(await shown(page), ['Bash rm *everywhere', 'Bash git *everywhere', 'mcp__* anythingeverywhere']);
  const theirs = text => page.locator('.sm-theirs .sm-rule').filter({ hasText: text });
  await theirs('mcp__*').getByText('deleted meanwhile').waitFor();
  await theirs('cargo *').getByRole('button', { name: 'Take theirs' }).click();
  await theirs('git push *').getByRole('button', { name: 'Take theirs' }).click();
  assert.deepEqual(await shown(page), ['Bash cargo *everywhere', 'Bash rm *everywhere', 'Bash git push *everywhere', 'mcp__* anythingeverywhere']);
  await dialog(page).getByRole('button', { name: 'Save mine over theirs' }).click();
  await dialog(page).getByText('There are no rules').waitFor();
  const bodies = await saved(page);
  assert.deepEqual(bodies.map(({ rev }) => rev), [4, 7]);
  assert.deepEqual(bodies[1].rules.map(({ id }) => id), ['9', '2', '1', '3']);
  await close();
});

test('changes are dropped only by a second word', async () => {
  const { page, close } = await open();
  await dialog(page).getByRole('button', { name: 'Delete rule 1' }).click();
  await page.keyboard.press('Escape');
  await dialog(page).getByText('not saved').waitFor();
  await dialog(page).getByRole('button', { name: 'Close without saving' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Rules…' }).click();
  await dialog(page).getByText('git *').waitFor();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  await close();
});

test('a call is tried, part by part', async () => {
  const { page, close } = await open({
    'POST /rules/test': {
      ok: true, action: 'deny', rule: '2', why: 'A Deny fits one part.',
      parts: [
        { text: 'git status', action: 'allow', rule: '1', why: 'It fits git *.' },
        { text: 'rm -r <img src=x onerror="window.hit=1">', action: 'deny', rule: '2', why: 'It fits rm *.' },
      ],
    },
  });
  await dialog(page).getByText('Try the rules').click();
  await dialog(page).getByRole('textbox', { name: /Command, file/ }).fill('git status && rm -r x');
  await page.keyboard.press('Enter');
  await dialog(page).getByText('Rule 2: A Deny fits one part.').waitFor();
  await dialog(page).getByText('rm -r <img').waitFor();
  const [{ body }] = await callsTo(page, '/rules/test');
  assert.deepEqual(body, { tool: 'Bash', input: { command: 'git status && rm -r x' } });
  await dialog(page).getByRole('textbox', { name: 'Tool', exact: true }).fill('mcp__x');
  await page.keyboard.press('Enter');
  await dialog(page).getByText('as JSON, as in').waitFor();
  assert.equal(await page.evaluate(() => window.hit), undefined);
  await close();
});

test('an import is seen before it is made', async () => {
  const item = { text: 'Bash(cargo *)', rules: [rule('', 'cargo *')], note: null };
  const left = { text: 'Frobnicate', rules: [], note: 'It has no action.' };
  const { page, close } = await open({
    'POST /rules/import dry': { ok: true, rev: 4, items: [item, left] },
    'POST /rules/import': { ok: true, rev: 5, items: [item, left] },
  });
  await dialog(page).getByText('Import rules').click();
  const box = dialog(page).getByRole('textbox', { name: 'Rules as JSON' });
  const look = dialog(page).getByRole('button', { name: 'See what would be added' });
  await box.fill('cargo *');
  await look.click();
  await dialog(page).getByText('Paste a list of rules').waitFor();
  const text = '{"permissions":{"allow":["Bash(cargo *)","Frobnicate"]}}';
  await box.fill(text);
  await look.click();
  await dialog(page).getByText('It has no action.').waitFor();
  await setAnswers(page, { 'GET /rules': rules(5, rule('1', 'git *'), rule('4', 'cargo *')) });
  await dialog(page).getByRole('button', { name: 'Add 1 rule' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.sm-rules > .sm-rules-list > .sm-rule').length === 2);
  assert.deepEqual(await shown(page), ['Bash git *everywhere', 'Bash cargo *everywhere']);
  const bodies = (await callsTo(page, '/rules/import')).map(({ body }) => body);
  assert.deepEqual(bodies.map(({ dryRun }) => dryRun), [true, false]);
  assert.deepEqual(bodies[1].permissions, JSON.parse(text).permissions);
  await close();
});

for (const [name, width, theme] of [['wide', 1000, 'dark'], ['narrow', 390, 'light']]) {
  test(`hostile rules are text and keep the layout (${name})`, async () => {
    const markup = '<img src=x onerror="window.hit=1">';
    const hostile = rules(4, rule('1', markup), rule('2', `rm\u202e${'x'.repeat(400)}`), rule('3', null, 'ask', { tool: 'mcp__*'.repeat(30), scope: { type: 'project', dir: `/${'deep/'.repeat(60)}` } }));
    const { page, complaints, close } = await open({ 'GET /rules': hostile }, { width, theme });
    await dialog(page).getByText('U+202E').waitFor();
    await dialog(page).getByRole('button', { name: 'Edit rule 1' }).click();
    assert.equal(await dialog(page).getByRole('textbox', { name: 'Pattern' }).inputValue(), markup);
    await dialog(page).getByText('Try the rules').click();
    await dialog(page).getByText('Import rules').click();
    assert.equal(await page.evaluate(() => window.hit), undefined);
    assert.equal(await page.locator('dialog img').count(), 0);
    assert.deepEqual(await overflowing(page, 'dialog'), []);
    assert.deepEqual(complaints, []);
    await close();
  });
}
