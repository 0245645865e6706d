// A conversation that is looked at: it arrives as it is said, nothing of it twice, and it can be answered.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { overflowing } from '../browser/chromium.mjs';
import { callsTo, heard, openPage, row, say, setAnswers, startHarness } from './harness.mjs';
import { delta, driven, hello, output, recent, refusal, session, snapshot, started, told } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const ID = 'aaaaaaaa-0000-4000-8000-000000000011';
const mine = () => session(11, { title: 'Mend the lexer', holder: 'stdio' });
const prompt = (text, more) => ({ type: 'user', text, ...more });
const answer = (text, more) => ({ type: 'assistant', text, ...more });
const items = page => page.locator('.sm-items:not(.sm-being-written) > [data-seq]');
const seqs = page => items(page).evaluateAll(all => all.map(one => Number(one.dataset.seq)));
const stream = page => page.locator('.sm-stream');
const box = page => page.getByRole('textbox', { name: 'Message' });

async function link(page, rows) {
  const before = await page.evaluate(() => window.sockets.length);
  await page.waitForFunction(() => window.sockets.length && !window.sockets.at(-1).left && window.sockets.at(-1).readyState < 2);
  await say(page, hello(), snapshot(rows));
  await page.locator('#sm-sign').filter({ hasText: 'Live' }).waitFor({ state: 'attached' });
  return before;
}

async function openTalk(rows = [mine()], options = {}, answers = {}) {
  const opened = await openPage(harness, { 'GET /sessions': rows, ...answers }, { live: true, ...options });
  await link(opened.page, rows);
  await row(opened.page, 11).getByRole('button', { name: 'Open' }).click();
  await stream(opened.page).waitFor();
  return opened;
}

test('what is said arrives as it is written, and its event replaces it', async () => {
  const { page, complaints, close } = await openTalk();
  assert.deepEqual(await heard(page), [{ type: 'follow', sessionId: ID, after: 0 }]);
  await say(page, told(11, [prompt('Why does it loop?')]), output(11, 'caught', { seq: 1 }));
  await items(page).getByText('Why does it loop?').waitFor();
  await say(page, delta(11, 'Because **the'), delta(11, ' lexer** never ends.'));
  await page.locator('.sm-being-written strong').filter({ hasText: 'the lexer' }).waitFor();
  await say(page, told(11, [answer('Because **the lexer** never ends.')], 2));
  await items(page).locator('strong').filter({ hasText: 'the lexer' }).waitFor();
  assert.equal(await page.locator('.sm-being-written > *').count(), 0);
  assert.deepEqual(complaints, []);
  await close();
});

