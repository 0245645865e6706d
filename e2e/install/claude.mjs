// Installs the Claude Code CLI, once.
//
// Knows the version that the tests speak to and how it is called. Does not start it. The program is
// a single binary of 377 MB and needs no Node.

import { join } from 'node:path';

import { installPackage } from './package.mjs';

// Named in full: npm picks an older release by itself where it thinks the machine's Node too old.
export const CLAUDE_VERSION = '2.1.329';

// Returns the path of `claude`; its directory goes first on the PATH of whoever is to find it.
export async function installClaude() {
  const modules = await installPackage(`@anthropic-ai/claude-code@${CLAUDE_VERSION}`, `claude-${CLAUDE_VERSION}`);
  return join(modules, '.bin/claude');
}

if (process.argv[1] === import.meta.filename) console.log(await installClaude());
