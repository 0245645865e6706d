// The server ends with whoever started its launcher, under each Node that the launcher supports.
//
// What stands in for the host here is started as the host starts a plugin's server: standard input
// is /dev/null, output and errors are socket pairs, the environment has four variables.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { installNode } from '../install/nodes.mjs';
import { descendants, ended } from './process.mjs';
import { PLUGIN_DIR } from './stage.mjs';

// Starts the launcher, says where the server listens and then only waits. It never reads again, as
// a host that was stopped in a debugger would.
const PARENT = `
  const { spawn } = require('node:child_process');
  const [node, launcher] = process.argv.slice(1);
  const server = spawn(node, [launcher], { stdio: ['ignore', 'pipe', 'inherit'], env: {
    PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', PLUGIN_NAME: 'session-manager' } });
  server.stdout.once('data', line => process.stdout.write(line));
  setInterval(() => {}, 60_000);
`;

const NODES = [
  { name: 'Node 18', node: () => installNode(18), replaces: false },
  { name: 'Node 22', node: () => installNode(22), replaces: true },
  { name: "the machine's Node", node: async () => process.execPath, replaces: 'execve' in process },
];

let home;
before(async () => { home = await mkdtemp(join(tmpdir(), 'sm-launcher-')); });
after(() => rm(home, { recursive: true, force: true }));

for (const { name, node, replaces } of NODES) {
  test(`under ${name} the server is ${replaces ? 'the launcher itself' : 'its child'} and ends with the host`, async t => {
    const host = await startParent(t, await node());

    const server = descendants(host.pid);
    assert.equal(server.length, replaces ? 1 : 2, server.map(one => one.command).join('; '));
    assert.match(server.at(-1).command, /dist\/bin\/\S+\/session-manager/);
    host.kill('SIGKILL');

    await ended(server, 2_000);
  });
}

// Ends with the test; what it leaves behind is ended through its process group.
async function startParent(t, node) {
  const child = spawn(process.execPath, ['--eval', PARENT, node, join(PLUGIN_DIR, 'dist/server.js')], {
    env: { PATH: dirname(process.execPath), HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', text => { errors += text; });
  const exit = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exit;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (fault) {
      // No such group: nothing was left.
      if (fault.code !== 'ESRCH') throw fault;
    }
  });
  const outcome = await Promise.race([once(child.stdout, 'data'), exit]);
  const ready = JSON.parse(String(outcome[0]) || 'null');
  assert.equal(ready?.ready, true, errors);
  assert.equal((await fetch(`http://127.0.0.1:${ready.port}/health`)).status, 200);
  return child;
}
