// What a program in TypeScript may say to client.js, and what it must not. Checked, never run.

import api, { configure, createClient, SessionManagerError } from '../../client/client.js';
import type { Client, Completed, Line, SessionEvent } from '../../client/client.js';

const client: Client = createClient({ url: 'http://127.0.0.1:8421', token: 'secret', fetch });
configure({ url: 'http://127.0.0.1:8421' }).close();

export async function tasks(): Promise<string[]> {
  const { sessionId, holder } = await client.executeClaudeCode('/work/app', 'Fix it.', 'sonnet', { permissionMode: 'plan' });
  if (holder.type === 'pty') console.log(holder.attach);
  const off: () => void = client.on(`claude-output:${sessionId}`, ({ payload }) => JSON.parse(payload) as Line);
  client.on('claude-complete', event => { const success: boolean = event.payload; console.log(success); });
  client.on('claude-status', ({ payload }) => console.log(payload.permissionMode?.length));
  const done: Completed = await client.whenComplete(sessionId);
  off();
  await client.cancelClaudeExecution({ scope: 'all' });
  await client.cancelClaudeExecution(sessionId);
  return (await api.listProjects()).flatMap(project => project.sessions).concat(done.result ?? '');
}

export async function talk(signal: AbortSignal): Promise<number> {
  let last = 0;
  for await (const event of client.follow(4711, { after: 7, signal })) {
    last = event.seq;
    if (event.type === 'tool') console.log(event.name, event.toolUseId);
    if (event.type === 'exit' && event.code !== null) return event.code;
  }
  for await (const part of client.follow('607b503a', { deltas: true })) {
    console.log(part.type === 'delta' ? part.kind : part.seq);
  }
  const events: SessionEvent[] = await client.output(4711);
  const [approval] = await client.approvals();
  if (approval?.ask.type === 'question') {
    const answers = Object.fromEntries(approval.ask.questions.map(one => [one.question, one.options[0]?.label ?? '']));
    await client.decide(approval.id, { sessionId: approval.sessionId, decision: 'allow', answers });
  }
  return last + events.length;
}

export function what(fault: unknown): string | undefined {
  return fault instanceof SessionManagerError ? `${fault.code} ${fault.status} ${fault.sentence} ${fault.body?.pid}` : undefined;
}

export function mistakes(): void {
  // @ts-expect-error There is no fixed port.
  createClient({});
  // @ts-expect-error Nothing is cancelled by accident.
  void client.cancelClaudeExecution();
  // @ts-expect-error There is no such event.
  client.on('claude-nothing', () => {});
  // @ts-expect-error A session is told in words.
  void client.message(4711, { text: 'x' });
  // @ts-expect-error A decision names its session.
  void client.decide('r1', { decision: 'allow' });
  // @ts-expect-error Nothing holds so.
  void client.start({ holder: 'screen' });
}
