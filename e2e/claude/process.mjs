// A process as the kernel shows it to the test: the truth that the server's answers are held against.
//
// Knows /proc. Signals nothing.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']));

// Returns what proc(5) says, or `null` once the process has ended. A zombie has ended.
export function processOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return { pid, state: fields[0], ppid: Number(fields[1]), startTicks: fields[19], uid: uidOf(pid) };
  } catch {
    return null;
  }
}

// The name of this very process on the wire.
export const keyOf = pid => `${pid}:${processOf(pid)?.startTicks}`;

export const isAlive = key => keyOf(Number(key.split(':')[0])) === key && !key.endsWith(':undefined');

// Unix milliseconds, to the kernel's tick.
export function startedAt(pid) {
  const bootSeconds = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))[1]);
  return (bootSeconds + Number(processOf(pid).startTicks) / TICKS_PER_SECOND) * 1000;
}

export const rssBytes = pid => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

export const environOf = pid => Object.fromEntries(
  readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean).map(pair => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  }),
);

export const commandOf = pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);

export const childrenOf = pid => readdirSync('/proc')
  .filter(name => /^\d+$/.test(name))
  .map(name => processOf(Number(name)))
  .filter(found => found?.ppid === pid)
  .map(found => found.pid);

// A process and all that descend from it.
export const familyOf = pid => [pid, ...childrenOf(pid).flatMap(familyOf)];

// The hooks of ours that a session waits for. Not the shell that Claude Code starts each with: that has its words in one argument.
export const hooksOf = pid => familyOf(pid).filter(child => {
  try {
    return commandOf(child)[1] === 'hook';
  } catch {
    // It has come and gone.
    return false;
  }
});

// How a registry file names the machine and pid namespace that its pid belongs to.
export function pidDomain() {
  let machine = '';
  try {
    machine = readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    // Claude Code leaves the place empty then.
  }
  return `linux:${machine}:${readlinkSync('/proc/self/ns/pid')}`;
}

const uidOf = pid => Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
