// The tab in the real host shows a real session, in either theme and at either width.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { complaintsOf, launchChromium, overflowing } from '../browser/chromium.mjs';
import { explain, isLive, rows, unfold } from '../browser/sessions.mjs';
import { HOST_NOISE, openHost, openTab, switchTheme, TAB } from '../browser/tab.mjs';
import { makeWorld } from '../claude/world.mjs';
import { setStage } from './stage.mjs';

const PROMPT = 'say The orders have pages now.';

let world;
let stage;
let browser;
let session;
before(async () => {
  world = await makeWorld();
  stage = await setStage({ home: world.home });
  await stage.install();
  session = await world.session();
  // The transcript of this prompt is also what makes the directory a project of the host.
  await session.say(PROMPT);
  await session.shows('The orders have pages now.');
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await stage?.close();
  await world?.end();
});

// Opens the tab and waits for the session's row; the test fails if our page complains of anything.
async function open(t, { noise = HOST_NOISE, ...options } = {}) {
  let complaints;
  const page = await openHost(browser, {
    host: stage.host,
    project: 'work',
    prepare: fresh => { complaints = complaintsOf(fresh, noise); },
    ...options,
  });
  t.after(async () => {
    await page.context().close();
    assert.deepEqual(complaints, []);
  });
  await openTab(page);
  const row = rows(page, 'work').and(page.locator(`[data-key="${session.key}"]`));
  await row.waitFor();
  return { page, row };
}

test('the row of a real session unfolds to what was typed', async t => {
  const { page, row } = await open(t);

  await unfold(row);

  await page.locator(TAB).getByText(PROMPT).first().waitFor();
});

test('the theme changes without a new mount, and what is unfolded stays so', async t => {
  const { page, row } = await open(t, { theme: 'dark' });
  await unfold(row);
  await page.locator(TAB).getByText(PROMPT).first().waitFor();
  const node = await row.elementHandle();
  const look = () => node.evaluate(one => getComputedStyle(one).color);
  const dark = await look();

  await switchTheme(page);

  await page.waitForFunction(([one, before]) => getComputedStyle(one).color !== before, [node, dark]);
  assert.equal(await node.evaluate(one => one.isConnected), true);
  assert.equal(await page.locator(TAB).getByText(PROMPT).first().isVisible(), true);
  await switchTheme(page);
  // The host fades from one to the other.
  await page.waitForFunction(([one, before]) => getComputedStyle(one).color === before, [node, dark]);
  assert.equal(await node.evaluate(one => one.isConnected), true);
});

for (const width of [390, 1280]) {
  for (const theme of ['dark', 'light']) {
    test(`nothing reaches beyond the edge at ${width} px, ${theme}`, async t => {
      const { page, row } = await open(t, { width, theme });
      await unfold(row);
      await page.locator(TAB).getByText(PROMPT).first().waitFor();

      assert.deepEqual(await overflowing(page, TAB), []);
      assert.equal(await page.locator(TAB).evaluate(one => one.scrollWidth - one.clientWidth), 0);
    });
  }
}

test('a plugin that is switched off is said so, and its feed comes back with it', async t => {
  const { page, row } = await open(t, { noise: new RegExp(`${HOST_NOISE.source}|status of 50[03]`) });
  await isLive(page);
  const switched = enabled => stage.host.json('PUT', '/api/plugins/session-manager/enable', { enabled });

  await switched(false);
  await page.getByText('The plugin is switched off.').waitFor();
  assert.ok(await row.isVisible());
  await switched(true);
  await isLive(page);
  await page.getByText('The plugin is switched off.').waitFor({ state: 'detached' });
});

test('what a real session does arrives by itself, with what it asks and why', async t => {
  const { page, row } = await open(t);
  await isLive(page);
  const asked = [];
  page.on('request', request => asked.push(new URL(request.url()).pathname));
  const node = await row.elementHandle();

  await session.say('bash touch proof ;; say never');
  await row.getByText('Needs permission').waitFor();
  await row.getByText('touch proof').waitFor();
  await page.waitForFunction(() => document.title.startsWith('(1) '));
  await explain(row);
  await row.locator('[data-decided=true]').getByText('registry').waitFor();
  await session.press('Escape');
  await row.getByText('Idle', { exact: true }).waitFor();
  await page.waitForFunction(() => !document.title.includes('(1) '));

  assert.equal(await node.evaluate(one => one.isConnected), true);
  assert.deepEqual(asked.filter(path => path.endsWith('/rpc/sessions')), []);
});
