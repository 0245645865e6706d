// The tab in the real host starts a real session, reads it as it is written, answers what it asks, and finds it again after the
// host has been ended by force.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { complaintsOf, launchChromium, overflowing } from '../browser/chromium.mjs';
import { HOST_NOISE, openHost, openTab } from '../browser/tab.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld, nameModel } from '../claude/world.mjs';
import { setStage } from './stage.mjs';

const SHOTS = process.env.SM_SHOTS;

let world;
let stage;
let browser;
let page;
let complaints;
before(async () => {
  world = await makeWorld();
  await nameModel(world.home, world.env);
  stage = await setStage({ home: world.home, tools: [dirname(world.claude)] });
  await stage.addProject('orbit');
  await stage.install();
  browser = await launchChromium();
  page = await visit();
});
after(async () => {
  await browser?.close();
  await stage?.close();
  await world?.end();
});

const talk = () => page.locator('[data-sm-talk]');
// What it answered; the prompts of these tests have the same words in them.
const answer = words => talk().locator('.sm-md-p').filter({ hasText: words });

async function visit(options = {}) {
  const fresh = await openHost(browser, {
    host: stage.host,
    project: 'orbit',
    prepare: one => { complaints = complaintsOf(one, HOST_NOISE); },
    ...options,
  });
  await openTab(fresh);
  return fresh;
}

const shoot = async name => SHOTS && page.screenshot({ path: join(SHOTS, `${name}.png`) });

test('a session is started, and what it says is read as it is written', async () => {
  await page.getByRole('button', { name: 'New session' }).click();
  await page.getByRole('textbox', { name: 'Directory' }).fill(world.work);
  await page.getByRole('textbox', { name: 'What shall it do?' }).fill('stream begin It has begun.');
  await shoot('start');
  await page.getByRole('button', { name: 'Start session' }).click();
  await talk().waitFor();
  await answer(/word word/).waitFor();
  await shoot('stream');
  world.mock.release('begin');
  await answer('It has begun.').waitFor();
  assert.equal((await stage.host.rpc('GET', '/sessions')).find(row => row.holder === 'stdio')?.stateSource, 'stream');
});

test('what it asks is answered beside the conversation, and it goes on', async () => {
  await page.getByRole('textbox', { name: 'Message' }).fill('bash touch made-here ;; say It is made.');
  await page.keyboard.press('Enter');
  const allow = talk().getByRole('button', { name: 'Allow', exact: true });
  await allow.waitFor();
  await shoot('asked');
  // A click counts only where the button has stood still for a moment.
  await page.waitForTimeout(600);
  await allow.click();
  await answer('It is made.').waitFor();
  assert.ok(existsSync(join(world.work, 'made-here')));
});

test('after the host was killed it is found again, with all that it said, and goes on', async () => {
  await page.context().close();
  await stage.startHost();
  page = await visit();
  const [row] = await until('it is listed again', async () => {
    const rows = (await stage.host.rpc('GET', '/sessions')).filter(one => one.holder === 'stdio');
    return rows.length === 1 && rows;
  });
  await page.locator(`[data-key="${row.key}"]`).getByRole('button', { name: /^Open/ }).first().click();
  await answer('It has begun.').waitFor();
  await answer('It is made.').waitFor();
  await page.getByRole('textbox', { name: 'Message' }).fill('say Here I am.');
  await page.keyboard.press('Enter');
  await answer('Here I am.').waitFor();
  assert.equal(await answer('It is made.').count(), 1);
  await shoot('again');
  assert.deepEqual(await overflowing(page, '[data-sm-talk]'), []);
  assert.deepEqual(complaints, []);
});
