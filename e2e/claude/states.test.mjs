// Every state of a real session, as the list tells it.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { CLAUDE_VERSION } from '../install/claude.mjs';
import { gone, rowOf, settled } from './listing.mjs';
import { keyOf, processOf, rssBytes, startedAt } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

const QUESTION = JSON.stringify({
  questions: [{
    question: 'Which colour?', header: 'Colour', multiSelect: false,
    options: [{ label: 'Red', description: 'warm' }, { label: 'Blue', description: 'cold' }],
  }],
});

describe('a session in the list', () => {
  let world, server, session;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    session = await world.session();
  });
  after(() => world?.end());

  // Whatever a test has opened, the next one begins at the prompt.
  const dismiss = async () => {
    await session.press('Escape');
    await settled(server, session.pid, 'idle');
  };

  test('at its prompt it is idle, and every field is true', async () => {
    const row = await settled(server, session.pid, 'idle');
    const registry = world.registryOf(session.pid);
    const known = {
      pid: session.pid,
      user: userInfo().username,
      cwd: world.work,
      project: basename(world.work),
      status: 'idle',
      sessionId: registry.sessionId,
      key: keyOf(session.pid),
      state: 'idle',
      waitingFor: null,
      stateSource: 'registry',
      stateSince: registry.statusUpdatedAt,
      confidence: 'stated',
      rule: 'registry_status',
      ask: null,
      tool: null,
      asks: false,
      stuck: false,
      abandoned: false,
      name: registry.name,
      title: null,
      gitBranch: null,
      version: CLAUDE_VERSION,
      kind: 'interactive',
      entrypoint: 'cli',
      home: world.home,
      tmux: registry.tmux,
      twinOf: [],
      holder: 'tmux',
      actions: { kill: true },
    };
    const { elapsed, elapsedSec, wchan, lastActivityAt, startedAt: started, rssBytes: rss, ...rest } = row;
    assert.deepEqual(rest, known);
    assert.match(registry.tmux, /^terminal-\d+:@\d+\.%\d+$/);
    assert.match(elapsed, /^\d+s$|^\d+m \d+s$/);
    assert.match(wchan, /^\w+$/);
    const truth = startedAt(session.pid);
    // The kernel gives the boot time in whole seconds.
    assert.ok(Math.abs(started - truth) <= 1000, `startedAt ${started}, in truth ${truth}`);
    assert.ok(Math.abs(elapsedSec * 1000 - (Date.now() - truth)) <= 5000, `elapsedSec ${elapsedSec}`);
    assert.ok(lastActivityAt >= started && lastActivityAt <= Date.now(), `lastActivityAt ${lastActivityAt}`);
    const memory = rssBytes(session.pid);
    assert.ok(rss > memory / 2 && rss < memory * 2, `rssBytes ${rss}, in truth about ${memory}`);
  });

  test('while the model thinks it is working', async () => {
    await session.say('hold thought and then an answer');
    const row = await settled(server, session.pid, 'working');
    assert.equal(row.status, 'active');
    assert.equal(row.stateSource, 'registry');
    assert.equal(row.waitingFor, null);
    world.mock.release('thought');
    await settled(server, session.pid, 'idle');
  });

  test('at a permission prompt it waits for permission', async () => {
    await session.say('bash touch proof ;; say ran');
    const row = await settled(server, session.pid, 'waiting_permission');
    assert.equal(row.waitingFor, 'permission prompt');
    assert.equal(row.status, 'idle');
    await dismiss();
  });

  test('with a question open it waits for input', async () => {
    await session.say(`tool AskUserQuestion ${QUESTION} ;; say thanks`);
    const row = await settled(server, session.pid, 'waiting_input');
    assert.equal(row.waitingFor, 'input needed');
    await dismiss();
  });

  test('in /model it waits in a dialog', async () => {
    await session.say('/model');
    const row = await settled(server, session.pid, 'waiting_dialog');
    assert.equal(row.waitingFor, 'dialog open');
    await dismiss();
  });

  test('its name and conversation follow /rename and /clear', async () => {
    await session.say('/rename The talk');
    await until('the row has the new name', async () => (await rowOf(server, session.pid)).name === 'The talk');
    await session.say('/clear');
    // It works for a moment before and after it gets its new id.
    const row = await until('it is at the prompt again, in the new conversation', async () => {
      const found = await rowOf(server, session.pid);
      return found.state === 'idle' && found.sessionId !== session.sessionId && found;
    });
    assert.equal(row.sessionId, world.registryOf(session.pid).sessionId);
    assert.equal(row.key, session.key);
  });

  test('with a background shell it is at the prompt, in the state shell', async () => {
    const input = { command: 'sleep 1000', description: 'rest', run_in_background: true };
    await session.say(`tool Bash ${JSON.stringify(input)} ;; say started`);
    const row = await settled(server, session.pid, 'shell');
    assert.equal(row.status, 'idle');
  });

  test('it leaves the list with its process', async () => {
    const other = await world.session();
    assert.equal((await rowOf(server, other.pid)).state, 'idle');
    await other.say('/exit');
    await gone(server, other.pid);
    assert.equal(processOf(other.pid), null);
  });

  test('stopped by a signal it is stopped, and goes on where it was', async () => {
    const other = await world.underShell();
    await settled(server, other.pid, 'idle');
    await other.signal('STOP');
    const row = await settled(server, other.pid, 'stopped');
    assert.equal(processOf(other.pid).state, 'T');
    assert.equal(row.status, 'stuck');
    assert.equal(row.sessionId, other.sessionId);
    await other.signal('CONT');
    await settled(server, other.pid, 'idle');
  });

  test('claude -p is working, and is listed as what it is', async () => {
    const headless = world.headless(['hold headless from afar']);
    const row = await settled(server, headless.pid, 'working');
    assert.equal(row.entrypoint, 'sdk-cli');
    assert.equal(row.kind, 'interactive');
    assert.equal(row.tmux, null);
    assert.equal(row.status, 'active');
    assert.match(row.sessionId, /^[0-9a-f-]{36}$/);
    world.mock.release('headless');
    assert.equal((await headless.done).trim(), 'from afar');
    await gone(server, headless.pid);
  });

  test('at the trust dialog it is starting and has no conversation yet', async () => {
    const cwd = join(world.home, 'untrusted');
    await mkdir(cwd);
    const terminal = await world.open([], { cwd });
    await terminal.shows('Yes, I trust this folder');
    const row = await settled(server, terminal.pid, 'starting');
    assert.equal(world.registryOf(terminal.pid), null);
    assert.equal(row.sessionId, null);
    assert.equal(row.cwd, cwd);
    assert.equal(row.status, 'active');
    assert.notEqual(row.stateSource, 'registry');
  });
});
