// How the host ends decides how the server ends, and never how the sessions do.

import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';

import { processOf } from '../claude/process.mjs';
import { makeWorld } from '../claude/world.mjs';
import { installNode } from '../install/nodes.mjs';
import { ended, isAlive } from './process.mjs';
import { setStage } from './stage.mjs';

let world;
let stage;
let session;
before(async () => {
  world = await makeWorld();
  stage = await setStage({ home: world.home });
  await stage.install();
  session = processOf((await world.session()).pid);
});
after(async () => {
  await stage?.close();
  await world?.end();
});

test('the session is listed through the host', async () => {
  const rows = await stage.host.rpc('GET', '/sessions');

  assert.deepEqual(rows.filter(row => row.pid === session.pid).map(row => row.state), ['idle']);
});

for (const { how, signal, limitMs } of [
  { how: 'killed', signal: 'SIGKILL', limitMs: 2_000 },
  // The host gives a plugin five seconds, and a second for itself.
  { how: 'asked to end', signal: 'SIGTERM', limitMs: 6_000 },
]) {
  test(`a host that is ${how} takes the server with it and leaves the session`, async () => {
    const host = await stage.startHost();
    assert.equal((await host.rpc('GET', '/health')).ok, true);
    const server = host.serverProcesses();
    assert.notEqual(server.length, 0);

    host.child.kill(signal);

    await ended(server, limitMs);
    assert.ok(isAlive(session));
  });
}

test('a host whose Node has execve has the binary itself as its child', async () => {
  const node = dirname(await installNode(22));
  const host = await stage.startHost({ path: `${node}:${stage.path}` });
  assert.equal((await host.rpc('GET', '/health')).ok, true);
  const server = host.serverProcesses();
  assert.deepEqual(server.map(one => one.ppid), [host.child.pid]);

  host.child.kill('SIGKILL');

  await ended(server, 2_000);
  assert.ok(isAlive(session));
});
