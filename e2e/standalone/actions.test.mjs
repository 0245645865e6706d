// What the page does to real processes through the real server.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { complaintsOf, launchChromium } from '../browser/chromium.mjs';
import { confirmKill, isLive, killButton, question, rows, unfold } from '../browser/sessions.mjs';
import { processOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { startServer } from '../server.mjs';
import { startSession } from './session.mjs';

// The list shows every session of the machine; these names are in ours alone.
const name = what => `${what}-${process.pid}`;
// Two children: one that ends when it is asked to, and one that does not.
const COMPANY = `sleep 300 & one=$!
(trap "" TERM; exec sleep 301) & echo $one $!
wait`;

let home;
let server;
let browser;
let page;
let complaints;
const started = [];
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'sm-page-'));
  await mkdir(join(home, '.config/session-manager'), { recursive: true });
  await writeFile(join(home, '.config/session-manager/config.toml'), 'grace_ms = 300\n');
  server = await startServer({ env: { PATH: process.env.PATH, HOME: home } });
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  complaints = complaintsOf(page);
  await page.goto(`http://127.0.0.1:${server.port}/`);
  await isLive(page);
});
after(async () => {
  await browser?.close();
  await server?.stop();
  for (const session of started) await session.end();
  await rm(home, { recursive: true, force: true });
});

async function start(project, script) {
  const session = await startSession({ home, project: name(project), prompt: 'Go on.', script });
  started.push(session);
  await rows(page, name(project)).waitFor();
  return session;
}

const toast = text => page.locator('.sm-toast').filter({ hasText: text });
const gone = pid => until(`process ${pid} is gone`, () => processOf(pid) === null);

test('a session is killed with what it runs, and each process is told', async () => {
  const session = await start('tree', COMPANY);
  await killButton(rows(page, name('tree'))).click();
  await question(page).getByText(/^3 processes end\. Memory that comes back: /).waitFor();
  for (const pid of session.company) {
    await question(page).getByText(`Process ${pid}: started by process ${session.child.pid}`).waitFor();
  }
  for (const pid of session.company) assert.notEqual(processOf(pid), null);
  await confirmKill(page);

  await rows(page, name('tree')).waitFor({ state: 'detached' });
  await toast('Of 2 processes below it: 1 ended, 1 had to be killed.').waitFor();
  await session.exited;
  await Promise.all(session.company.map(gone));
});

test('alone, what it runs goes on, is found as left over, and is reaped', async () => {
  const session = await start('alone', COMPANY);
  const [mild] = session.company;
  // Only what was seen below it while it lived is proved to be its own.
  const book = join(home, '.local/state/session-manager/descents.json');
  await until('it was seen with what it runs', async () => {
    const seen = await readFile(book, 'utf8').catch(() => '');
    return session.company.every(pid => new RegExp(`\\b${pid}\\b`).test(seen));
  });
  await killButton(rows(page, name('alone'))).click();
  await question(page).getByRole('switch', { name: 'Only Claude Code itself' }).press('Space');
  await question(page).getByText(/^1 process ends\./).waitFor();
  await confirmKill(page);
  await session.exited;
  for (const pid of session.company) assert.notEqual(processOf(pid), null);

  const left = pid => page.locator(`[data-orphan^="${pid}:"]`);
  await left(mild).waitFor();
  await left(mild).getByRole('checkbox').press('Space');
  await page.getByRole('button', { name: /^Reap 1 process/ }).click();
  await question(page).getByRole('button', { name: 'Reap 1 process' }).click();
  await question(page).getByText('1 of 1 are done.').waitFor();
  await question(page).getByRole('button', { name: 'Close' }).click();
  await gone(mild);
  assert.notEqual(processOf(session.company[1]), null);
  await left(session.company[1]).locator('.sm-check').click();
  await page.getByRole('button', { name: /^Reap 1 process/ }).click();
  await question(page).getByRole('button', { name: 'Reap 1 process' }).click();
  await question(page).getByText('killed').waitFor();
  await question(page).getByRole('button', { name: 'Close' }).click();
  await gone(session.company[1]);
});

test('a session is paused with what it runs, and goes on', async () => {
  const session = await start('pause', COMPANY);
  const row = rows(page, name('pause'));
  await unfold(row);
  await row.getByRole('button', { name: 'Pause', exact: true }).click();
  await toast('stands still (3 processes).').waitFor();
  for (const pid of [session.child.pid, ...session.company]) assert.equal(processOf(pid).state, 'T');
  await row.getByText('Stopped', { exact: true }).waitFor();
  await row.getByRole('button', { name: 'Continue', exact: true }).click();
  await toast('goes on (3 processes).').waitFor();
  for (const pid of [session.child.pid, ...session.company]) assert.notEqual(processOf(pid).state, 'T');
});

test('a selection is ended after one question, and nothing else is', async () => {
  const [one, two, other] = [await start('one'), await start('two'), await start('other')];
  for (const project of ['one', 'two']) await rows(page, name(project)).getByRole('checkbox').press('Space');
  const bar = page.getByRole('region', { name: 'Selected sessions' });
  await bar.getByText('2 selected').waitFor();
  await bar.getByRole('button', { name: 'Kill…' }).click();
  await confirmKill(page);
  await question(page).getByText('2 of 2 are done.').waitFor();
  await question(page).getByRole('button', { name: 'Close' }).click();
  assert.deepEqual(await one.exited, [null, 'SIGTERM']);
  assert.deepEqual(await two.exited, [null, 'SIGTERM']);
  assert.notEqual(processOf(other.child.pid), null);
  assert.ok(await rows(page, name('other')).isVisible());
});

test('the history tells of all that', async () => {
  await page.getByRole('button', { name: 'History of actions…' }).click();
  const entry = text => question(page).getByRole('listitem').filter({ hasText: text });
  await entry(`Kill · ${name('tree')}`).getByText(/^exited/).waitFor();
  await entry(`Pause · ${name('pause')}`).waitFor();
  await entry('Reap ·').first().waitFor();
  assert.ok((await entry(`Kill · ${name('two')}`).innerText()).includes(`by user ${process.getuid()}`));
  await page.keyboard.press('Escape');
});

test('all that without a complaint of the page', () => {
  assert.deepEqual(complaints, []);
});
