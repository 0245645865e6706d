// MCP servers of a session's own.
//
// Knows how Claude Code is told of them. What they do stands in ../mock/mcp-server.mjs.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const MCP_SERVER = join(import.meta.dirname, '../mock/mcp-server.mjs');

// Returns the words with which Claude Code starts `servers`, argument lists by name.
export async function mcpServers(world, servers) {
  const entries = Object.entries(servers).map(([name, [command, ...args]]) => [name, { command, args }]);
  const path = join(world.root, `mcp-${Object.keys(servers).join('-')}.json`);
  await writeFile(path, JSON.stringify({ mcpServers: Object.fromEntries(entries) }));
  return ['--mcp-config', path, '--strict-mcp-config'];
}
