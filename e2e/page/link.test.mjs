// The list as it arrives by itself: over a socket that tells what is new, and without one.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { keepLedger } from '../browser/ledger.mjs';
import { callsTo, openPage, row, say, setAnswers, startHarness } from './harness.mjs';
import { changes, hello, session, snapshot } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const GOLDEN = join(import.meta.dirname, '../../wire/tests/golden');
const many = (count, more) => Array.from({ length: count }, (_, at) => session(100 + at, more?.(100 + at)));
const sign = page => page.locator('#sm-sign');
const polls = async page => (await callsTo(page, '/sessions?soft')).length;
const socketsOf = (page, count) => page.waitForFunction(count => window.sockets.length >= count, count);

async function openLinked(rows, options) {
  const opened = await openPage(harness, { 'GET /sessions': rows }, { live: true, ...options });
  await socketsOf(opened.page, 1);
  await say(opened.page, hello(), snapshot(rows));
  await sign(opened.page).filter({ hasText: 'Live' }).waitFor();
  return opened;
}

test('changes replace, add and remove rows, and nothing is asked for meanwhile', async () => {
  const { page, complaints, close } = await openLinked([session(11), session(12), session(13)]);
  await row(page, 13).waitFor();
  const asked = await polls(page);
  const begun = Date.now();
  await say(page, changes([session(12, { state: 'waiting_permission', stateSince: begun }), session(14)], ['11:100']));
  await row(page, 11).waitFor({ state: 'detached' });
  const keys = await page.locator('[data-key]').evaluateAll(rows => rows.map(one => one.dataset.key));
  assert.deepEqual(keys, ['12:100', '14:100', '13:100'].sort((one, other) => keys.indexOf(one) - keys.indexOf(other)));
  assert.equal(keys[0], '12:100');
  // The age goes on by itself.
  await row(page, 12).getByText(/^[2-9] s · registry$/).waitFor();
  assert.equal(await polls(page), asked);
  assert.deepEqual(complaints, []);
  await close();
});

test('the messages of the server are read as its golden files write them', async () => {
  const golden = async name => JSON.parse(await readFile(join(GOLDEN, name), 'utf8'));
  const { page, complaints, close } = await openPage(harness, {}, { live: true });
  await socketsOf(page, 1);
  await say(page, await golden('frame-hello.json'), await golden('frame-snapshot.json'));
  const first = page.locator('[data-key="17723:137388"]');
  await first.getByText('cargo test').waitFor();
  assert.ok((await first.innerText()).includes('Needs permission'));
  const changed = await golden('frame-changes.json');
  await say(page, { ...changed, gone: [] });
  await first.locator('.sm-word').filter({ hasText: 'Unknown' }).waitFor();
  await say(page, { ...changed, changed: [] });
  await first.waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  await close();
});

test('a change keeps focus, caret, scroll and the elements themselves', async () => {
  const { page, complaints, close } = await openLinked(many(40));
  await row(page, 120).waitFor();
  await page.evaluate(() => {
    const filter = document.querySelector('input[type=search]');
    filter.value = 'parser';
    filter.dispatchEvent(new Event('input', { bubbles: true }));
    filter.focus({ preventScroll: true });
    filter.setSelectionRange(2, 4);
    document.getElementById('container').scrollTop = 300;
    window.kept = [...document.querySelectorAll('[data-key]')];
  });
  await say(page, changes(many(40, pid => ({ rssBytes: 300_000_000 + pid * 1_000_000 }))));
  await row(page, 110).getByText('410 MB').waitFor();
  assert.deepEqual(await page.evaluate(() => {
    const filter = document.querySelector('input[type=search]');
    return {
      focus: document.activeElement === filter,
      caret: [filter.selectionStart, filter.selectionEnd],
      scroll: document.getElementById('container').scrollTop,
      same: [...document.querySelectorAll('[data-key]')].every((one, at) => one === window.kept[at]),
    };
  }), { focus: true, caret: [2, 4], scroll: 300, same: true });
  // The focus goes along with a row that moves.
  await row(page, 139).locator('.sm-kill').focus();
  await say(page, changes([session(139, { state: 'waiting_input' })]));
  await page.waitForFunction(() => document.querySelector('[data-key]').dataset.key === '139:100');
  await page.waitForFunction(() => document.activeElement.closest('[data-key]')?.dataset.key === '139:100');
  assert.deepEqual(complaints, []);
  await close();
});

