// Installs the Node releases under which the launcher must work besides the machine's own.
//
// Knows which releases those are and why. The binaries come from npm, 50 to 100 MB each.

import { join } from 'node:path';

import { installPackage } from './package.mjs';

// 18 is the oldest that the launcher supports and has no `process.execve`; 22 has it.
const RELEASES = { 18: '18.20.8', 22: '22.23.3' };

// Returns the path of the `node` binary of that release.
export async function installNode(major) {
  const name = `node-linux-${process.arch}`;
  const modules = await installPackage(`${name}@${RELEASES[major]}`, `node-${RELEASES[major]}`);
  return join(modules, name, 'bin/node');
}

if (process.argv[1] === import.meta.filename) {
  for (const major of Object.keys(RELEASES)) console.log(await installNode(major));
}
