// Processes that look like Claude Code and are none: not listed, and never ended.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { rowOf, rowsOf, settled } from './listing.mjs';
import { childrenOf, commandOf, processOf } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

describe('what only looks like a session', () => {
  let world, server;
  const started = [];
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
  });
  after(async () => {
    for (const child of started) {
      child.kill('SIGKILL');
      await child.ended;
    }
    await world?.end();
  });

  const start = async (program, words, options = {}) => {
    const child = spawn(program, words, { cwd: world.work, env: world.env, stdio: ['pipe', 'ignore', 'ignore'], ...options });
    child.ended = once(child, 'close');
    started.push(child);
    await once(child, 'spawn');
    return child;
  };

  // It is not in the list, a kill of it is refused, and it lives.
  const refused = async pid => {
    assert.equal(await rowOf(server, pid), undefined);
    const { status, json } = await server.post(`/sessions/${pid}/kill`, {});
    assert.equal(status, 403);
    assert.equal(json.ok, false);
    assert.equal(json.code, 'not_a_session');
    assert.notEqual(processOf(pid), null);
  };

  test('a sleep that calls itself claude', async () => {
    const { pid } = await start('bash', ['-c', 'exec -a claude sleep 1000']);
    await until('it is the sleep', () => processOf(pid) && commandOf(pid)[0] === 'claude');
    await refused(pid);
  });

  test('a tail of a file called claude', async () => {
    const file = join(world.root, 'claude');
    await writeFile(file, '');
    await refused((await start('tail', ['-f', file])).pid);
  });

  test('a grep for claude', async () => {
    await refused((await start('grep', ['claude'])).pid);
  });

  test('a program of somebody else by the name of claude', async () => {
    const directory = join(world.root, 'elsewhere/bin');
    await mkdir(directory, { recursive: true });
    await copyFile('/bin/sleep', join(directory, 'claude'));
    await chmod(join(directory, 'claude'), 0o755);
    await refused((await start(join(directory, 'claude'), ['1000'])).pid);
  });

  test('a script by the name of claude', async () => {
    const script = join(world.root, 'elsewhere/bin/claude-code');
    await mkdir(join(world.root, 'elsewhere/bin'), { recursive: true });
    await writeFile(script, '#!/bin/bash\nread -r\n', { mode: 0o755 });
    await symlink(script, join(world.root, 'elsewhere/claude'));
    await refused((await start(join(world.root, 'elsewhere/claude'), [])).pid);
  });

  test('the shell around a session: the session is listed, the shell is not', async () => {
    const shell = await start('bash', ['-c', "claude -p 'hold wrapped done' </dev/null; true"]);
    const [inner] = await until('the shell has its child', () => childrenOf(shell.pid).length === 1 && childrenOf(shell.pid));
    await settled(server, inner, 'working');
    await refused(shell.pid);
    world.mock.release('wrapped');
    await until('the session has ended', () => !processOf(inner));
  });

  test('the package\'s own wrapper: its child is listed, the wrapper is not', async () => {
    const wrapper = join(world.claude, '../../@anthropic-ai/claude-code/cli-wrapper.cjs');
    const { pid } = await start(process.execPath, [wrapper, '-p', 'hold wrapper done'], { stdio: 'ignore' });
    const inner = await until('the wrapper has its child', () => childrenOf(pid).find(child => world.registryOf(child)));
    await settled(server, inner, 'working');
    await refused(pid);
    world.mock.release('wrapper');
    await until('the session has ended', () => !processOf(inner));
  });

  test('the test itself, and a pid that nobody has', async () => {
    const { status, json } = await server.post(`/sessions/${process.pid}/kill`, {});
    assert.equal(status, 403);
    assert.ok(['not_a_session', 'protected'].includes(json.code), json.code);
    const nobody = await server.post('/sessions/4194304/kill', {});
    assert.equal(nobody.status, 403);
    assert.equal(nobody.json.code, 'not_a_session');
  });

  test('none of them is in the list', async () => {
    const pids = new Set((await rowsOf(server)).map(({ pid }) => pid));
    assert.deepEqual(started.filter(({ pid }) => pids.has(pid)).map(({ spawnargs }) => spawnargs), []);
  });
});
