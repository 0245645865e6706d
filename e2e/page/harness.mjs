// Serves the harness on 127.0.0.1 and opens it in a browser.
//
// Knows where the built page lies and how a test reaches into it. Does not know what the page shows.

import { access, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { complaintsOf, launchChromium } from '../browser/chromium.mjs';
import { health } from './wire.mjs';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..', '..');
const FILES = {
  '/': [join(HERE, 'harness.html'), 'text/html; charset=utf-8'],
  '/harness.js': [join(HERE, 'harness.js'), 'text/javascript'],
  '/standalone.css': [join(ROOT, 'server/src/page/standalone.css'), 'text/css'],
  '/index.js': [process.env.SESSION_MANAGER_PAGE ?? join(ROOT, 'target/page/index.js'), 'text/javascript'],
};

export async function startHarness() {
  const [built] = FILES['/index.js'];
  await access(built).catch(() => { throw new Error(`${built} is missing: run cargo xtask page`); });
  const server = createServer(async (request, response) => {
    const [file, type] = FILES[request.url] ?? [];
    if (!file) return response.writeHead(404).end();
    try {
      const body = await readFile(file);
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const browser = await launchChromium();
  return {
    browser,
    url: `http://127.0.0.1:${server.address().port}/`,
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

// Opens the harness, without the page in it yet. `frozen` stops the clock: a test moves it on.
export async function openHarness(harness, { width = 1000, height = 760, theme = 'dark', frozen = false, prepare, ...options } = {}) {
  const browserContext = await harness.browser.newContext({
    viewport: { width, height },
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  const page = await browserContext.newPage();
  const complaints = complaintsOf(page);
  if (frozen) await page.clock.install();
  if (prepare) await page.addInitScript(prepare);
  await page.goto(harness.url);
  await page.waitForFunction(() => window.ready);
  await page.evaluate(theme => window.surround({ theme }), theme);
  return { page, complaints, close: () => browserContext.close() };
}

// Opens the harness and mounts the page with these answers. `live` gives it a feed, which says nothing by itself.
export async function openPage(harness, answers, { live = false, ...options } = {}) {
  const opened = await openHarness(harness, options);
  if (live) await opened.page.evaluate(() => window.standIn('ws://127.0.0.1/feed'));
  await setAnswers(opened.page, {
    'GET /health': health(),
    'GET /sessions': [],
    'GET /sessions recent': { sessions: [] },
    'GET /approvals': { ok: true, approvals: [] },
    ...answers,
  });
  await opened.page.evaluate(() => window.show());
  return opened;
}

export async function setAnswers(page, answers) {
  await page.evaluate(answers => Object.assign(window.answers, answers), answers);
}

// What the page has said on its latest socket.
export async function heard(page) {
  return page.evaluate(() => window.sockets.at(-1).heard);
}

// Lets the latest socket of the page hear these frames.
export async function say(page, ...frames) {
  await page.evaluate(frames => window.sockets.at(-1).say(...frames), frames);
}

export async function callsTo(page, part) {
  return page.evaluate(part => window.calls.filter(call => call.path.includes(part)), part);
}

// Waits for the answer to a refresh to be on the page.
export async function refresh(page) {
  const before = (await callsTo(page, '/sessions?soft')).length;
  await page.clock.fastForward(10_000);
  await page.waitForFunction(before =>
    window.calls.filter(call => call.path === '/sessions?soft=1').length > before, before);
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
}

export const row = (page, pid) => page.locator(`[data-key="${pid}:100"]`);
