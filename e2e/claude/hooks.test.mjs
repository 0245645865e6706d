// The optional hooks in a real session: each event is reported, and nobody notices.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { SERVER_BIN } from '../server.mjs';
import { processOf } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

// As a person has it: their own layout, a hook of their own, and numbers that no double holds.
const SETTINGS = `{
    "cleanupPeriodDays": 99999,
    "env": { "BIG": "1" },
    "hooks": {
        "Stop": [ { "hooks": [ { "type": "command", "command": "true" } ] } ],
        "SessionEnd": []
    }
}
`;

describe('with the hooks installed', () => {
  let world, binary, settings, session;
  const reportOf = id => {
    try {
      return JSON.parse(readFileSync(join(world.home, `.local/state/session-manager/hooks/${id}.json`), 'utf8'));
    } catch {
      return null;
    }
  };
  const reported = (id, event) => until(`${event} of ${id} is reported`, () => {
    const report = reportOf(id);
    return report?.event === event && report;
  });
  const hooks = (...words) => JSON.parse(execFileSync(binary, ['hooks', ...words, '--json'], { env: world.env, encoding: 'utf8' }));
  const clean = async terminal => {
    const screen = await terminal.screen();
    assert.doesNotMatch(screen, /hook (error|failed)|hook.*error|session-manager/i, screen);
  };

  // A prompt that has just come up does not take a key yet.
  const allow = terminal => until('the prompt has been answered', async () => {
    if (!(await terminal.screen()).includes('Do you want to')) return true;
    await terminal.press('Enter');
    await new Promise(done => setTimeout(done, 300));
    return false;
  });

  before(async () => {
    world = await makeWorld();
    settings = join(world.home, '.claude/settings.json');
    await mkdir(join(world.home, '.claude'), { recursive: true });
    await writeFile(settings, SETTINGS, { mode: 0o640 });
    // One that can be taken away again.
    binary = join(world.root, "it's here/session-manager");
    await mkdir(join(world.root, "it's here"));
    await copyFile(SERVER_BIN, binary);
    await chmod(binary, 0o755);
    const { changed, events, claude } = hooks('install');
    assert.equal(changed, true);
    assert.equal(events.length, 9);
    assert.equal(claude, '2.1.329');
  });
  after(() => world?.end());

  test('a session reports as soon as it starts, and by which process', async () => {
    session = await world.session();
    const report = await reported(session.sessionId, 'SessionStart');
    assert.equal(report.reason, 'startup');
    assert.equal(report.cwd, world.work);
    assert.deepEqual(report.process, {
      pid: session.pid,
      start_ticks: Number(processOf(session.pid).startTicks),
      pid_namespace: report.process.pid_namespace,
    });
    await clean(session);
  });

  test('what is asked is told when it is asked, and until it is answered', async t => {
    await session.say('bash touch proof ;; hold rest after the tool');
    const asking = await reported(session.sessionId, 'PermissionRequest');
    assert.equal(asking.asked[0].tool_name, 'Bash');
    assert.equal(asking.asked[0].tool_input.command, 'touch proof');
    const record = await until('the registry says so too', () => {
      const found = world.registryOf(session.pid);
      return found?.status === 'waiting' && found;
    });
    t.diagnostic(`the hook told ${record.statusUpdatedAt - asking.at} ms before the registry`);
    await session.shows('Do you want to');
    await clean(session);
    await allow(session);
    const done = await reported(session.sessionId, 'PostToolUse');
    assert.deepEqual(done.asked, []);
    world.mock.release('rest');
    const stopped = await reported(session.sessionId, 'Stop');
    assert.equal(stopped.last_assistant_message, 'after the tool');
    assert.equal(stopped.process.pid, session.pid);
    await clean(session);
  });

  test('a permission that comes and goes is told to the server within moments', async t => {
    const leads = [];
    for (let round = 0; round < 5; round += 1) {
      const before = reportOf(session.sessionId).at;
      await session.say(`bash touch proof-${round} ;; say over-${round}`);
      const seen = {};
      await until('both have told', () => {
        const report = reportOf(session.sessionId);
        if (report?.event === 'PermissionRequest' && report.at > before) seen.hook ??= [report.at, Date.now()];
        const record = world.registryOf(session.pid);
        if (record?.status === 'waiting') seen.registry ??= [record.statusUpdatedAt, Date.now()];
        return seen.hook && seen.registry;
      });
      leads.push(seen.registry[0] - seen.hook[0]);
      await session.shows(`proof-${round}`);
      await session.shows('Do you want to');
      await allow(session);
      await until('the turn is over', () => {
        const report = reportOf(session.sessionId);
        return report?.event === 'Stop' && report.last_assistant_message === `over-${round}`;
      });
    }
    t.diagnostic(`the hook's lead over the registry in ms: ${leads.join(', ')}`);
  });

  test('/clear begins another conversation in the same process', async () => {
    await session.say('/clear');
    const ended = await reported(session.sessionId, 'SessionEnd');
    assert.equal(ended.reason, 'clear');
    const next = await until('the registry has the new conversation', () => {
      const found = world.registryOf(session.pid);
      return found?.sessionId !== session.sessionId && found;
    });
    const begun = await reported(next.sessionId, 'SessionStart');
    assert.equal(begun.process.pid, session.pid);
    session = { ...session, sessionId: next.sessionId };
  });

  test('the end of a session is told', async () => {
    await session.say('/exit');
    await session.ended();
    assert.equal(reportOf(session.sessionId).event, 'SessionEnd');
    assert.equal(hooks('status').state, 'installed');
  });

  test('once the program is gone, a session does not notice', async () => {
    rmSync(binary);
    const other = await world.session();
    await other.say('say all is well');
    await other.shows('all is well');
    await until('the turn is over', () => world.registryOf(other.pid)?.status === 'idle');
    await clean(other);
    assert.equal(reportOf(other.sessionId), null);
    await other.say('/exit');
    await other.ended();
    await copyFile(SERVER_BIN, binary);
    await chmod(binary, 0o755);
  });

  test('without them the settings are what they were', async () => {
    // Claude Code has written none of it meanwhile.
    assert.equal(hooks('uninstall').changed, true);
    assert.equal(await readFile(settings, 'utf8'), SETTINGS);
    assert.equal((await stat(settings)).mode & 0o777, 0o640);
    assert.equal(hooks('status').state, 'absent');
  });
});

describe('with a Claude Code from before there was a registry', () => {
  let world;
  before(async () => {
    world = await makeWorld({ version: '2.0.30' });
    const { claude, events } = JSON.parse(execFileSync(SERVER_BIN, ['hooks', 'install', '--json'], { env: world.env }));
    assert.equal(claude, '2.0.30');
    assert.equal(events.length, 6);
  });
  after(() => world?.end());

  test('a conversation is known by its process', async () => {
    const headless = spawn(world.claude, ['-p', 'say hello'], { cwd: world.work, env: world.env, stdio: ['ignore', 'inherit', 'inherit'] });
    await once(headless, 'close');
    const reports = join(world.home, '.local/state/session-manager/hooks');
    const names = execFileSync('ls', [reports], { encoding: 'utf8' }).trim().split('\n');
    assert.equal(names.length, 1);
    const report = JSON.parse(await readFile(join(reports, names[0]), 'utf8'));
    assert.equal(report.process.pid, headless.pid);
    assert.equal(report.event, 'SessionEnd');
  });
});
