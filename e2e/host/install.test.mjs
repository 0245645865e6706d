// The real host installs, updates, disables and enables the plugin from a git repository.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { ended } from './process.mjs';
import { git, sumOf } from './repository.mjs';
import { whereIs } from './search-path.mjs';
import { setStage } from './stage.mjs';

let stage;
before(async () => { stage = await setStage(); });
after(() => stage?.close());

test('the host that installs has no Rust', async () => {
  for (const program of ['cargo', 'rustc', 'rustup']) {
    assert.deepEqual(await whereIs(program, stage.path), [], program);
  }
  assert.notDeepEqual(await whereIs('node', stage.path), []);
});

test('installing by URL succeeds and leaves the checkout as git has it', async () => {
  const answer = await stage.install();

  assert.equal(answer.success, true);
  assert.equal(answer.plugin.name, 'session-manager');
  assertClean();
});

test('the first call is answered by the committed binary', async () => {
  const health = await stage.host.rpc('GET', '/health');

  assert.equal(health.ok, true);
  const manifest = JSON.parse(await readFile(join(stage.pluginDir, 'manifest.json'), 'utf8'));
  assert.equal(health.version, manifest.version);
  const [server, ...others] = binaries();
  assert.ok(server.command.startsWith(join(stage.pluginDir, 'dist/bin/')), server.command);
  assert.deepEqual(others, []);
});

test('the host lists the plugin with what its manifest says', async () => {
  const plugin = await stage.host.plugin();

  const manifest = JSON.parse(await readFile(join(stage.pluginDir, 'manifest.json'), 'utf8'));
  for (const field of ['displayName', 'version', 'type', 'slot', 'entry', 'server', 'icon']) {
    assert.equal(plugin[field], manifest[field], field);
  }
  assert.equal(plugin.serverRunning, true);
  for (const path of [manifest.entry, manifest.server, manifest.icon]) {
    assert.ok(existsSync(join(stage.pluginDir, path)), path);
  }
});

for (const { which, version } of [
  { which: 'an update', version: '99.0.0' },
  { which: 'another one, on the tree that the first one left,', version: '99.0.1' },
]) {
  test(`${which} brings the new version and starts its server`, async () => {
    const before = stage.host.serverProcesses();
    await stage.repository.release(version);

    const answer = await stage.host.json('POST', '/api/plugins/session-manager/update');

    assert.equal(answer.plugin.version, version);
    assert.equal((await stage.host.plugin()).version, version);
    await ended(before, 0);
    assert.equal((await stage.host.rpc('GET', '/health')).ok, true);
    const [server] = binaries();
    const released = server.command.split(' ')[0].slice(stage.pluginDir.length);
    assert.equal(await sumOf(`/proc/${server.pid}/exe`), await sumOf(join(stage.repository.work, released)));
    assertClean();
  });
}

test('disabling ends the server within five seconds, enabling starts it', async () => {
  const before = stage.host.serverProcesses();
  assert.notEqual(before.length, 0);
  const begin = performance.now();

  await stage.host.json('PUT', '/api/plugins/session-manager/enable', { enabled: false });

  // The host sends SIGKILL after five seconds and then returns as well.
  assert.ok(performance.now() - begin < 5_000);
  await ended(before, 0);
  assert.equal((await stage.host.call('GET', '/api/plugins/session-manager/rpc/health')).status, 503);

  await stage.host.json('PUT', '/api/plugins/session-manager/enable', { enabled: true });

  assert.equal((await stage.host.plugin()).serverRunning, true);
  assert.equal((await stage.host.rpc('GET', '/health')).ok, true);
});

test('uninstalling ends the server and leaves nothing in the plugins folder', async () => {
  const before = stage.host.serverProcesses();

  await stage.host.json('DELETE', '/api/plugins/session-manager');

  await ended(before, 0);
  assert.deepEqual(await readdir(join(stage.home, '.claude-code-ui/plugins')), []);
});

// The server's processes without its launcher.
const binaries = () => stage.host.serverProcesses().filter(one => !one.command.startsWith('node '));

// A tracked file that changed, or a file that nobody ignores, would break the next update.
function assertClean() {
  assert.equal(git(stage.pluginDir, 'status', '--porcelain', '--untracked-files=all'), '');
}
