// The Dockerfile: it is built, and what it starts runs as another user, beside the sessions of the machine.
//
// Docker's daemon is not needed: buildah(1) builds the same file and runs the image in the test's own namespaces, as
// Docker would with --pid=host and --network=host. No image is fetched, since this one begins with nothing.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { familyOf, pidDomain, processOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { request } from '../server.mjs';

const ROOT = join(import.meta.dirname, '../..');
const MACHINE = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
const OTHER_MACHINE = MACHINE === 'x86_64' ? 'aarch64' : 'x86_64';
const UID = 54324;
const NAME = 'sm-docker';
const ADDRESS = { host: '127.0.0.1', port: 8421 };

const whyNot = process.env.SESSION_MANAGER_E2E_ISOLATED !== '1'
  ? 'building an image needs private mounts: root and unshare(1)'
  : spawnSync('setpriv', [`--reuid=${UID}`, `--regid=${UID}`, '--clear-groups', 'true']).status !== 0
    ? 'no other user id may be taken here'
    : false;

describe('the Dockerfile', { skip: whyNot }, () => {
  let root, home, program, image;
  const started = [];
  const buildah = (...words) => execFileSync('buildah', storage(words), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  const storage = words => ['--storage-driver', 'vfs', '--root', join(root, 'storage'), '--runroot', join(root, 'run'), ...words];

  // Builds the image as the file's first lines say, but for the program.
  function build(name, words = []) {
    const dockerfile = join(ROOT, 'packaging/Dockerfile');
    buildah('build', '--isolation', 'chroot', '--tag', name, ...words, '-f', dockerfile, join(ROOT, 'dist/bin'));
    return JSON.parse(buildah('inspect', '--type', 'image', name)).OCIv1.config;
  }

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'sm-docker-'));
    chmodSync(root, 0o755);
    home = join(root, 'home');
    for (const path of ['', '.claude', '.claude/sessions', '.claude/projects', '.local', '.local/state', '.local/state/session-manager']) {
      own(path);
    }
    program = join(home, '2.1.329');
    copyFileSync('/bin/sleep', program);
    image = build('ours', MACHINE === 'x86_64' ? [] : ['--build-arg', `MACHINE=${MACHINE}`]);
  });
  after(() => {
    for (const child of started) child.kill('SIGKILL');
    // buildah keeps a mount below it.
    spawnSync('buildah', storage(['rm', '--all']));
    rmSync(root, { recursive: true, force: true });
  });

  function own(path) {
    mkdirSync(join(home, path));
    chownSync(join(home, path), UID, UID);
  }

  function put(path, text, uid = UID) {
    writeFileSync(join(home, path), text);
    chownSync(join(home, path), uid, uid);
    return join(home, path);
  }

  const child = (command, words, options) => {
    const one = spawn(command, words, { stdio: 'ignore', ...options });
    started.push(one);
    return one;
  };

  // A session outside of the container, with the registry file that Claude Code would write.
  async function session(uid) {
    const one = child('setpriv', [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', program, '3600'], { cwd: home, env: { HOME: home } });
    const exited = once(one, 'exit');
    await until('the session runs', () => readFileSync(`/proc/${one.pid}/comm`, 'utf8') === '2.1.329\n');
    const { pid } = one;
    const record = { pid, sessionId: crypto.randomUUID(), procStart: processOf(pid).startTicks, pidDomain: pidDomain(), status: 'idle', cwd: home };
    put(`.claude/sessions/${pid}.json`, JSON.stringify(record), uid);
    return { pid, exited };
  }

  // Runs what the image says, with the options of the file's first lines.
  async function run() {
    const container = buildah('from', 'ours');
    const mounts = [join(home, '.claude'), join(home, '.local/state/session-manager')];
    const users = join(root, 'passwd');
    writeFileSync(users, `${NAME}:x:${UID}:${UID}::${home}:/bin/sh\n`);
    const options = [
      '--isolation', 'chroot', '--user', `${UID}:${UID}`, '--env', `HOME=${home}`, '--cap-drop', 'all',
      ...mounts.flatMap(path => ['--volume', `${path}:${path}`]),
      ...(existsSync('/etc/machine-id') ? ['--volume', '/etc/machine-id:/etc/machine-id:ro'] : []), '--volume', `${users}:/etc/passwd:ro`,
    ];
    const one = child('buildah', storage(['run', ...options, container, '--', ...image.Entrypoint, ...image.Cmd]));
    const exited = once(one, 'exit');
    const health = await until('the server answers', async () => (await get('/health')).json);
    const pid = familyOf(one.pid).find(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/session-manager\0'));
    return { pid, exited, health };
  }

  const get = path => request(ADDRESS, 'GET', path);
  const post = (path, body = {}) => request(ADDRESS, 'POST', path, { body });

  test('the image holds the binary, starts it as nobody, and is built for both machines', () => {
    assert.deepEqual([image.User, image.Entrypoint, image.Cmd], ['65534:65534', ['/session-manager'], ['serve', '--port', '8421']]);
    const other = build('other', ['--build-arg', `MACHINE=${OTHER_MACHINE}`]);
    assert.deepEqual(other.Entrypoint, image.Entrypoint);
    for (const [name, machine] of [['ours', MACHINE], ['other', OTHER_MACHINE]]) {
      const mounted = buildah('mount', buildah('from', name));
      assert.deepEqual(readdirSync(mounted), ['session-manager']);
      const shipped = join(ROOT, `dist/bin/${machine}-unknown-linux-musl/session-manager`);
      assert.ok(readFileSync(join(mounted, 'session-manager')).equals(readFileSync(shipped)));
      assert.equal(statSync(join(mounted, 'session-manager')).mode & 0o111, 0o111);
    }
  });

  test('from within, a user\'s sessions are listed and ended, others are not, and files are cleaned up', async () => {
    const [mine, others] = [await session(UID), await session(UID + 1)];
    const server = await run();
    assert.equal(processOf(server.pid).uid, UID);
    assert.match(readFileSync(`/proc/${server.pid}/status`, 'utf8'), /^CapEff:\t0000000000000000$/m);
    assert.deepEqual([server.health.ok, server.health.degraded, server.health.homes, server.health.tmux], [true, undefined, [home], null]);

    const rows = (await get('/sessions')).json;
    const row = rows.find(({ pid }) => pid === mine.pid);
    assert.deepEqual([row.user, row.cwd, row.home, row.state, row.actions.kill], [NAME, home, home, 'idle', true]);
    const refusal = await post(`/sessions/${others.pid}/kill`);
    assert.deepEqual([refusal.status, refusal.json.code], [403, 'not_yours']);
    assert.notEqual(processOf(others.pid), null);
    const { json } = await post(`/sessions/${mine.pid}/kill`, { key: row.key, graceMs: 60_000 });
    assert.deepEqual([json.ok, json.outcome], [true, 'exited'], JSON.stringify(json));
    await mine.exited;

    const orphan = put('.claude/sessions/4194303.json', '{"pid":4194303,"procStart":"7"}');
    assert.equal((await post('/sessions/cleanup')).status, 200);
    assert.equal(existsSync(orphan), false);

    own('.claude/projects/-');
    const sessionId = crypto.randomUUID();
    put(`.claude/projects/-/${sessionId}.jsonl`, `${JSON.stringify({ type: 'user', sessionId, cwd: '/', message: { content: 'hello' } })}\n`);
    const resume = await post('/sessions/resume', { sessionId });
    assert.deepEqual([resume.status, resume.json.code], [503, 'no_tmux']);

    // What `docker stop` sends.
    process.kill(server.pid, 'SIGTERM');
    assert.deepEqual(await server.exited, [0, null]);
  });
});
