// Leaving the tab and coming back leaves nothing behind, however often.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { complaintsOf, launchChromium } from '../browser/chromium.mjs';
import { keepLedger } from '../browser/ledger.mjs';
import { HOST_NOISE, leaveTab, openHost, openTab } from '../browser/tab.mjs';
import { makeWorld } from '../claude/world.mjs';
import { setStage } from './stage.mjs';

const VISITS = 20;
const NOTHING = { interval: 0, timeout: 0, frame: 0, listeners: [], things: [] };

let world;
let stage;
let browser;
before(async () => {
  world = await makeWorld();
  stage = await setStage({ home: world.home });
  await stage.install();
  await stage.addProject('orbit-api');
  await world.session();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await stage?.close();
  await world?.end();
});

test(`${VISITS} visits leave no timer, listener, socket or growth`, async () => {
  let complaints;
  const page = await openHost(browser, {
    host: stage.host,
    project: 'orbit-api',
    prepare: async fresh => {
      complaints = complaintsOf(fresh, HOST_NOISE);
      await fresh.addInitScript(keepLedger);
    },
  });
  const tools = await page.context().newCDPSession(page);
  const rows = page.locator('[data-key]');
  const visit = async () => {
    await openTab(page);
    await rows.first().waitFor();
    const during = await page.evaluate(() => window.ledger());
    await leaveTab(page);
    await rows.first().waitFor({ state: 'detached' });
    return during;
  };

  // The first visits fill caches, of the host and of the compiler.
  await visit();
  await visit();
  const [first, before] = [await visit(), await measure(page, tools)];
  for (let count = 0; count < VISITS; count += 1) await visit();
  const [last, after] = [await visit(), await measure(page, tools)];

  assert.deepEqual(before.ledger, NOTHING);
  assert.deepEqual(after.ledger, NOTHING);
  // The ledger sees what is held during a visit: an empty one would prove nothing.
  assert.notDeepEqual(strip(first), NOTHING);
  assert.deepEqual(strip(last), strip(first));

  assert.ok(after.nodes <= before.nodes + VISITS, `${before.nodes} -> ${after.nodes} nodes`);
  assert.ok(after.listeners <= before.listeners + VISITS, `${before.listeners} -> ${after.listeners} listeners`);
  const growth = (after.heapBytes - before.heapBytes) / VISITS;
  assert.ok(growth < 100_000, `${growth} bytes of heap a visit`);
  assert.ok(after.wasmBytes <= before.wasmBytes, `${before.wasmBytes} -> ${after.wasmBytes} bytes of wasm memory`);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

const strip = ({ wasmBytes, ...rest }) => rest;

// What is held once everything that nobody refers to has been collected.
async function measure(page, tools) {
  await page.evaluate(async () => {
    // A frame and a turn of the event loop let go of what React keeps until the next commit.
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)));
      window.gc();
    }
  });
  await tools.send('HeapProfiler.collectGarbage');
  await tools.send('Performance.enable');
  const { metrics } = await tools.send('Performance.getMetrics');
  const value = name => metrics.find(one => one.name === name).value;
  const ledger = await page.evaluate(() => window.ledger());
  return {
    ledger: strip(ledger),
    wasmBytes: ledger.wasmBytes,
    nodes: value('Nodes'),
    listeners: value('JSEventListeners'),
    heapBytes: value('JSHeapUsedSize'),
  };
}
