// What the tab shows of sessions that are talked to, in the real host, dark and light, wide and narrow: nothing runs over its
// edge, and nothing complains.
//
// SM_SHOTS names a folder for the pictures.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { complaintsOf, launchChromium, overflowing } from '../browser/chromium.mjs';
import { HOST_NOISE, openHost, openTab } from '../browser/tab.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld, nameModel } from '../claude/world.mjs';
import { setStage } from './stage.mjs';

const SHOTS = process.env.SM_SHOTS;

// As people write, and what the model does then.
const STORIES = {
  'What stands in the notes?': 'say # Notes\n\nThe **first** is `done`, see:\n\n```sh\nls -la\n```\n\n- one\n- two',
  'Then tidy them up, please.': 'bash git status --short && touch a-file-with-quite-a-long-name-that-must-break-somewhere.txt ;; say Done.',
};

let world;
let stage;
let browser;
before(async () => {
  world = await makeWorld({ stories: STORIES });
  await nameModel(world.home, world.env);
  stage = await setStage({ home: world.home, tools: [dirname(world.claude)] });
  await stage.addProject('orbit');
  await stage.install();
  browser = await launchChromium();
  const [first, second] = Object.keys(STORIES);
  const { sessionId } = await stage.host.rpc('POST', '/sessions', { cwd: world.work, prompt: first, name: 'Tidy the notes' });
  await until('it has answered', async () =>
    (await stage.host.rpc('GET', '/sessions')).find(row => row.sessionId === sessionId)?.state === 'idle');
  await stage.host.rpc('POST', `/sessions/${sessionId}/message`, { text: second });
  await stage.host.rpc('POST', '/sessions', { cwd: world.work, name: 'In a terminal', holder: 'pty', prompt: first });
  await until('it asks', async () => (await stage.host.rpc('GET', '/approvals')).approvals.length === 1);
});
after(async () => {
  await browser?.close();
  await stage?.close();
  await world?.end();
});

for (const theme of ['dark', 'light']) {
  for (const [width, height] of [[1280, 900], [390, 844]]) {
    test(`${theme}, ${width} wide`, async () => {
      let complaints;
      const page = await openHost(browser, {
        host: stage.host, theme, width, height, project: 'orbit',
        prepare: one => { complaints = complaintsOf(one, HOST_NOISE); },
      });
      const shoot = async (name, root) => {
        await page.waitForTimeout(300);
        if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}-${theme}-${width}.png`) });
        assert.deepEqual(await overflowing(page, root), [], name);
      };
      await openTab(page);
      await page.locator('.sm-asks [data-request]').first().waitFor();
      await shoot('queue', '.sm-asks');
      await page.getByRole('button', { name: 'Rules…' }).click();
      await page.locator('dialog[open] .sm-rules').first().waitFor();
      await shoot('rules', 'dialog[open]');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'New session', exact: true }).click();
      await page.getByRole('textbox', { name: 'Directory' }).waitFor();
      await shoot('start', 'dialog[open]');
      await page.keyboard.press('Escape');
      await page.locator('[data-key]').filter({ hasText: 'Tidy the notes' }).getByRole('button', { name: /^Open/ }).first().click();
      await page.locator('[data-sm-talk]').getByRole('button', { name: 'Allow', exact: true }).waitFor();
      await shoot('talk', '[data-sm-talk]');
      // The host's style sheet colours what is typed into a textarea, and its placeholder with it.
      const [typed, placeholder] = await page.getByRole('textbox', { name: 'Message' }).evaluate(box =>
        [null, '::placeholder'].map(part => getComputedStyle(box, part).webkitTextFillColor));
      assert.notEqual(typed, placeholder);
      const terminal = page.locator('[data-key]').filter({ hasText: 'In a terminal' });
      await page.locator('[data-sm-talk]').getByRole('button', { name: /back/i }).first().click();
      await terminal.getByRole('button', { name: /^Open/ }).first().click();
      await page.getByRole('button', { name: 'Terminal', exact: true }).click();
      await page.getByText('Claude Code v').first().waitFor();
      await shoot('terminal', '[data-sm-talk]');
      await page.context().close();
      assert.deepEqual(complaints, []);
    });
  }
}
