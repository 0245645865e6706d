// Processes that stay until the test lets them go, wherever they get to in the meantime.
//
// Knows named pipes and /proc. A reader is found by the pipe that it was started with, whose path nobody else
// has, and ended by the end of the pipe: nothing is signalled.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { commandOf, keyOf, processOf } from './process.mjs';
import { until } from './until.mjs';

// Returns a maker of pipes in `directory`. `letGo` lets all of them go, also what comes to them late.
export function pipesIn(directory) {
  const pipes = [];
  return {
    make() {
      const path = join(directory, `pipe-${pipes.length + 1}`);
      execFileSync('mkfifo', [path]);
      const pipe = {
        path,
        // The process whose last argument is the pipe, once it runs.
        reader: () => until(`somebody reads ${path}`, () => readersOf(path)[0]),
        letGo: () => letGo(path),
      };
      pipes.push(pipe);
      return pipe;
    },
    letGo: () => until('nobody reads the pipes any more', () => {
      for (const { path } of pipes) letGo(path);
      return pipes.every(({ path }) => readersOf(path).length === 0);
    }),
  };
}

function readersOf(path) {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => processOf(pid) && lastWordOf(pid) === path)
    .map(pid => ({ pid, key: keyOf(pid) }));
}

function lastWordOf(pid) {
  try {
    return commandOf(pid).at(-1);
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

// Opened and closed by the other side, a pipe has come to its end.
function letGo(path) {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch (fault) {
    // Nobody reads it.
    if (fault.code !== 'ENXIO') throw fault;
  }
}
