// What sessions ask: each request answered once, with its own session, and never by a press that was meant for another.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { overflowing } from '../browser/chromium.mjs';
import { callsTo, openPage, say, setAnswers, startHarness } from './harness.mjs';
import { approval, approvals, changes, decided, hello, plan, question, refusal, session, snapshot } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const OTHER = 'aaaaaaaa-0000-4000-8000-000000000012';
const asking = () => session(11, { state: 'waiting_permission', ask: { type: 'permission', tool: 'Bash', input: 'ls' } });
const card = (page, id) => page.locator(`.sm-asks [data-request$=" ${id}"]`);
const ids = page => page.locator('.sm-asks [data-request]').evaluateAll(all => all.map(one => one.dataset.request.split(' ')[1]));
const decisions = async page => (await callsTo(page, '/approvals/')).map(({ path, body }) => [path.split(/[/?]/)[2], body]);

// Opens a linked page on which these ask. `more` is what its other questions are answered with.
async function open(all, { more = {}, ...options } = {}) {
  const opened = await openPage(harness, {
    'GET /sessions': [asking()],
    'GET /approvals': approvals(...all),
    ...more,
  }, { live: true, ...options });
  await opened.page.waitForFunction(() => window.sockets.length > 0);
  await say(opened.page, hello(), snapshot([asking()], { approvalsRev: 1 }));
  if (all.length > 0) await card(opened.page, all[0].id).first().waitFor();
  return opened;
}

let rev = 1;
async function tell(page, ...all) {
  await setAnswers(page, { 'GET /approvals': approvals(...all) });
  rev += 1;
  await say(page, changes([], [], { rev, approvalsRev: rev }));
}

// Long enough for a press to be meant.
const still = page => page.waitForTimeout(550);

test('a request is answered once, and the card keeps its place for a second', async () => {
  const { page, complaints, close } = await open([approval('a'), approval('b')], {
    more: { 'POST /approvals/a': { $hold: decided('a', 'allow') } },
  });
  assert.equal(await page.title(), '(1)');
  await still(page);
  await card(page, 'a').getByRole('button', { name: 'Allow', exact: true }).dblclick();
  await card(page, 'a').getByText('Allowing…').waitFor();
  await card(page, 'a').getByRole('button', { name: 'Deny' }).click({ force: true });
  await page.evaluate(() => window.release());
  await card(page, 'a').getByText('Allowed.').waitFor();
  assert.deepEqual(await ids(page), ['a', 'b']);
  // The pointer is over the cards, so nothing moves.
  await page.waitForTimeout(1300);
  assert.deepEqual(await ids(page), ['a', 'b']);
  await page.mouse.move(5, 5);
  await card(page, 'a').waitFor({ state: 'detached' });
  assert.deepEqual(await decisions(page), [
    ['a', { sessionId: 'aaaaaaaa-0000-4000-8000-000000000011', decision: 'allow' }],
  ]);
  assert.deepEqual(complaints, []);
  await close();
});

test('two sessions that use the same id are answered apart', async () => {
  const { page, close } = await open([approval('a'), approval('a', { sessionId: OTHER, title: 'Session 12', input: { command: 'rm -r x' } })], {
    more: { 'POST /approvals/a': decided('a', 'deny', { sessionId: OTHER }) },
  });
  await still(page);
  const second = card(page, 'a').nth(1);
  await second.getByText('rm -r x').waitFor();
  await second.getByRole('textbox', { name: /Why not/ }).fill('keep it');
  await second.getByRole('textbox', { name: /Why not/ }).press('Enter');
  await second.getByText('Denied.').waitFor();
  assert.equal(await card(page, 'a').first().getAttribute('data-stage'), 'open');
  assert.deepEqual(await decisions(page), [['a', { sessionId: OTHER, decision: 'deny', reason: 'keep it' }]]);
  await close();
});

