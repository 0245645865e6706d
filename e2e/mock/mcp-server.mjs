// A small MCP server over stdio, for Claude Code to start as it starts any other.
//
//   node mcp-server.mjs                ends when its input does, or when it is told to
//   node mcp-server.mjs stubborn PIPE  goes on after both, until PIPE comes to its end
//
// Knows JSON-RPC with one message a line, and as much of the protocol as lets a client call its one tool:
// `wait`, which answers once the file at `path` exists.

import { access, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;

const TOOLS = [{
  name: 'wait',
  description: 'Waits until a file exists',
  inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
}];

const [mode, pipe] = process.argv.slice(2);
const isStubborn = mode === 'stubborn';

if (isStubborn) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {});
  // Nobody may read any more what it has to say.
  process.stdout.on('error', () => {});
  // Nobody has opened the other side until the test lets it go.
  readFile(pipe).finally(() => process.exit());
}

createInterface({ input: process.stdin })
  .on('line', line => { answer(JSON.parse(line)); })
  .on('close', () => { if (!isStubborn) process.exit(); });

async function answer({ id, method, params }) {
  // A notification wants no answer.
  if (id === undefined) return;
  const message = await outcome(method, params).then(result => ({ result }), error => ({ error }));
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...message })}\n`);
}

async function outcome(method, params) {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'mcp-server', version: '1.0.0' },
      };
    case 'tools/list':
      return { tools: TOOLS };
    case 'tools/call':
      while (!await access(params.arguments.path).then(() => true, () => false)) await sleep(LOOK_EVERY_MS);
      return { content: [{ type: 'text', text: 'it is there' }] };
    case 'ping':
      return {};
    default:
      throw { code: -32601, message: `no method ${method}` };
  }
}
