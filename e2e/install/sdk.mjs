// Installs the Agent SDK, once.
//
// Knows the version that the tests speak to and where its module lies. Does not load it. It brings
// the same Claude Code with it as a program, 377 MB.

import { join } from 'node:path';

import { installPackage } from './package.mjs';

// The one that belongs to Claude Code 2.1.329, and that CloudCLI 1.37.2 uses.
export const SDK_VERSION = '0.3.329';

// Returns the path of the module to import.
export async function installSdk() {
  const modules = await installPackage(`@anthropic-ai/claude-agent-sdk@${SDK_VERSION}`, `sdk-${SDK_VERSION}`);
  return join(modules, '@anthropic-ai/claude-agent-sdk/sdk.mjs');
}

if (process.argv[1] === import.meta.filename) console.log(await installSdk());
