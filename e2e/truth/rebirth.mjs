// A session that is killed, and another process that gets its number.
//
// Knows how to ask the kernel for a certain pid: the next process of a pid namespace gets the one after
// `ns_last_pid`, if it is free. That takes root and a pid namespace of our own (run.mjs).

import { execFileSync } from 'node:child_process';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { processOf } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';

const LAST_PID = '/proc/sys/kernel/ns_last_pid';

export const whyNot = process.env.SESSION_MANAGER_E2E_ISOLATED === '1' && isWritable(LAST_PID)
  ? false
  : 'a certain pid can be had in a pid namespace of our own only: root and unshare(1)';

// The shell that starts the session, kills it when told so, and at once starts `"$@"` in its place.
// A number that somebody else was faster to take may come back: it is asked for again.
const SCRIPT = `
claude --permission-mode manual <&0 & pid=$!
echo $pid >"$0.pid"
read -r go <"$0"
kill -KILL $pid; wait $pid 2>/dev/null
for try in {1..300}; do
  echo $((pid - 1)) >${LAST_PID}
  "$@" <&0 & heir=$!
  [ $heir = $pid ] && break
  kill -KILL $heir; wait $heir 2>/dev/null
done
echo $heir >"$0.heir"
wait
`;

let count = 0;

// Opens a session in `world`. `kill` ends it by SIGKILL, and `heir` then is the pid of `command`.
export async function openMortal(world, command) {
  count += 1;
  const orders = join(world.root, `mortal-${count}`);
  execFileSync('mkfifo', [orders]);
  const terminal = await world.terminals.open(['bash', '-c', SCRIPT, orders, ...command], world.work);
  const numberIn = path => until(`${path} is written`, async () => Number(await readFile(path, 'utf8')));
  const pid = await numberIn(`${orders}.pid`);
  await until(`${pid} has become Claude Code`, () => processOf(pid));
  return {
    terminal, pid,
    kill: () => writeFileSync(orders, 'go\n'),
    heir: () => numberIn(`${orders}.heir`),
  };
}

function isWritable(path) {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