test('what comes or moves under the pointer takes no press until it has stood still', async () => {
  const { page, close } = await open([approval('a'), approval('b')], {
    more: { 'POST /approvals/b': decided('b', 'allow') },
  });
  await still(page);
  const allow = card(page, 'a').getByRole('button', { name: 'Allow', exact: true });
  const { x, y, width, height } = await allow.boundingBox();
  const at = [x + width / 2, y + height / 2];
  // The first one goes: the second moves to where it was, and a finger that was on its way presses that.
  await page.evaluate(([x, y]) => new MutationObserver((_, observer) => {
    if (document.querySelectorAll('.sm-asks [data-request]').length > 1) return;
    observer.disconnect();
    document.elementFromPoint(x, y).dispatchEvent(new MouseEvent('click', { bubbles: true, detail: 1 }));
  }).observe(document.querySelector('.sm-asks-list'), { childList: true }), at);
  await tell(page, approval('b'));
  await card(page, 'b').getByText('nothing was decided').waitFor();
  assert.deepEqual(await decisions(page), []);
  await still(page);
  await page.mouse.click(...at);
  await card(page, 'b').getByText('Allowed.').waitFor();
  assert.deepEqual((await decisions(page)).map(([id]) => id), ['b']);
  await close();
});

test('cards that come stand at the end, and what is written and focused stays', async () => {
  const { page, close } = await open([approval('b')]);
  const why = card(page, 'b').getByRole('textbox', { name: /Why not/ });
  await why.fill('not now');
  const before = await why.boundingBox();
  await tell(page, approval('a', { at: Date.now() - 900_000 }), approval('b'), approval('c'));
  await card(page, 'c').waitFor();
  assert.deepEqual(await ids(page), ['b', 'a', 'c']);
  assert.equal(await why.inputValue(), 'not now');
  assert.ok(await why.evaluate(node => node === document.activeElement));
  assert.deepEqual(await why.boundingBox(), before);
  // One that was answered elsewhere says so and goes.
  await page.mouse.move(5, 5);
  await tell(page, approval('a'), approval('c'));
  await card(page, 'b').getByText('answered elsewhere').waitFor();
  await card(page, 'b').waitFor({ state: 'detached' });
  await tell(page);
  await page.waitForFunction(() => document.querySelector('.sm-asks').hidden);
  await close();
});

test('whoever was first is named, and what failed stays on its card', async () => {
  const { page, close } = await open([approval('a'), approval('b')], {
    more: {
      'POST /approvals/a': refusal('decided', 'Bob denied it 3 s ago.'),
      'POST /approvals/b': { $each: [{ $error: 'RPC error 500' }, decided('b', 'allow')] },
    },
  });
  await still(page);
  await card(page, 'a').getByRole('button', { name: 'Allow', exact: true }).click();
  await page.locator('.sm-toasts').getByText('Bob denied it').waitFor();
  await card(page, 'b').getByRole('button', { name: 'Allow', exact: true }).click();
  await card(page, 'b').getByText('does not answer (error 500)').waitFor();
  assert.equal(await card(page, 'b').getAttribute('data-stage'), 'failed');
  await page.mouse.move(5, 5);
  await card(page, 'a').waitFor({ state: 'detached' });
  await still(page);
  await card(page, 'b').getByRole('button', { name: 'Allow', exact: true }).click();
  await card(page, 'b').getByText('Allowed.').waitFor();
  await close();
});

test('a and d answer for the card that has the focus, and are letters in its fields', async () => {
  const { page, close } = await open([approval('a'), approval('b')], {
    more: { 'POST /approvals/a': decided('a', 'deny'), 'POST /approvals/b': decided('b', 'allow') },
  });
  await page.keyboard.press('a');
  await card(page, 'a').getByRole('textbox', { name: /Why not/ }).pressSequentially('add');
  assert.deepEqual(await decisions(page), []);
  await card(page, 'a').focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('d');
  await card(page, 'a').waitFor({ state: 'detached' });
  // No card is chosen for whoever goes on pressing.
  await page.waitForFunction(() => document.activeElement.matches('.sm-asks'));
  await page.keyboard.press('d');
  await page.keyboard.press('Tab');
  await page.waitForFunction(() => document.activeElement.dataset.request?.endsWith(' b'));
  await page.keyboard.press('a');
  await card(page, 'b').getByText('Allowed.').waitFor();
  assert.deepEqual((await decisions(page)).map(([id, body]) => [id, body.decision, body.reason]), [['a', 'deny', 'add'], ['b', 'allow', undefined]]);
  await close();
});