test('after a break of the link nothing is missing and nothing is doubled', async () => {
  const rows = [mine()];
  const { page, complaints, close } = await openTalk(rows, { frozen: true });
  const all = Array.from({ length: 9 }, (_, at) => answer(`part ${at + 1}`));
  await say(page, told(11, all.slice(0, 4)));
  await items(page).nth(3).waitFor();
  // Without a link it is asked for.
  await setAnswers(page, { [`GET /sessions/${ID}/output`]: { $each: [{ events: told(11, all.slice(3, 6), 4).output.events }, { events: [] }] } });
  await page.evaluate(() => window.sockets.at(-1).end(1006));
  await page.clock.fastForward(4000);
  await items(page).nth(5).waitFor();
  await page.clock.fastForward(40_000);
  await link(page, rows);
  assert.deepEqual((await heard(page)).map(one => [one.type, one.after]), [['follow', 6]]);
  await say(page, told(11, all.slice(4), 5), told(11, all.slice(7), 8));
  await items(page).nth(8).waitFor();
  assert.deepEqual(await seqs(page), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(complaints, []);
  await close();
});

test('the end stays in sight, unless somebody reads further up', async () => {
  const { page, close } = await openTalk();
  const all = Array.from({ length: 60 }, (_, at) => answer(`line ${at + 1}\n\nand more`));
  await say(page, told(11, all));
  await items(page).nth(59).waitFor();
  assert.equal(await stream(page).evaluate(one => one.scrollTop), 0);
  const shown = () => items(page).last().evaluate(one => one.getBoundingClientRect().bottom <= window.innerHeight);
  assert.ok(await shown());
  await stream(page).evaluate(one => { one.scrollTop = -800; });
  const newest = page.getByRole('button', { name: /^Newest/ });
  await newest.waitFor();
  const place = () => items(page).nth(40).evaluate(one => Math.round(one.getBoundingClientRect().top));
  const before = await place();
  await say(page, told(11, [answer('one more\n\nof two lines')], 61));
  await items(page).nth(60).waitFor({ state: 'attached' });
  await page.waitForTimeout(100);
  assert.ok(Math.abs(await place() - before) <= 2, `${before} became ${await place()}`);
  await newest.click();
  await newest.waitFor({ state: 'hidden' });
  assert.ok(await shown());
  await close();
});

test('a session of 2,000 events is drawn in part, and quickly', async () => {
  const { page, complaints, close } = await openTalk();
  const event = at => [
    prompt(`Question ${at}`), answer(`Answer **${at}**\n\n\`\`\`rust\nfn main() {}\n\`\`\``),
    { type: 'tool', toolUseId: `t${at}`, name: 'Bash', input: { command: `echo ${at}` } },
    { type: 'tool_result', toolUseId: `t${at}`, text: `${at}`, isError: false },
  ];
  const all = Array.from({ length: 500 }, (_, at) => event(at)).flat();
  const begun = Date.now();
  for (let from = 0; from < all.length; from += 100) await say(page, told(11, all.slice(from, from + 100), from + 1));
  await items(page).getByText('Question 499').waitFor();
  const took = Date.now() - begun;
  assert.ok(await items(page).count() <= 400);
  assert.ok(took < 15_000, `${took} ms`);
  // What comes then touches its own row only.
  const kept = await items(page).first().evaluateHandle(one => one);
  await say(page, told(11, [answer('the last')], 2001));
  await items(page).getByText('the last').waitFor();
  assert.ok(await kept.evaluate(one => one.isConnected));
  const older = page.getByRole('button', { name: 'Show older' });
  for (let step = 0; step < 6; step += 1) await older.click();
  assert.ok(await items(page).count() <= 400);
  await page.getByRole('button', { name: /^Newest/ }).click();
  await items(page).getByText('the last').waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

test('of a long conversation the end is read, and what is older where it is wanted, without a leap', async () => {
  const path = `GET /sessions/${ID}/output back`;
  const part = (from, count) => ({
    ok: true, numbering: 'transcript:1', events: told(11, Array.from({ length: count }, (_, at) => answer(`line ${from + at}\n\nand more`)), from).output.events,
  });
  const { page, complaints, close } = await openTalk([mine()], {}, { [path]: { $each: [part(901, 200), part(701, 200), part(501, 200), part(301, 200), part(101, 200)] } });
  await items(page).nth(199).waitFor();
  const asked = async () => (await callsTo(page, '/output')).map(call => call.path.split('?')[1]);
  assert.deepEqual(await asked(), ['limit=200&soft=1']);
  assert.deepEqual(await heard(page), [{ type: 'follow', sessionId: ID, after: 1100 }]);
  const older = page.getByRole('button', { name: 'Show older' });
  for (const first of [801, 701, 601, 501, 401, 301]) {
    const known = await items(page).first().getAttribute('data-seq');
    const kept = page.locator(`[data-seq="${known}"]`);
    await older.scrollIntoViewIfNeeded();
    const place = () => kept.evaluate(one => Math.round(one.getBoundingClientRect().top));
    const before = await place();
    await older.click();
    await page.locator(`.sm-items > [data-seq="${first}"]`).waitFor({ state: 'attached' });
    await page.waitForTimeout(100);
    assert.ok(Math.abs(await place() - before) <= 2, `${before} became ${await place()}`);
  }
  assert.deepEqual(await asked(), ['limit=200&soft=1', 'limit=200&before=901&soft=1', 'limit=200&before=701&soft=1', 'limit=200&before=501&soft=1', 'limit=200&before=301&soft=1']);
  // Told by somebody else, it is read anew, and what was told stays until then.
  await setAnswers(page, { [path]: { $hold: part(1, 200) } });
  await say(page, output(11, 'events', { numbering: 'log:1', events: told(11, [answer('one of another list')], 1500).output.events }));
  await page.waitForFunction(() => window.calls.at(-1).path.includes('limit=200&soft'));
  assert.ok(await items(page).count() > 100);
  await page.evaluate(() => window.release());
  await items(page).getByText('line 200').waitFor();
  assert.equal((await heard(page)).at(-1).after, 200);
  assert.equal(await items(page).count(), 200);
  assert.deepEqual(complaints, []);
  await close();
});

test('a message is said once, however often it is tried', async () => {
  const path = `POST /sessions/${ID}/message`;
  const { page, complaints, close } = await openTalk([mine()], {}, { [path]: { $each: [refusal('busy', 'Wait a moment.'), driven(11, 'sent')] } });
  await box(page).fill('first line');
  await box(page).press('Shift+Enter');
  await page.keyboard.type('second line');
  await box(page).press('Enter');
  assert.equal(await box(page).inputValue(), '');
  await page.getByText('Not sent. Wait a moment.').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Sent', { exact: true }).waitFor();
  const calls = (await callsTo(page, '/message')).map(call => call.body);
  assert.equal(calls.length, 2);
  assert.deepEqual(calls[0], calls[1]);
  assert.equal(calls[0].text, 'first line\nsecond line');
  assert.match(calls[0].uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  await say(page, told(11, [prompt('first line\nsecond line', { uuid: calls[0].uuid })]));
  await page.locator('.sm-sent').waitFor({ state: 'detached' });
  assert.equal(await items(page).count(), 1);
  assert.deepEqual(complaints, []);
  await close();
});

test('it is interrupted, told another model, renamed, and ended after a question', async () => {
  const working = { type: 'status', state: 'working', model: 'claude-x', permissionMode: 'default' };
  const post = what => `POST /sessions/${ID}/${what}`;
  const { page, close } = await openTalk([mine()], {}, {
    [post('interrupt')]: driven(11, 'interrupted'), [post('model')]: driven(11, 'changed'),
    [post('permission-mode')]: refusal('bad_request', 'This version has no such mode.'),
    [post('rename')]: driven(11, 'changed'), [post('cancel')]: driven(11, 'cancelled'),
  });
  const interrupt = page.getByRole('button', { name: 'Interrupt', exact: true });
  assert.ok(!await interrupt.isVisible());
  await say(page, told(11, [working]));
  await interrupt.click();
  await page.getByRole('combobox', { name: 'Model' }).selectOption('Opus');
  await page.waitForFunction(() => document.querySelector('.sm-talk-tools select').value === 'opus');
  const mode = page.getByRole('combobox', { name: 'Permission mode' });
  assert.ok(!(await mode.innerText()).toLowerCase().includes('bypass'));
  await mode.selectOption('Plan only');
  await page.getByText('This version has no such mode.').waitFor();
  assert.equal(await mode.inputValue(), 'default');
  await page.getByRole('button', { name: 'Rename…' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('lexer');
  await page.getByRole('textbox', { name: 'Name' }).press('Enter');
  await page.getByRole('button', { name: 'End…' }).click();
  assert.equal((await callsTo(page, '/cancel')).length, 0);
  await page.getByRole('button', { name: 'End session' }).click();
  const bodies = [];
  for (const what of ['/interrupt', '/model', '/permission-mode', '/rename', '/cancel']) bodies.push((await callsTo(page, what)).map(call => call.body));
  assert.deepEqual(bodies, [[{}], [{ model: 'opus' }], [{ permissionMode: 'plan' }], [{ name: 'lexer' }], [{}]]);
  await close();
});

test('by keyboard: Esc goes back to the list as it was, and what was written stays', async () => {
  const rows = [mine(), ...Array.from({ length: 30 }, (_, at) => session(100 + at))];
  const { page, close } = await openPage(harness, { 'GET /sessions': rows }, { live: true });
  await link(page, rows);
  await row(page, 129).waitFor();
  await page.evaluate(() => { document.getElementById('container').scrollTop = 400; });
  const top = await page.evaluate(() => document.getElementById('container').scrollTop);
  const key = await page.evaluate(() => [...document.querySelectorAll('[data-key]')].find(one => one.getBoundingClientRect().top > 200).dataset.key);
  const open = page.locator(`[data-key="${key}"]`).getByRole('button', { name: 'Open' });
  await open.focus();
  await page.keyboard.press('Enter');
  await stream(page).waitFor();
  assert.ok(await page.evaluate(() => document.activeElement.matches('[data-sm-talk]')));
  await page.keyboard.press('Escape');
  await stream(page).waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.getElementById('container').scrollTop), top);
  assert.ok(await open.evaluate(one => one === document.activeElement));
  await row(page, 11).getByRole('button', { name: 'Open' }).click();
  await box(page).fill('half a message');
  await page.keyboard.press('Escape');
  await row(page, 11).getByRole('button', { name: 'Open' }).click();
  assert.equal(await box(page).inputValue(), 'half a message');
  await close();
});

test('who is not held says why, and goes on in a copy', async () => {
  const foreign = session(11, { tmux: 'work:@1.%2' });
  const { page, close } = await openTalk([foreign], {}, { 'POST /sessions': started(12) });
  assert.ok(!await box(page).isVisible());
  await page.getByText("tmux attach -t '=work'").waitFor();
  await page.getByRole('button', { name: 'Go on in a copy' }).click();
  await page.waitForFunction(() => window.sockets.at(-1).heard.length === 3);
  assert.deepEqual((await callsTo(page, '/sessions?soft')).filter(call => call.method === 'POST').map(call => call.body), [{ resume: ID, fork: true }]);
  assert.deepEqual((await heard(page)).map(one => one.type), ['follow', 'unfollow', 'follow']);
  assert.ok(await box(page).isVisible());
  await close();
});

test('a recent conversation is read, and goes on here', async () => {
  const { page, close } = await openPage(harness, {
    'GET /sessions recent': { sessions: [recent(1)] }, 'POST /sessions': { $each: [refusal('bad_cwd', 'The directory is gone.'), started(12)] },
  }, { live: true });
  await link(page, []);
  const one = page.locator('[data-session]');
  await one.getByRole('button', { name: 'Go on here' }).click();
  await one.getByText('The directory is gone.').waitFor();
  await one.getByRole('button', { name: 'Conversation 1' }).click();
  await page.getByText('This session has ended. It can go on here.').waitFor();
  await page.getByRole('button', { name: 'Go on here' }).click();
  await box(page).waitFor();
  await close();
});

const MARKUP = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';
const HOSTILE = `${MARKUP}\n\n\u001b[31mred\u001b[0m \u202Etxt.exe\u2066\n\n[click](javascript:window.hit=1) ![p](https://127.0.0.1:1/x.png) [web](https://example.com/)`;

for (const [name, width, theme] of [['wide, dark', 1000, 'dark'], ['narrow, light', 390, 'light']]) {
  test(`hostile text is shown as text and keeps the layout (${name})`, async () => {
    const { page, complaints, close } = await openTalk([mine()], { width, theme });
    const huge = 'A'.repeat(200_000);
    await say(page, told(11, [
      prompt(HOSTILE), answer(HOSTILE), answer(HOSTILE, { thinking: true }), answer(`# ${huge}`), answer(`\`\`\`\n${huge}\n\`\`\``),
      { type: 'tool', toolUseId: 't', name: MARKUP, input: { command: HOSTILE, [MARKUP]: huge } },
      { type: 'tool_result', toolUseId: 't', text: HOSTILE + huge, isError: true },
      { type: 'tool', toolUseId: 'u', name: 'Edit', input: { file_path: HOSTILE, old_string: HOSTILE, new_string: huge } },
      { type: 'note', code: 'output', text: HOSTILE }, { type: 'exit', code: 1, signal: null, cancelled: false, stderr: HOSTILE },
    ]), delta(11, HOSTILE), output(11, 'end', { reason: HOSTILE }));
    await items(page).nth(7).waitFor();
    for (const summary of await page.locator('.sm-call > summary').all()) await summary.click();
    await page.locator('.sm-diff-line').first().waitFor();
    assert.ok((await items(page).nth(1).innerText()).includes('␛[31mred␛[0m �txt.exe�'));
    assert.ok((await items(page).nth(1).innerText()).includes('click (javascript:window.hit=1)'));
    const links = await page.locator('#container a').evaluateAll(all => all.map(one => [one.getAttribute('href'), one.rel]));
    assert.ok(links.length > 0 && links.every(([href, rel]) => href === 'https://example.com/' && rel === 'noopener noreferrer'));
    assert.equal(await page.locator('#container :is(img, script)').count(), 0);
    assert.equal(await page.evaluate(() => window.hit), undefined);
    assert.deepEqual(await overflowing(page, '#container'), []);
    assert.deepEqual(complaints, []);
    await close();
  });
}

test('390 px are enough for all of it', async () => {
  const rows = [mine()];
  const { page, close } = await openPage(harness, { 'GET /sessions': rows }, { live: true, width: 390, height: 700, isMobile: true, hasTouch: true });
  await link(page, rows);
  await row(page, 11).getByRole('button', { name: 'Open' }).tap();
  await say(page, told(11, [{ type: 'status', state: 'working', model: 'claude-x', permissionMode: 'default' }, prompt('go'), answer('A\n\n| a | b |\n|---|---|\n| 1 | 2 |')]));
  await items(page).nth(1).waitFor();
  assert.deepEqual(await overflowing(page, '#container'), []);
  assert.equal(await page.evaluate(() => document.getElementById('container').scrollWidth), 390);
  const send = await page.getByRole('button', { name: 'Send' }).boundingBox();
  assert.ok(send.y + send.height <= 700 && send.x + send.width <= 390, JSON.stringify(send));
  // There is no Shift beside the Enter of a phone.
  await box(page).fill('one');
  await box(page).press('Enter');
  assert.equal(await box(page).inputValue(), 'one\n');
  await close();
});
