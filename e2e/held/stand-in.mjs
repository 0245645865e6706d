#!/usr/bin/env node
// A program in the place of Claude Code that answers at once: what a client waits for it is ours.
//
// Knows as much of the stream's protocol as a session of turns without tools needs. The word that it answers with is the Unix
// time in milliseconds at which it was written.

import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

const sessionId = process.argv.map(word => /^--(?:session-id|resume)=(.*)$/.exec(word)?.[1]).find(Boolean) ?? randomUUID();
const tell = value => process.stdout.write(`${JSON.stringify({ session_id: sessionId, uuid: randomUUID(), ...value })}\n`);
const partial = event => tell({ type: 'stream_event', parent_tool_use_id: null, event });
let turns = 0;

createInterface({ input: process.stdin }).on('line', line => {
  const said = JSON.parse(line);
  if (said.type === 'control_request') {
    const response = { commands: [], agents: [], models: [], account: {}, pid: process.pid };
    tell({ type: 'control_response', response: { subtype: 'success', request_id: said.request_id, response } });
  }
  if (said.type === 'user') answer();
});

function answer() {
  turns += 1;
  const id = `msg_${turns}`;
  const usage = { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
  const message = { id, type: 'message', role: 'assistant', model: 'stand-in', content: [], stop_reason: null, stop_sequence: null, usage };
  tell({ type: 'system', subtype: 'init', cwd: process.cwd(), tools: [], mcp_servers: [], model: 'stand-in', permissionMode: 'default' });
  partial({ type: 'message_start', message });
  partial({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
  const text = String(Date.now());
  partial({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
  tell({ type: 'assistant', parent_tool_use_id: null, message: { ...message, content: [{ type: 'text', text }] } });
  partial({ type: 'content_block_stop', index: 0 });
  partial({ type: 'message_stop' });
  tell({
    type: 'result', subtype: 'success', is_error: false, num_turns: turns, result: text, duration_ms: 1, duration_api_ms: 1, total_cost_usd: 0, usage,
  });
}
