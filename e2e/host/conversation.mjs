// A conversation in CloudCLI's own chat, as its page would hold it.
//
// Knows the host's chat protocol. Does not know what its Claude Code does meanwhile.

import { createRequire } from 'node:module';
import { once } from 'node:events';

import { until } from '../claude/until.mjs';
import { installHost } from '../install/host.mjs';

// Opens a new conversation about `cwd`. Node 20 has no WebSocket of its own: the host's is used.
export async function openConversation(host, cwd) {
  const { WebSocket } = createRequire(await installHost())('ws');
  const { data } = await host.json('POST', '/api/providers/sessions', { provider: 'claude', projectPath: cwd, initialMessage: '' });
  const { sessionId } = data;
  const socket = new WebSocket(`${host.url.replace(/^http/, 'ws')}/ws?token=${host.token}`);
  await once(socket, 'open');
  const frames = [];
  socket.on('message', bytes => frames.push(JSON.parse(bytes)));
  const send = frame => socket.send(JSON.stringify(frame));
  return {
    frames,
    say: content => send({ type: 'chat.send', sessionId, content, options: { cwd } }),
    // The permission that is asked for now, once it is.
    asked: tool => until(`the chat asks for ${tool}`, () => frames.findLast(({ kind, toolName }) => kind === 'permission_request' && toolName === tool)),
    answer: ({ requestId, input }, allow, updatedInput = input) => send({ type: 'chat.permission-response', requestId, allow, updatedInput }),
    abort: () => send({ type: 'chat.abort', sessionId }),
    completed: count => until(`${count} turns are complete`, () => frames.filter(({ kind }) => kind === 'complete').length >= count),
    close: () => (socket.close(), once(socket, 'close')),
  };
}
