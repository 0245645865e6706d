// What ended sessions leave behind: planned, removed or compressed, and restored before a resume.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { gone, rowOf, settled } from './listing.mjs';
import { pidDomain } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

const DAY_MS = 86_400_000;

describe('cleanup', () => {
  let world, server, old, young, live, orphan, original, mtime;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    old = await finished('an old story');
    young = await finished('a young story');
    live = await world.session();
    await live.say('say a living story');
    await live.shows('● a living story');
    orphan = await killed();

    // Old is what nobody has touched for more than thirty days; the live one is not made younger by that.
    mtime = Math.floor((Date.now() - 40 * DAY_MS) / 1000);
    await utimes(await world.transcriptOf(old), mtime, mtime);
    await utimes(await world.transcriptOf(live.sessionId), mtime, mtime);
    original = await readFile(await world.transcriptOf(old));
  });
  after(() => world?.end());

  async function finished(text) {
    const session = await world.session();
    await session.say(`say ${text}`);
    await session.shows(`● ${text}`);
    await settled(server, session.pid, 'idle');
    await server.post(`/sessions/${session.pid}/kill`, { key: session.key, graceMs: 30_000 });
    await gone(server, session.pid);
    return session.sessionId;
  }

  // A session that had no time to clear up after itself.
  async function killed() {
    const session = await world.underShell();
    await session.signal('KILL');
    await gone(server, session.pid);
    const path = join(world.sessions, `${session.pid}.json`);
    assert.ok(existsSync(path), 'a killed session leaves its registry file');
    return path;
  }

  const cleanup = async body => {
    const { status, json } = await server.post('/sessions/cleanup', body);
    assert.equal(status, 200, JSON.stringify(json));
    return json;
  };
  const acted = ({ items }) => items
    .filter(({ action }) => action !== 'keep')
    .map(({ path, action }) => ({ path, action }))
    .sort((a, b) => a.path < b.path ? -1 : 1);

  test('a dry run says what would be done, and does nothing', async () => {
    const untouched = await snapshot(world.home);
    const plan = await cleanup({ dryRun: true });
    assert.deepEqual([plan.ok, plan.deletedSessions, plan.compressedLogs, plan.errors], [true, 0, 0, []]);
    assert.deepEqual(acted(plan), [
      { path: await world.transcriptOf(old), action: 'compress' },
      { path: orphan, action: 'delete' },
    ]);
    for (const item of plan.items) {
      assert.equal(item.result.type, 'planned');
      assert.ok(item.reason.length > 0);
      assert.equal(item.bytes, (await stat(item.path)).size);
    }
    assert.deepEqual(await snapshot(world.home), untouched);
  });

  test('a misspelt dry run is no run at all', async () => {
    const { status, json } = await server.post('/sessions/cleanup', { dryrun: true });
    assert.deepEqual([status, json.code], [400, 'bad_request']);
    assert.ok(existsSync(orphan));
  });

  test('the run does what was planned, and only that', async () => {
    const plain = await world.transcriptOf(old);
    const spared = [await world.transcriptOf(young), await world.transcriptOf(live.sessionId),
      join(world.sessions, `${live.pid}.json`)];
    // A container's session, in a registry that both share: its process is not among ours.
    const foreign = join(world.sessions, '4194303.json');
    await writeFile(foreign, JSON.stringify({
      pid: 4194303, sessionId: young, procStart: '1', cwd: world.work, status: 'idle',
      pidDomain: pidDomain().replace(/\d+\]$/, '1]'),
    }));

    const report = await cleanup({});
    assert.deepEqual([report.ok, report.deletedSessions, report.compressedLogs, report.errors], [true, 1, 1, []]);
    assert.deepEqual(acted(report), [{ path: plain, action: 'compress' }, { path: orphan, action: 'delete' }]);
    assert.ok(!existsSync(orphan));
    assert.ok(!existsSync(plain));
    for (const path of [...spared, foreign]) assert.ok(existsSync(path), path);

    const packed = `${plain}.gz`;
    assert.deepEqual(gunzipSync(await readFile(packed)), original);
    const facts = await stat(packed);
    assert.equal(Math.floor(facts.mtimeMs / 1000), mtime);
    const { result } = report.items.find(({ path }) => path === plain);
    assert.deepEqual(result, { type: 'compressed', bytes: facts.size });
    const left = (await readdir(dirname(plain))).filter(name => name.startsWith('.') || name.startsWith(`${old}.`));
    assert.deepEqual(left, [`${old}.jsonl.gz`]);
  });

  test('a second run finds nothing to do', async () => {
    assert.deepEqual(acted(await cleanup({})), []);
  });

  test('the live session has not noticed', async () => {
    await live.say('say I am well');
    await live.shows('● I am well');
    await settled(server, live.pid, 'idle');
  });

  test('the compressed conversation is remembered, and comes back byte for byte', async () => {
    const recent = await server.get('/sessions?scope=recent&days=60');
    const entry = recent.json.sessions.find(({ sessionId }) => sessionId === old);
    assert.equal(entry.archived, true);
    assert.equal(entry.cwd, world.work);
    assert.equal(entry.lastPrompt, 'say an old story');
    assert.equal(entry.live, null);

    const { status, json } = await server.post('/sessions/resume', { sessionId: old });
    assert.equal(status, 200, JSON.stringify(json));
    await settled(server, json.pid, 'idle');
    assert.equal((await rowOf(server, json.pid)).sessionId, old);
    const restored = join(dirname(await world.transcriptOf(young)), `${old}.jsonl`);
    const bytes = await readFile(restored);
    // Claude Code appends to it when it opens the conversation.
    assert.deepEqual(bytes.subarray(0, original.length), original);
    assert.ok((await stat(restored)).mtimeMs > Date.now() - DAY_MS, 'or Claude Code would delete it for its age');

    const terminal = await world.holder.attach(json.holder.session);
    await terminal.shows('an old story');
    await terminal.say('say told again');
    await terminal.shows('● told again');
    await until('the packed copy is gone', () => !existsSync(`${restored}.gz`));
  });
});

// Every file below `directory` that the server might have touched, by size and time.
async function snapshot(directory) {
  const names = await readdir(join(directory, '.claude'), { recursive: true });
  const facts = await Promise.all(names
    .filter(name => /^(sessions|projects)\//.test(name))
    .map(async name => {
      const { size, mtimeMs } = await stat(join(directory, '.claude', name));
      return [name, size, mtimeMs];
    }));
  return facts.sort();
}