test('a link that is refused or breaks leaves the list to polling, and comes back without flicker', async () => {
  const { page, complaints, close } = await openPage(harness, { 'GET /sessions': [session(11)] }, { live: true });
  await socketsOf(page, 1);
  // The way to the server is closed as the host closes it while the server does not run.
  await page.evaluate(() => window.sockets.at(-1).end(4404));
  await row(page, 11).waitFor();
  await sign(page).filter({ hasText: 'Every 10 s' }).waitFor();
  await socketsOf(page, 2);
  await say(page, hello(), snapshot([session(11), session(12)]));
  await sign(page).filter({ hasText: 'Live' }).waitFor();
  const asked = await polls(page);
  await page.evaluate(() => {
    window.kept = [...document.querySelectorAll('[data-key]')];
    window.changes = [];
    new MutationObserver(all => window.changes.push(...all.filter(one => one.type === 'childList' && one.removedNodes.length)))
      .observe(document.querySelector('.sm-list'), { childList: true });
  });
  await setAnswers(page, { 'GET /sessions': [session(11), session(12)] });
  await page.evaluate(() => window.sockets.at(-1).end(1006));
  await sign(page).filter({ hasText: 'Every 10 s' }).waitFor();
  assert.equal(await polls(page), asked + 1);
  await socketsOf(page, 3);
  await say(page, hello(), snapshot([session(11), session(12)]));
  await sign(page).filter({ hasText: 'Live' }).waitFor();
  assert.equal(await polls(page), asked + 1);
  assert.deepEqual(await page.evaluate(() => [
    window.changes.length, [...document.querySelectorAll('[data-key]')].every((one, at) => one === window.kept[at]),
  ]), [0, true]);
  assert.equal(await page.locator('.sm-banner').count(), 0);
  assert.deepEqual(complaints, []);
  await close();
});

test('a server that speaks another protocol, nonsense, or nothing is polled', async () => {
  const { page, complaints, close } = await openPage(harness, { 'GET /sessions': [session(11)] }, { live: true });
  const left = at => page.waitForFunction(at => window.sockets[at].left, at);
  await socketsOf(page, 1);
  await say(page, hello({ protocol: 2 }), snapshot([session(12)]));
  await left(0);
  await row(page, 11).waitFor();
  await socketsOf(page, 2);
  await say(page, hello(), 'no JSON');
  await left(1);
  await socketsOf(page, 3);
  await say(page, hello());
  await left(2);
  assert.equal(await row(page, 12).count(), 0);
  assert.deepEqual(complaints, []);
  await close();
});

test('a row of a newer server costs no other, and is counted once', async () => {
  const { page, close } = await openLinked([session(11), session(12)]);
  const strange = { ...session(12), actions: 'all' };
  await say(page, changes([strange]));
  await page.getByText('1 row comes from a newer server').waitFor();
  await say(page, changes([strange, session(13, { state: 'dreaming' })]));
  await row(page, 13).locator('.sm-word').filter({ hasText: 'Unknown' }).waitFor();
  assert.ok(await page.getByText('1 row comes from a newer server').isVisible());
  await say(page, changes([session(12)]));
  await page.getByText('from a newer server').waitFor({ state: 'detached' });
  await row(page, 12).waitFor();
  await close();
});

