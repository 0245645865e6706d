// Installs the Claude Code CLI, once for each version asked for.
//
// Knows the versions that the tests speak to and how they are called. Does not start them. Since
// 2.1 the program is a single binary of 377 MB and needs no Node; 2.0 runs on the machine's.

import { join } from 'node:path';

import { installPackage } from './package.mjs';

// Named in full: npm picks an older release by itself where it thinks the machine's Node too old.
export const CLAUDE_VERSION = '2.1.329';

// Older releases that people still run: the first states less about itself, the second is from before
// there was a registry.
export const OLDER_VERSIONS = ['2.1.197', '2.0.30'];

// Returns the path of `claude`; its directory goes first on the PATH of whoever is to find it.
export async function installClaude(version = CLAUDE_VERSION) {
  const modules = await installPackage(`@anthropic-ai/claude-code@${version}`, `claude-${version}`);
  return join(modules, '.bin/claude');
}

if (process.argv[1] === import.meta.filename) console.log(await installClaude(process.argv[2]));
