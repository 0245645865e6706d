// Runs end-to-end tests where they can reach nothing but this machine and nobody else's processes.
//
//   node e2e/run.mjs                              every test below this directory
//   node e2e/run.mjs claude/kill.test.mjs host    these: files, or directories of *.test.mjs
//   node e2e/run.mjs host/screenshots.mjs         a program that is no test
//
// Knows namespaces, node:test, and what the tests of each directory need installed. Where the machine
// allows it, the tests get a network with nothing but loopback, a pid namespace that ends whatever
// they leave behind, and private mounts. Where it does not, they run as they are, and say so: they
// touch only what they started.

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const HERE = import.meta.dirname;

const isolation = [
  ['unshare', '--net', '--pid', '--fork', '--mount', '--mount-proc', '--kill-child'],
  // Without root the kernel may still give away a user namespace.
  ['unshare', '--user', '--map-root-user', '--net', '--pid', '--fork', '--mount', '--mount-proc', '--kill-child'],
].find(words => spawnSync(words[0], [...words.slice(1), '--', 'ip', 'link', 'set', 'lo', 'up']).status === 0);

const files = (process.argv.length > 2 ? process.argv.slice(2) : ['.'])
  .flatMap(place => testsIn(resolve(HERE, place)));
// One file at a time: each has real programs of its own to run, some a whole browser.
const runner = files.every(path => path.endsWith('.test.mjs'))
  ? ['--test', '--test-reporter=spec', '--test-timeout=300000', '--test-concurrency=1']
  : [];
const tests = [process.execPath, ...runner, ...files];

await install();
process.exitCode = isolation ? runIsolated(isolation) : runBare();

// Nothing can be fetched from inside.
async function install() {
  const needs = directory => files.some(path => path.startsWith(join(HERE, directory, '/')));
  if (['claude', 'truth', 'held', 'host'].some(needs)) {
    const { installClaude, OLDER_VERSIONS } = await import('./install/claude.mjs');
    await installClaude();
    for (const version of ['claude', 'held', 'host'].some(needs) ? OLDER_VERSIONS : []) await installClaude(version);
  }
  if (needs('claude')) await (await import('./install/sdk.mjs')).installSdk();
  if (needs('host')) {
    await (await import('./install/host.mjs')).installHost();
    const { installNode } = await import('./install/nodes.mjs');
    for (const major of [18, 22]) await installNode(major);
  }
}

function runIsolated([unshare, ...words]) {
  // The shell stays as the first process of the namespace and takes care of orphans.
  const script = 'ip link set lo up && "$@"; exit $?';
  return run(unshare, [...words, '--', 'sh', '-c', script, 'sh', ...tests], { SESSION_MANAGER_E2E_ISOLATED: '1' });
}

function runBare() {
  console.log('# no namespaces on this machine (unshare(1) and ip(8), as root): the tests share its network and processes');
  return run(tests[0], tests.slice(1), {});
}

function run(program, words, environment) {
  const { status, signal, error } = spawnSync(program, words, {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (error) throw error;
  return signal ? 1 : status;
}

function testsIn(place) {
  if (statSync(place).isFile()) return [place];
  return readdirSync(place, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
    .flatMap(entry => entry.isDirectory() ? testsIn(join(place, entry.name)) : [join(place, entry.name)])
    .filter(path => path.endsWith('.test.mjs'))
    .sort();
}
