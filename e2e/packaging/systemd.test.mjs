// The systemd user unit: a manager of a user's own starts it, and all that the server does works from within.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { environOf, isAlive, keyOf, pidDomain, processOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';
import { SERVER_BIN, request } from '../server.mjs';
import { USER, startManager, whyNot } from './manager.mjs';

const UNIT = join(import.meta.dirname, '../../packaging/session-manager.service');
const ADDRESS = { host: '127.0.0.1', port: 8421 };
// What systemd-analyze(1) may say of the unit at most, times ten: 252 says 6.2. It rates a user's unit as if it ran as root.
const EXPOSURE = 65;
const SETTINGS = [
  'NoNewPrivileges', 'KeyringMode', 'LockPersonality', 'MemoryDenyWriteExecute', 'RestrictRealtime', 'RestrictSUIDSGID', 'UMask',
  'SystemCallArchitectures', 'RestrictNamespaces=~user', 'RestrictNamespaces=~mnt', 'RestrictAddressFamilies=~AF_PACKET',
  'SystemCallFilter=~@privileged', 'SystemCallFilter=~@resources', 'SystemCallFilter=~@debug', 'SystemCallFilter=~@mount',
];
const DAY_S = 86_400;

// Stands in for Claude Code: says in the registry that it is idle, and stays.
const CLAUDE = `#!/bin/sh
ticks=$(cut -d ' ' -f 22 /proc/$$/stat)
file="$HOME/.claude/sessions/$$.json"
printf '{"pid":%s,"procStart":"%s","sessionId":"%s","status":"idle","entrypoint":"cli"}' $$ "$ticks" "$2" >"$file.new"
mv "$file.new" "$file"
umask >"$HOME/umask"
exec sleep 3600
`;

const get = path => request(ADDRESS, 'GET', path);
const post = (path, body = {}) => request(ADDRESS, 'POST', path, { body });
const rowOf = async pid => (await get('/sessions')).json.find(row => row.pid === pid);
const status = (pid, name) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
const cgroup = pid => /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))[1];

