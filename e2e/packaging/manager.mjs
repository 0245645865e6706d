// A user with a systemd of their own, for as long as the test lives.
//
// Knows how to start a user manager without a machine that was booted by systemd: in mounts and a control group of its
// own. What runs in it shares the test's network and processes. Does not know what is run.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const USER = { name: 'sm-packaging', uid: 54323 };
const RUNTIME = `/run/user/${USER.uid}`;
const AS_USER = ['setpriv', `--reuid=${USER.uid}`, `--regid=${USER.uid}`, '--clear-groups', '--'];

// Ends with its standard input, and takes everything in the control group with it.
const SCRIPT = `
set -e
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /run
group=/sys/fs/cgroup/$NAME
mkdir $group
trap 'echo 1 >$group/cgroup.kill; until find $group -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.1; done' EXIT
chown -R $USER_ID:$USER_ID $group
mkdir -p /run/systemd/system $XDG_RUNTIME_DIR
chown $USER_ID:$USER_ID $XDG_RUNTIME_DIR
chmod 700 $XDG_RUNTIME_DIR
for file in passwd group; do cp /etc/$file /run/$file; done
echo "$USER_NAME:x:$USER_ID:$USER_ID::$HOME:/bin/sh" >>/run/passwd
echo "$USER_NAME:x:$USER_ID:" >>/run/group
for file in passwd group; do mount --bind /run/$file /etc/$file; done
program=/usr/lib/systemd/systemd
[ -e $program ] || program=/lib/systemd/systemd
sh -c 'echo $$ >"$0"/cgroup.procs; exec "$@"' $group "$@" $program --user --log-target=console >&2 &
until [ -S $XDG_RUNTIME_DIR/systemd/private ]; do kill -0 $!; sleep 0.1; done
"$@" systemctl --user is-system-running --wait >&2
echo ready
cat >/dev/null
`;

export const whyNot = process.env.SESSION_MANAGER_E2E_ISOLATED !== '1'
  ? 'a user of one\'s own needs private mounts: root and unshare(1)'
  : spawnSync(AS_USER[0], [...AS_USER.slice(1), 'true']).status !== 0
    ? 'no other user id may be taken here'
    : spawnSync('unshare', ['--mount', '--cgroup', 'sh', '-c', 'mount -t cgroup2 none /sys/fs/cgroup']).status !== 0
      ? 'this kernel gives away no control groups (cgroup2)'
      : false;

// Starts the user's manager. `home` is the user's, empty at first.
export async function startManager() {
  const root = mkdtempSync(join(tmpdir(), 'sm-packaging-'));
  const home = join(root, 'home');
  mkdirSync(home);
  chmodSync(root, 0o755);
  chownSync(home, USER.uid, USER.uid);

  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: home, USER: USER.name, LOGNAME: USER.name, SHELL: '/bin/sh',
    XDG_RUNTIME_DIR: RUNTIME,
  };
  const child = spawn('unshare', ['--mount', '--cgroup', 'sh', '-c', SCRIPT, 'sh', ...AS_USER], {
    cwd: '/',
    env: { ...env, NAME: `sm-packaging-${process.pid}`, USER_NAME: USER.name, USER_ID: USER.uid },
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', text => { log += text; });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([once(lines, 'line').then(([text]) => text), ended.then(() => 'it ended')]);
  if (line !== 'ready') throw new Error(`the user's systemd did not start: ${line}\n${log}`);

  const inside = words => ['nsenter', `--mount=/proc/${child.pid}/ns/mnt`, '--', ...words];
  // What a program of the user, or of root, within these mounts prints; it throws where the program fails.
  const output = (words, options) => execFileSync(words[0], words.slice(1), {
    env, cwd: '/', encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options,
  });
  return {
    home,
    runtime: RUNTIME,
    env,
    log: () => log,
    // The words that run a program as the user, where the user's systemd is found.
    asUser: words => inside([...AS_USER, ...words]),
    run: (...words) => output(inside([...AS_USER, ...words])),
    async end() {
      child.stdin.end();
      await ended;
      rmSync(root, { recursive: true, force: true });
      // tmux's socket.
      rmSync(`/tmp/tmux-${USER.uid}`, { recursive: true, force: true });
    },
  };
}
