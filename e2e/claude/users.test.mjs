// More than one user on the machine: who sees what of whom, who may end it, and as whom a resumed
// session runs.

import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { SERVER_BIN } from '../server.mjs';
import { AS_GUEST, GUEST, dismiss, makeGuest, whyNot } from './guest.mjs';
import { gone, rowOf, settled } from './listing.mjs';
import { keyOf, processOf } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld, named } from './world.mjs';

describe('another user', { skip: whyNot }, () => {
  let world, guest, roots, server, own;
  before(async () => {
    world = await makeWorld();
    guest = await makeGuest(world, {
      'session-manager': [SERVER_BIN, 'session-manager'],
      claude: [realpathSync(world.claude), 'node_modules/@anthropic-ai/claude-code/bin/claude.exe'],
    });
    roots = await world.session();
    server = await world.serve({
      environment: {
        HOME: guest.home, SESSION_MANAGER_HOMES: `${world.home},${guest.home}`, PATH: `${guest.bin}:/usr/bin:/bin`,
      },
      command: [...AS_GUEST, join(guest.bin, 'session-manager')],
    });
  });
  after(async () => {
    await world?.end().finally(dismiss);
  });

  // A session of the guest, in a terminal of the test.
  const guestSession = async words => {
    const env = { HOME: guest.home, PATH: `${guest.bin}:/usr/bin:/bin` };
    const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const command = [...settings, ...AS_GUEST, 'claude', '--permission-mode', 'manual', ...words];
    return named(guest.home, await world.terminals.open(command, guest.work));
  };

  test('root\'s session is listed with what everybody may know', async () => {
    // For its first seconds every session starts.
    const row = await settled(server, roots.pid, 'unknown');
    assert.deepEqual([row.confidence, row.rule, row.stateSource], ['unknown', 'registry_sealed', 'process']);
    const { json: why } = await server.get(`/sessions/${roots.pid}/why`);
    assert.deepEqual([why.state, why.rule], [row.state, row.rule]);
    assert.match(why.reason, /not ours to read; run the server as that user, or as root/);
    assert.equal(row.user, 'root');
    assert.equal(row.key, keyOf(roots.pid));
    assert.equal(row.sessionId, null);
    assert.ok(row.rssBytes > 0);
    assert.equal(row.actions.kill.code, 'not_yours');
    assert.ok(row.actions.kill.error.length > 0);
  });

  test('root\'s session is not ended by somebody else', async () => {
    const { status, json } = await server.post(`/sessions/${roots.pid}/kill`, { key: roots.key });
    assert.deepEqual([status, json.ok, json.code], [403, false, 'not_yours']);
    assert.notEqual(processOf(roots.pid), null);
    assert.equal(world.registryOf(roots.pid).status, 'idle');
  });

  test('root\'s conversations stay root\'s', async () => {
    const context = await server.get(`/sessions/${roots.pid}/context`);
    assert.deepEqual([context.status, context.json.code], [404, 'no_session']);
    const recent = await server.get('/sessions?scope=recent');
    assert.deepEqual([recent.status, recent.json.sessions], [200, []]);
    const resume = await server.post('/sessions/resume', { sessionId: roots.sessionId });
    assert.deepEqual([resume.status, resume.json.code], [404, 'no_conversation']);
    const cleanup = await server.post('/sessions/cleanup', { dryRun: true });
    assert.equal(cleanup.status, 200);
    assert.deepEqual(cleanup.json.items.filter(({ path, action }) => path.startsWith(world.home) && action !== 'keep'), []);
  });

  test('the user\'s own session is listed and ended', async () => {
    own = await guestSession([]);
    const row = await settled(server, own.pid, 'idle');
    assert.equal(row.user, GUEST.name);
    assert.equal(row.home, guest.home);
    assert.deepEqual(row.actions, { kill: true });
    await own.say('say my own words');
    await own.shows('● my own words');
    await until('the context is there', async () => {
      const { json } = await server.get(`/sessions/${own.pid}/context`);
      return json.lastAssistant === 'my own words';
    });
  });

  test('a transcript without permission to read gives a note', async () => {
    const directory = join(guest.home, '.claude/projects', guest.work.replaceAll(/[^a-zA-Z0-9]/g, '-'));
    const path = join(directory, `${own.sessionId}.jsonl`);
    const { mode } = await stat(path);
    await chmod(path, 0);
    const { status, json } = await server.get(`/sessions/${own.pid}/context`);
    await chmod(path, mode);
    assert.equal(status, 200);
    assert.deepEqual([json.ok, json.lastPrompt, json.lastAssistant], [true, null, null]);
    assert.ok(json.note?.length > 0);
  });

  test('a registry file without permission to read does no harm', async () => {
    const path = join(guest.home, '.claude/sessions/4194303.json');
    await writeFile(path, '{}', { mode: 0 });
    await settled(server, own.pid, 'idle');
    const { json } = await server.post(`/sessions/${own.pid}/kill`, { key: own.key, graceMs: 30_000 });
    assert.equal(json.outcome, 'exited');
    await gone(server, own.pid);
  });

  test('root resumes the user\'s session as the user', async () => {
    const asRoot = await world.serve({
      environment: {
        SESSION_MANAGER_HOMES: guest.home, SESSION_MANAGER_USER: GUEST.name, PATH: `${guest.bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
      },
    });
    const { status, json } = await asRoot.post('/sessions/resume', { sessionId: own.sessionId, user: 'root' });
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(processOf(json.pid).uid, GUEST.uid);
    const row = await settled(asRoot, json.pid, 'idle');
    assert.deepEqual([row.user, row.home, row.cwd, row.sessionId], [GUEST.name, guest.home, guest.work, own.sessionId]);
    const context = await asRoot.get(`/sessions/${json.pid}/context`);
    assert.equal(context.json.lastAssistant, 'my own words');
    assert.equal((await stat(join(guest.home, `.claude/sessions/${json.pid}.json`))).uid, GUEST.uid);

    const kill = await asRoot.post(`/sessions/${json.pid}/kill`, { key: json.key, graceMs: 30_000 });
    assert.deepEqual([kill.status, kill.json.outcome], [200, 'exited']);
  });
});
