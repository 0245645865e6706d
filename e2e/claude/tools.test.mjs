// Where the server looks for Claude Code and tmux, and what it says where they are not, or where its
// configuration has a mistake.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { SERVER_BIN } from '../server.mjs';
import { gone, settled } from './listing.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('the programs that a resume needs', () => {
  const TMUX = execFileSync('sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).trim();
  let world, sessionId, onlyTmux;
  before(async () => {
    world = await makeWorld();
    // A PATH without Claude Code, wherever the machine may have one.
    onlyTmux = join(world.root, 'only-tmux');
    await mkdir(onlyTmux);
    await symlink(TMUX, join(onlyTmux, 'tmux'));

    const server = await world.serve();
    const session = await world.session();
    await session.say('say once upon a time');
    await session.shows('● once upon a time');
    ({ sessionId } = session);
    await server.post(`/sessions/${session.pid}/kill`, { key: session.key, graceMs: 30_000 });
    await gone(server, session.pid);
    await until('the transcript is there', () => world.transcriptOf(sessionId));
  });
  after(() => world?.end());

  const serve = (PATH, config = '') => world.serve({ environment: { PATH }, config });
  const refused = async (server, status, code) => {
    const answer = await server.post('/sessions/resume', { sessionId });
    assert.deepEqual([answer.status, answer.json.ok, answer.json.code], [status, false, code]);
    // What is asked for comes first.
    const unknown = await server.post('/sessions/resume', { sessionId: NOBODY });
    assert.deepEqual([unknown.status, unknown.json.code], [404, 'no_conversation']);
  };
  const resumes = async (server, claude) => {
    const health = await server.get('/health');
    assert.equal(health.json.claude, claude);
    const { status, json } = await server.post('/sessions/resume', { sessionId });
    assert.equal(status, 200, JSON.stringify(json));
    await settled(server, json.pid, 'idle');
    const kill = await server.post(`/sessions/${json.pid}/kill`, { key: json.key, graceMs: 30_000 });
    assert.equal(kill.json.outcome, 'exited');
    await gone(server, json.pid);
  };

  const isolated = process.env.SESSION_MANAGER_E2E_ISOLATED === '1';
  test('without tmux it says so', { skip: !isolated && 'it can be hidden in private mounts only' }, async () => {
    // It is found where machines usually have it, PATH or not.
    const blank = join(world.root, 'blank');
    await writeFile(blank, '');
    const hide = ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" "$1" && shift && exec "$@"', blank, TMUX];
    const server = await world.serve({ command: [...hide, SERVER_BIN] });
    assert.equal((await server.get('/health')).json.tmux, null);
    await refused(server, 503, 'no_tmux');
  });

  test('without Claude Code it says so', async () => {
    const server = await serve(onlyTmux);
    const { json } = await server.get('/health');
    assert.deepEqual([json.claude, json.tmux], [null, join(onlyTmux, 'tmux')]);
    await refused(server, 503, 'no_claude');
  });

  test('the key claude names it', async () => {
    await resumes(await serve(onlyTmux, `claude = ${JSON.stringify(world.claude)}\n`), world.claude);
  });

  test('a key claude that names nothing is not passed over', async () => {
    await refused(await serve(`${dirname(world.claude)}:${onlyTmux}`, 'claude = "/nowhere/claude"\n'), 503, 'no_claude');
  });

  for (const place of ['.local/bin/claude', '.claude/local/claude']) {
    test(`it is found in ~/${place}`, async () => {
      const link = join(world.home, place);
      await mkdir(dirname(link), { recursive: true });
      await symlink(world.claude, link);
      try {
        await resumes(await serve(onlyTmux), link);
      } finally {
        await rm(link);
      }
    });
  }

  test('with a mistake in its configuration the server lists, and acts on nothing', async () => {
    const session = await world.session();
    const server = await serve(`${dirname(world.claude)}:${onlyTmux}`, 'claude = "/x"\nhoems = []\n');
    const health = await server.get('/health');
    assert.equal(health.status, 200);
    assert.equal(health.json.degraded.length, 1);
    assert.match(health.json.degraded[0], /hoems/);
    assert.match(health.json.degraded[0], /\b2\b/);
    await settled(server, session.pid, 'idle');
    for (const [path, body] of [
      [`/sessions/${session.pid}/kill`, { key: session.key }], ['/sessions/resume', { sessionId }], ['/sessions/cleanup', {}],
    ]) {
      const { status, json } = await server.post(path, body);
      assert.deepEqual([status, json.ok, json.code], [503, false, 'config'], path);
    }
    await settled(server, session.pid, 'idle');
  });
});
