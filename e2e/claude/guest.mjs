// Another user of the machine, for as long as the test lives.
//
// Knows how to make one without touching the machine: the password file is replaced within private
// mounts only (run.mjs). Where there are none, or without root, `whyNot` says so.

import { execFileSync, spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { appendFile, chmod, chown, copyFile, link, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { settle } from './world.mjs';

export const GUEST = { name: 'sm-guest', uid: 54321, gid: 54321 };
// What runs as the guest, from the first word on.
export const AS_GUEST = ['setpriv', `--reuid=${GUEST.uid}`, `--regid=${GUEST.gid}`, '--clear-groups', '--no-new-privs', '--'];

export const whyNot = process.env.SESSION_MANAGER_E2E_ISOLATED !== '1'
  ? 'another user needs private mounts: root and unshare(1)'
  : spawnSync(AS_GUEST[0], [...AS_GUEST.slice(1), 'true']).status !== 0
    ? 'no other user id may be taken here'
    : false;

// Makes the user and its home in `world`, lets it into the world, and shares `programs` with it.
// Returns the home and the directory where it finds them.
export async function makeGuest(world, programs) {
  const home = join(world.root, 'guest');
  const work = join(home, 'work');
  await mkdir(work, { recursive: true });
  await settle(home, [work]);
  for (const path of [home, work, join(home, '.claude.json')]) await chown(path, GUEST.uid, GUEST.gid);
  await enlist(world.root, `${GUEST.name}:x:${GUEST.uid}:${GUEST.gid}::${home}:/bin/bash`);

  await chmod(world.root, 0o755);
  for (const name of ['tmux', 'tmp']) await chmod(join(world.root, name), 0o1777);
  const bin = join(world.root, 'opt/bin');
  await mkdir(bin, { recursive: true });
  for (const [name, [source, place]] of Object.entries(programs)) {
    const target = join(world.root, 'opt', place);
    await mkdir(dirname(target), { recursive: true });
    // A link costs nothing, but does not reach over to another disk.
    await link(source, target).catch(() => copyFile(source, target, constants.COPYFILE_FICLONE));
    await symlink(target, join(bin, name));
  }
  return { home, work, bin };
}

// Adds a line to the password file, and a group of the same name, as this mount namespace sees them.
async function enlist(root, line) {
  const group = `${GUEST.name}:x:${GUEST.gid}:`;
  for (const [name, entry] of Object.entries({ passwd: line, group, shadow: `${GUEST.name}:*:20000:0:99999:7:::` })) {
    const copy = join(root, name);
    await copyFile(`/etc/${name}`, copy);
    await appendFile(copy, `${entry}\n`);
    execFileSync('mount', ['--bind', copy, `/etc/${name}`]);
  }
}

// The files under the mounts can be removed only after this.
export function dismiss() {
  for (const name of ['passwd', 'group', 'shadow']) spawnSync('umount', [`/etc/${name}`], { stdio: 'ignore' });
}
