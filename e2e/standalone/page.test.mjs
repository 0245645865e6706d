// The page that the server itself serves, in a browser: what it shows, and that no other site gets at it.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { complaintsOf, launchChromium, overflowing } from '../browser/chromium.mjs';
import { explain, isLive, rows, themeButton, unfold } from '../browser/sessions.mjs';
import { startServer } from '../server.mjs';
import { startSession } from './session.mjs';

// The list shows every session of the machine; this name is in ours alone.
const PROJECT = `orbit-api-${process.pid}`;
const PROMPT = 'Add paging to the list of orders <img src=x onerror=alert(1)>';

let home;
let session;
let server;
let browser;
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'sm-page-'));
  session = await startSession({ home, project: PROJECT, prompt: PROMPT });
  server = await startServer({ env: { PATH: process.env.PATH, HOME: home } });
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await session?.end();
  await rm(home, { recursive: true, force: true });
});

// Opens the page; the test fails if it complains of anything or breaks its own policy.
async function open(t, { width = 1280, theme = 'dark' } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: theme });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', event => window.violations.push(event.violatedDirective));
  });
  t.after(async () => {
    const violations = await page.evaluate(() => window.violations);
    await context.close();
    assert.deepEqual(complaints, []);
    assert.deepEqual(violations, []);
  });
  await page.goto(`http://127.0.0.1:${server.port}/`);
  await rows(page, PROJECT).waitFor();
  return page;
}

test('the session is listed and its context shows the prompt as text', async t => {
  const page = await open(t);

  await unfold(rows(page, PROJECT));

  await page.getByText(PROMPT).first().waitFor();
  assert.equal(await page.locator('img[src=x]').count(), 0);
});

test('the theme follows the system and its own switch', async t => {
  const page = await open(t, { theme: 'light' });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();

  await themeButton(page).click();

  await page.waitForFunction(before => getComputedStyle(document.body).backgroundColor !== before, light);
  const dark = await background();
  assert.ok(brightness(light) > brightness(dark), `${light} to ${dark}`);
});

for (const width of [390, 1280]) {
  test(`nothing reaches beyond the edge at ${width} px`, async t => {
    const page = await open(t, { width });
    await unfold(rows(page, PROJECT));
    await page.getByText(PROMPT).first().waitFor();

    assert.deepEqual(await overflowing(page, 'body'), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
  });
}

test('another site may lead here but can neither read nor frame it', async t => {
  const site = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<h1>Elsewhere</h1>'));
  await new Promise(done => site.listen(0, '127.0.0.1', done));
  t.after(() => new Promise(done => { site.close(done); site.closeAllConnections(); }));
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  // Another name for this machine, so that the two are different sites and not just different ports.
  await page.goto(`http://localhost:${site.address().port}/`);
  const target = `http://127.0.0.1:${server.port}`;

  const read = await page.evaluate(url => fetch(url).then(() => 'read', fault => fault.name), `${target}/sessions`);
  assert.equal(read, 'TypeError');
  const blind = page.waitForResponse(answer => answer.url() === `${target}/sessions`);
  await page.evaluate(url => fetch(url, { mode: 'no-cors' }).catch(() => {}), `${target}/sessions`);
  assert.equal((await blind).status(), 403);
  const framed = page.waitForResponse(answer => answer.url() === `${target}/`);
  await page.evaluate(url => { document.body.append(Object.assign(document.createElement('iframe'), { src: url })); }, `${target}/`);
  const frame = await framed;
  assert.ok(frame.status() === 403 || refusesFrames(frame.headers()), JSON.stringify(frame.headers()));

  await page.evaluate(url => { location.href = url; }, `${target}/`);
  await page.waitForURL(`${target}/`);
  // Not "visible": after a page has changed its site by itself, headless Chromium now and then leaves the new
  // one without a size.
  await rows(page, PROJECT).waitFor({ state: 'attached' });
});

test('what changes arrives by itself', async t => {
  const page = await open(t);
  await isLive(page);
  const row = rows(page, PROJECT);
  const asked = [];
  page.on('request', request => asked.push(new URL(request.url()).pathname));
  await session.becomes('waiting', { waitingFor: 'permission prompt' });
  await row.getByText('Needs permission').waitFor();
  await page.waitForFunction(() => /^\(\d+\) Sessions$/.test(document.title));
  await session.becomes('busy');
  await row.getByText('Working').waitFor();
  await session.becomes('idle');
  await row.getByText('Idle').waitFor();
  assert.deepEqual(asked.filter(path => path === '/sessions'), []);
});

test('the page says why a session is in its state', async t => {
  const page = await open(t);
  const row = rows(page, PROJECT);

  await explain(row);

  await row.getByText("Claude Code's own file for this session says so.").first().waitFor();
  await row.locator('[data-decided=true]').getByText('registry').waitFor();
});

const refusesFrames = headers => /frame-ancestors 'none'/.test(headers['content-security-policy'] ?? '')
  || headers['x-frame-options'] === 'DENY';

function brightness(color) {
  return color.match(/[\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
}