test('a pause closes the link, and its end opens another', async () => {
  const { page, complaints, close } = await openLinked([session(11)]);
  const toggle = page.getByRole('switch', { name: 'Keep the list up to date' });
  await toggle.focus();
  await page.keyboard.press('Space');
  await sign(page).filter({ hasText: 'Paused' }).waitFor();
  assert.equal(await page.evaluate(() => window.sockets[0].left), true);
  await page.keyboard.press('Space');
  await socketsOf(page, 2);
  await say(page, hello(), snapshot([session(12)]));
  await row(page, 12).waitFor();
  await sign(page).filter({ hasText: 'Live' }).waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

test('without an address from the host, its own way to the plugin is taken, with its token', async () => {
  const { page, close } = await openPage(harness, {}, { live: true });
  await page.evaluate(async () => {
    window.plugin.unmount(document.getElementById('container'));
    localStorage.setItem('auth-token', 'a+b c');
    delete window.api.liveUrl;
    await window.show();
  });
  await socketsOf(page, 2);
  const { host } = new URL(harness.url);
  assert.equal(await page.evaluate(() => window.sockets.at(-1).url), `ws://${host}/plugin-ws/session-manager?token=a%2Bb%20c`);
  await close();
});

test('leaving closes the link and lets everything go, whatever it waits for', async () => {
  const { page, complaints, close } = await openPage(harness, { 'GET /sessions': [session(11)] }, { live: true, prepare: keepLedger });
  const leave = () => page.evaluate(async () => {
    window.plugin.unmount(document.getElementById('container'));
    window.sockets.at(-1).say({ type: 'hello', protocol: 1, auth: 'none', version: '1' });
    window.sockets.at(-1).end(1000);
    await new Promise(resolve => setTimeout(resolve));
    const { interval, timeout, listeners } = window.ledger();
    const calls = window.calls.length;
    document.dispatchEvent(new Event('visibilitychange'));
    return { interval, timeout, listeners, left: window.sockets.every(one => one.left), calls: window.calls.length - calls };
  });
  const NOTHING = { interval: 0, timeout: 0, listeners: [], left: true, calls: 0 };
  await socketsOf(page, 1);
  assert.deepEqual(await leave(), NOTHING);
  await page.evaluate(() => window.show());
  await socketsOf(page, 2);
  await say(page, hello(), snapshot([session(11)]));
  await sign(page).filter({ hasText: 'Live' }).waitFor();
  assert.deepEqual(await leave(), NOTHING);
  await page.evaluate(() => window.show());
  await socketsOf(page, 3);
  await page.evaluate(() => window.sockets.at(-1).end(4404));
  await sign(page).filter({ hasText: 'Every 10 s' }).waitFor();
  await page.evaluate(() => { window.sockets.at(-1).left = true; });
  assert.deepEqual(await leave(), NOTHING);
  assert.deepEqual(complaints, []);
  await close();
});

test('500 rows change at once, in place', async t => {
  const rows = many(500);
  const { page, complaints, close } = await openLinked(rows);
  await page.waitForFunction(() => document.querySelectorAll('[data-key]').length === 500);
  await page.evaluate(() => { window.kept = [...document.querySelectorAll('[data-key]')]; });
  await say(page, changes(many(500, pid => ({ rssBytes: 1_000_000 * pid, title: `Renamed ${pid}` }))));
  await row(page, 599).getByText('Renamed 599').waitFor();
  assert.ok(await page.evaluate(() => [...document.querySelectorAll('[data-key]')].every((one, at) => one === window.kept[at])));
  for (const count of [200, 1000]) t.diagnostic(await cost(page, count));
  assert.deepEqual(complaints, []);
  await close();
});

// What a message costs from its arrival to the end of the page's work, without the browser's drawing.
async function cost(page, count) {
  const frames = [
    snapshot(many(count)),
    ...Array.from({ length: 20 }, (_, turn) => changes(many(10, () => ({ rssBytes: 400_000_000 + turn * 1_000_000 })))),
  ];
  const times = await page.evaluate(async ([first, ...others]) => {
    const heard = async frame => {
      const begin = performance.now();
      window.sockets.at(-1).say(frame);
      await new Promise(resolve => { const { port1, port2 } = new MessageChannel(); port1.onmessage = resolve; port2.postMessage(0); });
      return performance.now() - begin;
    };
    // Only a new link brings a whole list.
    window.sockets.at(-1).end(1006);
    const before = window.sockets.length;
    while (window.sockets.length === before) await new Promise(resolve => setTimeout(resolve, 50));
    window.sockets.at(-1).say({ type: 'hello', protocol: 1, auth: 'none', version: '1' });
    const all = await heard(first);
    const some = [];
    for (const frame of others) some.push(await heard(frame));
    return [all, some.sort((one, other) => one - other)[some.length >> 1]];
  }, frames);
  return `${count} rows: ${times[0].toFixed(1)} ms for the whole list, ${times[1].toFixed(1)} ms for 10 changes`;
}
