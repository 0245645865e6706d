// A model that answers plain prompts: it stands before the mock and hands it the script of the story.
//
// Knows which prompt belongs to which script and what the conversation is called. Everything else is
// the mock's (../mock/messages.mjs).

import { once } from 'node:events';
import { createServer } from 'node:http';

// `stories`: `{prompt, script, title}` each. Returns `{url, close}`.
export async function startNarrator(mock, stories) {
  const server = createServer((request, response) => {
    // The mock ends before it has told everything, and a session that is ended no longer listens.
    tell(mock, stories, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function tell(mock, stories, request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const answer = await fetch(mock.url + request.url, {
    method: request.method,
    headers: { 'content-type': 'application/json' },
    body: request.method === 'POST' ? told(Buffer.concat(parts).toString(), stories) : undefined,
  });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
  for await (const part of answer.body ?? []) response.write(part);
  response.end();
}

// Replaces each prompt by its script; a question for a title is answered by a script as well.
function told(body, stories) {
  const request = JSON.parse(body || '{}');
  const story = stories.find(({ prompt }) => body.includes(JSON.stringify(prompt).slice(1, -1)));
  if (!story) return body;
  if (request.output_config?.format?.type === 'json_schema') {
    return JSON.stringify({
      ...request,
      output_config: undefined,
      messages: [{ role: 'user', content: `say ${JSON.stringify({ title: story.title })}` }],
    });
  }
  return body.replaceAll(JSON.stringify(story.prompt).slice(1, -1), JSON.stringify(story.script).slice(1, -1));
}
