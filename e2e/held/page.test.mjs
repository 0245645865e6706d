// A real session in its terminal on the real page: looked at, typed to, answered and resized in a browser.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { complaintsOf, launchChromium } from '../browser/chromium.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { start } from './session.mjs';

// The page comes back to the same place.
const CONFIG = 'port = 17431\n';

describe('the terminal of a session, on the page', () => {
  let world, server, held, browser, page, complaints;
  before(async () => {
    world = await makeWorld();
    server = await world.serve({ config: CONFIG });
    held = await start(server, { cwd: world.work, holder: 'pty', name: 'seen' });
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    complaints = complaintsOf(page);
    // The page that was built last, where the server has an older one in it.
    const built = process.env.SESSION_MANAGER_PAGE;
    if (built) await page.route('**/index.js', route => route.fulfill({ path: built, contentType: 'text/javascript' }));
    await page.goto(`http://127.0.0.1:${server.port}/`);
  });
  after(async () => {
    await browser?.close();
    // The world's last one takes its place.
    await server?.stop();
    await world?.end();
  });

  const room = () => page.locator('.sm-t-room');
  const screen = async () => (await page.locator('.sm-t-line').allTextContents()).join('\n');
  const shows = words => until(`the page shows ${words}`, async () => (await screen()).includes(words));
  const type = async words => {
    await held.idle();
    await page.keyboard.type(words);
    await shows(words);
    await page.keyboard.press('Enter');
  };
  const shot = name => process.env.SM_SHOTS && page.screenshot({ path: join(process.env.SM_SHOTS, `${name}.png`) });

  test('it is opened and typed to', async () => {
    await page.locator('.sm-row').filter({ hasText: 'seen' }).getByRole('button', { name: 'Open' }).click();
    await page.getByRole('button', { name: 'Terminal', exact: true }).click();
    await room().waitFor();
    await shows('Claude Code v');
    await page.waitForFunction(() => document.activeElement.classList.contains('sm-t-keys'));
    await type('say typed in a browser');
    await shows('● typed in a browser');
    await shot('terminal-dark-1280');
  });

  test('it has the size of its room', async () => {
    const size = async () => (await server.get(`/sessions/${held.id}/screen`)).json;
    const { columns } = await until('it has another size', async () => {
      const now = await size();
      return now.columns !== 120 && now;
    });
    assert.ok(columns > 100 && columns < 200, `${columns}`);
    await page.setViewportSize({ width: 390, height: 760 });
    const narrow = await until('it is narrow', async () => {
      const now = await size();
      return now.columns < 70 && now;
    });
    await page.getByText(`${narrow.columns} × ${narrow.rows}`).waitFor();
    await until('nothing is cut off', () => room().evaluate(one => one.scrollWidth <= one.clientWidth + 1));
    await shot('terminal-dark-390');
    await page.setViewportSize({ width: 1280, height: 800 });
    await until('it is wide again', async () => (await size()).columns === columns);
  });

  test('a permission is answered by keys', async () => {
    await type('bash touch by-keys ;; say it is there');
    await shows('Do you want to proceed?');
    await shot('terminal-asks-1280');
    await until('it is allowed', async () => {
      if (!(await screen()).includes('Do you want to')) return true;
      await page.keyboard.press('Enter');
      await new Promise(done => setTimeout(done, 400));
      return false;
    });
    await shows('● it is there');
    assert.ok(existsSync(join(world.work, 'by-keys')));
  });

  test('a server that is killed is come back to', async () => {
    server.child.kill('SIGKILL');
    await server.ended;
    server = held.server = await world.serve({ config: CONFIG });
    await held.idle();
    await type('say seen again');
    await shows('● seen again');
  });

  test('nothing was complained of', () => {
    const ours = complaints.filter(text => !/WebSocket|ERR_CONNECTION|Failed to (load|fetch)/.test(text));
    assert.deepEqual(ours, []);
  });
});
