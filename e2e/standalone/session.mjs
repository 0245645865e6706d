// A process that looks like an idle Claude Code session from outside, for tests that need no real one.
//
// Knows what the server goes by: the program's place and the registry file. There is no terminal and
// no model behind it.

import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { pidDomain, processOf } from '../claude/process.mjs';

// Starts one in `<home>/<project>`. `prompt` is what was last typed. It runs `script` (sh) and prints the numbers of what
// that starts; without one it only sleeps. It ends with `end`.
export async function startSession({ home, project, prompt, status = 'idle', script }) {
  const cwd = join(home, project);
  // Each has a program of its own: one that runs can't be written.
  const program = join(home, 'programs', project, 'node_modules/@anthropic-ai/claude-code-linux-x64/claude');
  await mkdir(cwd, { recursive: true });
  await mkdir(join(program, '..'), { recursive: true });
  await copyFile(script ? '/bin/sh' : '/bin/sleep', program);

  const words = script ? ['-c', script] : ['3600'];
  const child = spawn(program, words, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  // What it starts may outlive it, and must not be waited for.
  const company = script ? (await once(child.stdout, 'data')).toString().trim().split(/\s+/).map(Number) : [];
  child.stdout.destroy();
  const exited = once(child, 'exit');
  const sessionId = randomUUID();
  await register({ home, cwd, sessionId, pid: child.pid, status });
  await remember({ home, cwd, sessionId, prompt });
  return {
    child,
    sessionId,
    company,
    exited,
    // Changes what the registry says of it, as Claude Code does.
    becomes: (status, more) => register({ home, cwd, sessionId, pid: child.pid, status, ...more }),
    async end() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function register({ home, cwd, sessionId, pid, status, waitingFor }) {
  const folder = join(home, '.claude/sessions');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const now = Date.now();
  await writeFile(join(folder, `${pid}.json`), JSON.stringify({
    pid,
    sessionId,
    cwd,
    startedAt: now,
    procStart: processOf(pid).startTicks,
    version: '2.1.329',
    kind: 'interactive',
    entrypoint: 'cli',
    pidDomain: pidDomain(),
    status,
    waitingFor,
    updatedAt: now,
    statusUpdatedAt: now,
  }));
}

// The transcript, with a prompt and its answer.
async function remember({ home, cwd, sessionId, prompt }) {
  const folder = join(home, '.claude/projects', cwd.replace(/[^a-zA-Z0-9]/g, '-'));
  await mkdir(folder, { recursive: true });
  const common = { sessionId, cwd, version: '2.1.329', gitBranch: 'main', isSidechain: false };
  const lines = [
    { type: 'user', message: { role: 'user', content: prompt } },
    {
      type: 'assistant',
      message: { id: 'msg_1', role: 'assistant', model: 'claude-opus-4', content: [{ type: 'text', text: 'Done.' }] },
    },
    { type: 'last-prompt', lastPrompt: prompt },
  ];
  const text = lines
    .map(line => JSON.stringify({ ...common, ...line, uuid: randomUUID(), timestamp: new Date().toISOString() }))
    .join('\n');
  await writeFile(join(folder, `${sessionId}.jsonl`), `${text}\n`);
}
