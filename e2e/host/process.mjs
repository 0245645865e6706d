// The processes below another one, for tests that watch them end and never signal them.
//
// A process is its pid together with its start time: a pid alone may be another process by now.

import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { processOf } from '../claude/process.mjs';

// Every process below `pid`, parents first, each with its `command` line.
export function descendants(pid) {
  const all = readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(name => processOf(Number(name)));
  const found = [];
  for (let parents = [pid]; parents.length > 0;) {
    const below = all.filter(one => one !== null && parents.includes(one.ppid));
    found.push(...below.map(one => ({ ...one, command: commandOf(one.pid) })));
    parents = below.map(one => one.pid);
  }
  return found;
}

export function isAlive({ pid, startTicks }) {
  return processOf(pid)?.startTicks === startTicks;
}

// Waits until all of them have ended; after `limitMs` it throws and names the ones that have not.
export async function ended(processes, limitMs) {
  const begin = performance.now();
  for (;;) {
    const left = processes.filter(isAlive);
    if (left.length === 0) return;
    if (performance.now() - begin > limitMs) {
      throw new Error(`after ${limitMs} ms still there: ${left.map(one => `${one.pid} ${one.command}`).join('; ')}`);
    }
    await sleep(10);
  }
}

// Empty for a process that has ended meanwhile.
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}