describe('the systemd unit', { skip: whyNot }, () => {
  let manager, home, program;
  const started = [];
  before(async () => {
    manager = await startManager();
    home = manager.home;
    put('.local/bin/session-manager', SERVER_BIN);
    put('.local/bin/claude', Buffer.from(CLAUDE), 0o755);
    put('.config/systemd/user/session-manager.service', UNIT);
    program = put('.local/share/claude/versions/2.1.329', '/bin/sleep', 0o755);
    own('.claude/sessions');
    own('.claude/projects');
    manager.run('systemctl', '--user', 'daemon-reload');
    manager.run('systemctl', '--user', 'enable', '--now', 'session-manager');
    await answers();
  });
  after(async () => {
    for (const child of started) child.kill('SIGKILL');
    await manager?.end();
  });

  // Makes a directory of the user's.
  function own(path) {
    const whole = join(home, path);
    if (existsSync(whole)) return whole;
    if (dirname(path) !== '.') own(dirname(path));
    mkdirSync(whole);
    chownSync(whole, USER.uid, USER.uid);
    return whole;
  }

  // A file of the user's with the content of `source`, a path or bytes.
  function put(path, source, mode) {
    const whole = join(own(dirname(path)), path.split('/').at(-1));
    if (Buffer.isBuffer(source)) writeFileSync(whole, source);
    else copyFileSync(source, whole);
    if (mode) chmodSync(whole, mode);
    chownSync(whole, USER.uid, USER.uid);
    return whole;
  }

  function transcript(sessionId, cwd) {
    const line = { type: 'user', sessionId, cwd, message: { role: 'user', content: 'hello' } };
    return put(`.claude/projects/${cwd.replaceAll(/[^a-zA-Z0-9]/g, '-')}/${sessionId}.jsonl`, Buffer.from(`${JSON.stringify(line)}\n`));
  }

  // A session of the user's that was started outside of the unit.
  async function session() {
    const [first, ...words] = manager.asUser(['env', '-C', home, program, '3600']);
    const child = spawn(first, words, { env: manager.env, stdio: 'ignore' });
    started.push(child);
    const exited = once(child, 'exit');
    // nsenter, setpriv and env become it, one after the other.
    await until('the session runs', () => readFileSync(`/proc/${child.pid}/comm`, 'utf8') === '2.1.329\n');
    const { pid } = child;
    const record = { pid, sessionId: crypto.randomUUID(), procStart: processOf(pid).startTicks, pidDomain: pidDomain(), status: 'idle', cwd: home };
    put(`.claude/sessions/${pid}.json`, Buffer.from(JSON.stringify(record)));
    return { pid, exited };
  }

  const property = name => manager.run('systemctl', '--user', 'show', '--value', '--property', name, 'session-manager').trim();
  const answers = () => until('the server answers', async () => (await get('/health')).json.ok);
  const resume = sessionId => post('/sessions/resume', { sessionId });

  // It runs as if the user had started it: nothing of the unit's sandbox is on it, and its end would not reach it.
  function assertOutside(pid) {
    assert.equal(processOf(pid).uid, USER.uid);
    assert.deepEqual([status(pid, 'NoNewPrivs'), status(pid, 'Seccomp'), status(pid, 'Umask')], ['0', '0', '0022']);
    assert.equal(readFileSync(join(home, 'umask'), 'utf8'), '0022\n');
    assert.match(cgroup(pid), /\/run-[^/]*\.scope$/);
    assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max open files +1024 /m);
  }

  test('systemd finds no fault in it', () => {
    assert.equal(manager.run('systemd-analyze', 'verify', '--user', join(home, '.config/systemd/user/session-manager.service')), '');
    const judged = manager.run('systemd-analyze', 'security', '--user', '--offline=true', '--no-pager', `--threshold=${EXPOSURE}`, UNIT);
    for (const name of SETTINGS) assert.match(judged, new RegExp(`^[✓+] ${name}`, 'm'));
  });

  test('the server runs in its sandbox', () => {
    const pid = Number(property('MainPID'));
    assert.equal(processOf(pid).uid, USER.uid);
    assert.deepEqual(
      ['NoNewPrivs', 'Seccomp', 'Umask', 'CapEff', 'CapPrm'].map(name => status(pid, name)),
      ['1', '2', '0077', '0000000000000000', '0000000000000000'],
    );
    assert.match(cgroup(pid), /\/session-manager\.service$/);
    // It has lifted its own limit of open files.
    const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'));
    assert.equal(soft, hard);
  });

  test('a session that was started outside is listed with all that is known of one\'s own, and ended', async () => {
    const { pid, exited } = await session();
    const row = await until('it is listed', () => rowOf(pid));
    assert.deepEqual([row.user, row.cwd, row.home, row.state, row.stateSource], [USER.name, home, home, 'idle', 'registry']);
    assert.deepEqual(row.actions.kill, true);
    const { json } = await post(`/sessions/${pid}/kill`, { key: row.key, graceMs: 60_000 });
    assert.deepEqual([json.ok, json.outcome], [true, 'exited'], JSON.stringify(json));
    await exited;
  });

  test('a session that is known by its program alone is recognised', async () => {
    const { pid } = await session();
    const file = join(home, `.claude/sessions/${pid}.json`);
    writeFileSync(file, '');
    const row = await until('it is listed', () => rowOf(pid));
    // The way to the program and the directory is open only to who may look into the process.
    assert.deepEqual([row.cwd, row.actions.kill], [home, true]);
  });

  test('a cleanup deletes and compresses', async () => {
    const sessionId = crypto.randomUUID();
    const old = transcript(sessionId, join(home, 'gone'));
    const then = Date.now() / 1000 - 40 * DAY_S;
    utimesSync(old, then, then);
    const orphan = put('.claude/sessions/4194303.json', Buffer.from('{"pid":4194303,"procStart":"7"}'));
    const { json } = await post('/sessions/cleanup');
    const resultOf = path => json.items.find(item => item.path === path)?.result.type;
    assert.deepEqual([resultOf(orphan), resultOf(old), json.errors], ['deleted', 'compressed', []], JSON.stringify(json));
    assert.deepEqual([existsSync(orphan), existsSync(old), existsSync(`${old}.gz`)], [false, false, true]);
    const facts = statSync(`${old}.gz`);
    assert.deepEqual([facts.uid, facts.mode & 0o777], [USER.uid, 0o644]);
  });

  test('where systemd can\'t be reached, nothing is started inside, and what helps is said', async () => {
    const sessionId = crypto.randomUUID();
    transcript(sessionId, own('work'));
    // Its own socket, and that of the message bus where there is one.
    const sockets = ['systemd/private', 'bus'].map(name => `${manager.runtime}/${name}`);
    const move = (from, to) => manager.run('sh', '-c', sockets.map(path => `[ ! -e ${path}${from} ] || mv ${path}${from} ${path}${to}`).join('; '));
    move('', '.away');
    const { status: code, json } = await resume(sessionId);
    move('.away', '');
    assert.deepEqual([code, json.code], [500, 'fault']);
    assert.match(json.error, /outside of this server's sandbox; run `tmux new-session -d` yourself/);
    assert.throws(() => manager.run('tmux', 'list-sessions'));
  });

  test('a session that it resumes is outside, and outlives it', async () => {
    // systemd must not take the name of a directory for a variable.
    const cwd = own('a $HOME of ${USER} 100%h');
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    transcript(first, cwd);
    transcript(second, cwd);
    const resumed = await resume(first);
    assert.equal(resumed.status, 200, JSON.stringify(resumed.json));
    const { pid, key, holder } = resumed.json;
    const row = await rowOf(pid);
    assert.deepEqual([row.sessionId, row.cwd, row.state], [first, cwd, 'idle']);
    assertOutside(pid);
    assert.equal(environOf(pid).HOME, home);
    assert.match(manager.run('tmux', 'list-sessions'), new RegExp(`^${holder.session}:`, 'm'));
    assert.equal((await resume(first)).status, 409);

    // The tmux server that now runs starts the next one.
    const next = await resume(second);
    assert.equal(next.status, 200, JSON.stringify(next.json));
    assertOutside(next.json.pid);

    const unit = dirname(cgroup(Number(property('MainPID'))));
    manager.run('systemctl', '--user', 'stop', 'session-manager');
    assert.equal(property('ActiveState'), 'inactive');
    assert.ok(isAlive(key) && isAlive(next.json.key));
    manager.run('systemctl', '--user', 'start', 'session-manager');
    await answers();
    assert.equal(dirname(cgroup(Number(property('MainPID')))), unit);
    assert.equal((await rowOf(pid)).key, key);
    for (const one of [key, next.json.key]) {
      const { json } = await post(`/sessions/${one.split(':')[0]}/kill`, { key: one, graceMs: 60_000 });
      assert.equal(json.outcome, 'exited', JSON.stringify(json));
    }
  });

  test('a crash of the server ends nothing else, and it comes back', async () => {
    const { pid } = await session();
    const before = property('MainPID');
    const key = keyOf(pid);
    manager.run('systemctl', '--user', 'kill', '--signal=KILL', 'session-manager');
    await until('another one runs', () => !['0', before].includes(property('MainPID')));
    await answers();
    assert.equal((await until('it is listed', () => rowOf(pid))).key, key);
  });

  test('what it notes is for its user alone', () => {
    const state = join(home, '.local/state/session-manager');
    const lines = readFileSync(join(state, 'audit.jsonl'), 'utf8');
    for (const verb of ['kill', 'cleanup', 'resume']) assert.ok(lines.includes(verb), verb);
    for (const path of ['.', ...readdirSync(state, { recursive: true })]) {
      const facts = statSync(join(state, path));
      assert.deepEqual([facts.uid, facts.mode & 0o077], [USER.uid, 0], path);
    }
  });
});
