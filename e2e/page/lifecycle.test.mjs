// Coming and going: the host mounts, leaves early, leaves twice, and uses the container again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { keepLedger } from '../browser/ledger.mjs';
import { callsTo, openHarness, openPage, row, setAnswers, startHarness } from './harness.mjs';
import { health, killed, session } from './wire.mjs';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness.close());

const ANSWERS = { 'GET /health': health(), 'GET /sessions': [session(11)], 'GET /sessions recent': { sessions: [] } };
const emptiness = page => page.evaluate(() => ({
  nodes: document.getElementById('container').childNodes.length,
  subscriptions: window.listeners.size,
  ...(window.ledger && (({ interval, timeout, frame, listeners, things }) => ({ interval, timeout, frame, listeners, things }))(window.ledger())),
}));
const EMPTY = { nodes: 0, subscriptions: 0, interval: 0, timeout: 0, frame: 0, listeners: [], things: [] };

test('leaving empties the container, lets everything go, and may come twice', async () => {
  const { page, complaints, close } = await openPage(harness, {
    ...ANSWERS, 'POST /sessions/11/kill': killed(11, 'exited'),
  }, { prepare: keepLedger });
  // A toast holds a timer of its own.
  await row(page, 11).getByRole('button', { name: 'Kill' }).click();
  await page.getByRole('button', { name: 'Kill session' }).click();
  await page.getByText('has ended by itself').waitFor();
  const held = await emptiness(page);
  assert.deepEqual([held.interval, held.timeout, held.subscriptions], [1, 1, 1]);
  const calls = (await callsTo(page, '')).length;
  await page.evaluate(() => {
    const container = document.getElementById('container');
    window.plugin.unmount(container);
    window.plugin.unmount(container);
  });
  assert.deepEqual(await emptiness(page), EMPTY);
  await page.evaluate(() => window.surround({ theme: 'light' }));
  assert.equal((await callsTo(page, '')).length, calls);
  assert.deepEqual(complaints, []);
  await close();
});

test('leaving before the page is there leaves nothing', async () => {
  const { page, complaints, close } = await openHarness(harness, { prepare: keepLedger });
  await setAnswers(page, ANSWERS);
  await page.evaluate(async () => {
    const container = document.getElementById('container');
    const plugin = await window.load();
    const mounting = plugin.mount(container, window.api);
    plugin.unmount(container);
    await mounting;
    plugin.unmount(container);
  });
  assert.deepEqual(await emptiness(page), EMPTY);
  assert.deepEqual(await callsTo(page, ''), []);
  assert.deepEqual(complaints, []);
  await close();
});

test('an answer that comes after leaving is dropped', async () => {
  const { page, complaints, close } = await openPage(harness, { ...ANSWERS, 'GET /sessions': { $hold: [session(11)] } }, { prepare: keepLedger });
  await page.waitForFunction(() => window.calls.length > 2);
  await page.evaluate(async () => {
    window.plugin.unmount(document.getElementById('container'));
    window.release();
    await new Promise(resolve => setTimeout(resolve));
  });
  assert.deepEqual(await emptiness(page), EMPTY);
  assert.deepEqual(complaints, []);
  await close();
});

test('mounting again takes the place of what was there', async () => {
  const { page, complaints, close } = await openPage(harness, ANSWERS, { prepare: keepLedger });
  await row(page, 11).waitFor();
  await page.evaluate(() => window.plugin.mount(document.getElementById('container'), window.api));
  await row(page, 11).waitFor();
  assert.equal(await page.locator('.sm-page').count(), 1);
  assert.equal((await emptiness(page)).interval, 1);
  assert.deepEqual(complaints, []);
  await close();
});

test('a change of theme needs no new mount', async () => {
  const { page, close } = await openPage(harness, ANSWERS);
  await row(page, 11).waitFor();
  const look = () => page.evaluate(() => {
    const style = getComputedStyle(document.querySelector('.sm-page'));
    return [style.colorScheme, style.backgroundColor];
  });
  assert.deepEqual(await look(), ['dark', 'rgb(20, 20, 20)']);
  await page.evaluate(() => {
    window.kept = document.querySelector('.sm-page');
    window.surround({ theme: 'light' });
  });
  await page.waitForFunction(() => getComputedStyle(document.querySelector('.sm-page')).colorScheme === 'light');
  assert.deepEqual(await look(), ['light', 'rgb(247, 246, 243)']);
  assert.ok(await page.evaluate(() => document.querySelector('.sm-page') === window.kept));
  await close();
});

test('the selected project is offered as a facet', async () => {
  const { page, close } = await openPage(harness, { ...ANSWERS, 'GET /sessions': [session(11), session(12, { cwd: '/srv/other' })] });
  await row(page, 11).waitFor();
  await page.evaluate(() => window.surround({ project: { name: 'x', path: '/home/ada/work' } }));
  await page.getByRole('button', { name: /^This project/ }).click();
  await row(page, 12).waitFor({ state: 'detached' });
  assert.ok(await row(page, 11).isVisible());
  await close();
});

test('twenty visits leave no growth', async () => {
  const rows = Array.from({ length: 30 }, (_, at) => session(100 + at));
  const { page, complaints, close } = await openHarness(harness, { prepare: keepLedger });
  await setAnswers(page, { ...ANSWERS, 'GET /sessions': rows });
  const visit = () => page.evaluate(async () => {
    const container = document.getElementById('container');
    await window.show();
    while (container.querySelectorAll('[data-key]').length < 30) await new Promise(resolve => setTimeout(resolve));
    container.querySelector('.sm-fold').click();
    window.plugin.unmount(container);
    await new Promise(resolve => setTimeout(resolve));
    window.plugin = null;
    window.calls.length = 0;
  });
  const client = await page.context().newCDPSession(page);
  const figures = async () => {
    await client.send('HeapProfiler.collectGarbage');
    const { nodes, jsEventListeners } = await client.send('Memory.getDOMCounters');
    return { nodes, listeners: jsEventListeners };
  };
  for (let at = 0; at < 3; at += 1) await visit();
  const first = await figures();
  for (let at = 0; at < 20; at += 1) await visit();
  // What the browser itself holds of the last visit goes a moment later.
  let last = await figures();
  for (let at = 0; at < 20 && last.nodes - first.nodes >= 20; at += 1) {
    await page.waitForTimeout(200);
    last = await figures();
  }
  assert.deepEqual(await emptiness(page), EMPTY);
  assert.ok(last.nodes - first.nodes < 20, `nodes ${first.nodes} -> ${last.nodes}`);
  assert.ok(last.listeners - first.listeners < 20, `listeners ${first.listeners} -> ${last.listeners}`);
  assert.deepEqual(complaints, []);
  await close();
});
