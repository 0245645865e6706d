// The tab in the real host ends a real session, brings it back and cleans up, each after a question.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { complaintsOf, launchChromium } from '../browser/chromium.mjs';
import {
  confirmCleanup, confirmKill, killButton, planCleanup, question, recentRow, resumeButton,
} from '../browser/sessions.mjs';
import { HOST_NOISE, openHost, openTab } from '../browser/tab.mjs';
import { pidDomain, processOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { setStage } from './stage.mjs';

const DAY_S = 86_400;

let world;
let stage;
let browser;
let session;
let resumed;
let page;
let complaints;
before(async () => {
  world = await makeWorld();
  stage = await setStage({ home: world.home, tools: [await terminalsOf(world), dirname(world.claude)] });
  await stage.install();
  session = await world.session();
  await session.say('say The orders have pages now.');
  await session.shows('The orders have pages now.');
  browser = await launchChromium();
  page = await openHost(browser, {
    host: stage.host,
    project: 'work',
    prepare: fresh => { complaints = complaintsOf(fresh, HOST_NOISE); },
  });
  await openTab(page);
});
after(async () => {
  await browser?.close();
  await stage?.close();
  await world?.end();
});

const rowOf = key => page.locator(`[data-key="${key}"]`);

test('a session is killed through the confirmation and leaves the list', async () => {
  await killButton(rowOf(session.key)).click();
  await question(page).filter({ hasText: 'work' }).waitFor();
  assert.notEqual(processOf(session.pid), null);
  await confirmKill(page);

  await rowOf(session.key).waitFor({ state: 'detached' });
  await session.ended();
  assert.equal(processOf(session.pid), null);
});

test('its conversation is resumed and listed again, under the same id', async () => {
  await resumeButton(recentRow(page, session.sessionId)).click();

  resumed = await until('it is listed under its id', async () => {
    const sessions = await stage.host.rpc('GET', '/sessions');
    return sessions.find(one => one.sessionId === session.sessionId);
  });
  await rowOf(resumed.key).waitFor();
  const process = processOf(resumed.pid);
  assert.equal(resumed.key, `${process.pid}:${process.startTicks}`);
  assert.notEqual(resumed.pid, session.pid);
});

test('a cleanup shows its plan, and does it only then', async () => {
  const orphan = await leaveOrphan();
  const old = await leaveOldTranscript();

  await planCleanup(page);
  await question(page).getByText(old.split('/').at(-1).slice(0, 8)).first().waitFor();
  assert.ok(existsSync(orphan) && existsSync(old));
  await confirmCleanup(page);

  await until('both are gone', () => !existsSync(orphan) && !existsSync(old));
  assert.ok(existsSync(`${old}.gz`));
  assert.equal(await rowOf(resumed.key).isVisible(), true);
});

test('all that without a complaint of the page', () => {
  assert.deepEqual(complaints, []);
});

// The plugin's server gets neither the mock's address nor a place for sockets from the host: a tmux
// of this test, first on its PATH, knows both. Without it the person's own tmux would be used.
async function terminalsOf({ root, env }) {
  const folder = join(root, 'tools');
  const program = join(folder, 'tmux');
  const variables = Object.entries({ ...env, TMUX_TMPDIR: join(root, 'tmux') })
    .map(([name, value]) => `export ${name}='${value}'\n`).join('');
  await mkdir(folder);
  await writeFile(program, `#!/bin/sh\n${variables}exec tmux -f /dev/null "$@"\n`);
  await chmod(program, 0o755);
  return folder;
}

// A registry file whose process has ended: nothing that runs started in the first tick of this boot.
async function leaveOrphan() {
  const path = join(world.sessions, '4000000.json');
  await writeFile(path, JSON.stringify({
    pid: 4_000_000, procStart: '1', sessionId: '11111111-1111-4111-8111-111111111111', cwd: world.work,
    pidDomain: pidDomain(), kind: 'interactive', entrypoint: 'cli', status: 'idle',
  }));
  return path;
}

async function leaveOldTranscript() {
  const folder = join(world.projects, 'old');
  const path = join(folder, '22222222-2222-4222-8222-222222222222.jsonl');
  await mkdir(folder, { recursive: true });
  await writeFile(path, `${JSON.stringify({ type: 'user', sessionId: '22222222-2222-4222-8222-222222222222', cwd: world.work })}\n`.repeat(50));
  const then = Date.now() / 1000 - 90 * DAY_S;
  await utimes(path, then, then);
  return path;
}