test('questions: one option, several, or words of one\'s own', async () => {
  const asked = [
    { question: 'Which colour?', header: 'Colour', multiSelect: false, options: [{ label: 'Red', description: 'As roses' }, { label: 'Blue', description: 'As violets' }] },
    { question: 'Which parts?', header: 'Parts', multiSelect: true, options: [{ label: 'Lexer', description: null }, { label: 'Parser', description: null }] },
  ];
  const { page, close } = await open([question('q', asked)], { more: { 'POST /approvals/q': decided('q', 'allow') } });
  const send = card(page, 'q').getByRole('button', { name: 'Send answer' });
  assert.equal(await send.getAttribute('aria-disabled'), 'true');
  await card(page, 'q').getByText('Red', { exact: true }).click();
  await card(page, 'q').getByText('Blue', { exact: true }).click();
  await card(page, 'q').getByText('Parser', { exact: true }).click();
  await card(page, 'q').getByText('Lexer', { exact: true }).click();
  await card(page, 'q').getByRole('textbox', { name: 'In your own words' }).nth(1).fill('docs');
  assert.deepEqual(await card(page, 'q').locator('input:checked').count(), 4);
  assert.equal(await send.getAttribute('aria-disabled'), 'false');
  await still(page);
  await send.click();
  await card(page, 'q').getByText('Allowed.').waitFor();
  assert.deepEqual((await decisions(page))[0][1].answers, { 'Which colour?': 'Blue', 'Which parts?': 'Lexer, Parser, docs' });
  await close();
});

test('a plan is approved with a mode, or sent back', async () => {
  const { page, close } = await open([plan('p', '# Plan\n\n1. **Read** the lexer'), plan('r', '# Other')], {
    more: { 'POST /approvals/p': decided('p', 'allow'), 'POST /approvals/r': decided('r', 'deny') },
  });
  await still(page);
  await card(page, 'p').getByRole('button', { name: 'Approve and accept edits' }).click();
  await card(page, 'p').getByText('Allowed.').waitFor();
  await card(page, 'r').getByRole('textbox').fill('Test first.');
  await card(page, 'r').getByRole('button', { name: 'Keep planning' }).click();
  await card(page, 'r').getByText('Denied.').waitFor();
  const sessionId = 'aaaaaaaa-0000-4000-8000-000000000011';
  assert.deepEqual((await decisions(page)).map(([, body]) => body), [
    { sessionId, decision: 'allow', permissionMode: 'acceptEdits' },
    { sessionId, decision: 'deny', reason: 'Test first.' },
  ]);
  await close();
});

test('a rule is made of an answer: exactly this, or a pattern', async () => {
  const { page, close } = await open([approval('a'), approval('b', { input: { command: 'rm *.o' } })], {
    more: { 'POST /approvals/a': decided('a', 'allow', { rule: 'r1' }), 'POST /approvals/b': decided('b', 'deny', { rule: 'r2' }) },
  });
  const place = await card(page, 'a').getByRole('button', { name: 'Allow', exact: true }).boundingBox();
  await card(page, 'a').getByRole('button', { name: 'Always…' }).click();
  // What opens does not move what was there.
  assert.deepEqual(await card(page, 'a').getByRole('button', { name: 'Allow', exact: true }).boundingBox(), place);
  await card(page, 'a').getByLabel('Where').selectOption('session');
  await card(page, 'a').getByLabel('For how long').selectOption('good');
  await still(page);
  await card(page, 'a').getByRole('button', { name: 'Always allow' }).click();
  await page.locator('.sm-toasts').getByText('A rule was made').waitFor();
  await card(page, 'b').getByRole('button', { name: 'Always…' }).click();
  const pattern = card(page, 'b').getByRole('textbox', { name: /Each.*that fits/ });
  assert.equal(await pattern.inputValue(), 'rm \\*.o');
  await pattern.fill('rm *');
  await still(page);
  await card(page, 'b').getByRole('button', { name: 'Always deny' }).click();
  await card(page, 'b').getByText('Denied.').waitFor();
  const [[, first], [, second]] = await decisions(page);
  assert.deepEqual(first.always, { scope: { type: 'session', sessionId: 'aaaaaaaa-0000-4000-8000-000000000011' } });
  assert.equal(second.decision, 'deny');
  assert.equal(second.always.pattern, 'rm *');
  assert.deepEqual(second.always.scope, { type: 'project', dir: '/home/ada/work/parser' });
  assert.ok(second.always.expiresAt > Date.now() && second.always.expiresAt <= Date.now() + 86_400_000);
  await close();
});

