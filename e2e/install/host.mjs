// Installs the CloudCLI host, once.
//
// Knows the version that the tests speak to and what a complete install looks like. Does not start
// anything. The first install takes three to nine minutes and 1.2 GB.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { installPackage } from './package.mjs';

const VERSION = '1.37.2';

// Without its optional packages the host does not start: they carry its search tool.
export async function installHost() {
  const modules = await installPackage(`@cloudcli-ai/cloudcli@${VERSION}`, `cloudcli-${VERSION}`, {
    // better-sqlite3 is compiled while it is installed. The machine's own headers save a download.
    ...(existsSync('/usr/include/node/node.h') && { npm_config_nodedir: '/usr' }),
  });
  return join(modules, '@cloudcli-ai/cloudcli/dist-server/server/index.js');
}

if (process.argv[1] === import.meta.filename) console.log(await installHost());