test('requests that come while others are answered are all there in the end', async () => {
  const { page, close } = await open([]);
  const all = Array.from({ length: 40 }, (_, number) => approval(`r${number}`));
  await setAnswers(page, Object.fromEntries(all.map(({ id }) => [`POST /approvals/${id}`, decided(id, 'allow')])));
  for (let number = 0; number < all.length; number += 8) await tell(page, ...all.slice(0, number + 8));
  await page.getByText('10 more requests follow').waitFor();
  await tell(page, ...all.slice(20));
  await card(page, 'r39').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('.sm-asks [data-request]').length === 20);
  await close();
});

const HOSTILE = [
  approval('markup', { input: { command: '<img src=x onerror="window.hit=1">', description: '<script>window.hit=1</script>' }, title: '<b>bold</b>', cwd: '/<i>x</i>' }),
  approval('ansi', { input: { command: 'echo \u001b[8mhidden\u001b[0m \u202Etxt.exe\u200b; rm\u00a0-r x' }, reason: '\u001b[31mred' }),
  approval('long', { input: { command: `ls${' '.repeat(5000)}; rm -r x\n${'\n'.repeat(300)}pwd ${'A'.repeat(30_000)}` } }),
  approval('edit', { tool: 'Edit', input: { file_path: `/home/ada/${'deep/'.repeat(40)}a.rs`, old_string: 'fn main() {\n    old();\n}', new_string: `fn main() {\n    ${'new();'.repeat(60)}\n}` } }),
  approval('other', { tool: '<u>mcp__x</u>', input: { text: '<img src=x onerror="window.hit=1">', list: [1, { deep: null }] }, source: 'hook', until: Date.now() + 40_000 }),
  question('ask', [{ question: '<img src=x onerror="window.hit=1">', header: 'X'.repeat(90), multiSelect: true, options: [{ label: 'L'.repeat(300), description: 'D'.repeat(900) }] }]),
  plan('plan', `# <img src=x onerror="window.hit=1">\n\n[a](javascript:window.hit=1)\n\n${'long '.repeat(400)}`),
];

for (const [name, width, theme] of [['wide', 1000, 'dark'], ['narrow', 390, 'light']]) {
  test(`hostile requests are shown as text, marked, and keep the layout (${name})`, async () => {
    const { page, complaints, close } = await open(HOSTILE, { width, theme });
    assert.deepEqual(await card(page, 'ansi').locator('.sm-odd').allTextContents(), ['␛', '␛', 'U+202E', 'U+200B', 'U+00A0']);
    assert.deepEqual(await card(page, 'long').locator('.sm-odd').allTextContents(), ['5000 blanks', '301 empty lines']);
    await card(page, 'long').getByText('too long to be shown').waitFor();
    assert.equal(await card(page, 'markup').locator('.sm-ask-exact').textContent(), '<img src=x onerror="window.hit=1">');
    await card(page, 'markup').getByRole('button', { name: 'Always…' }).click();
    assert.equal(await page.evaluate(() => window.hit), undefined);
    assert.equal(await page.locator('.sm-asks img, .sm-asks script, .sm-asks a').count(), 0);
    assert.deepEqual(await overflowing(page, '#container'), []);
    assert.deepEqual(complaints, []);
    await close();
  });
}
