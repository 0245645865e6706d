// What lay before the server at the moment when it said something wrong.
//
// Knows where Claude Code and the kernel write. Judges nothing.

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { commandOf, familyOf } from '../claude/process.mjs';

// Returns a text for the report of a failure: registry, transcript, process, and the server's reasons.
export async function evidenceOf(world, server, pid) {
  const registry = read(join(world.sessions, `${pid}.json`));
  const { sessionId } = tolerant(() => JSON.parse(registry)) ?? {};
  const transcript = sessionId && await world.transcriptOf(sessionId).catch(() => null);
  const why = await server.get(`/sessions/${pid}/why`).catch(fault => ({ text: fault.message }));
  return [
    `at ${Date.now()}`,
    `registry: ${registry}`,
    `stat: ${read(`/proc/${pid}/stat`)}`,
    `wchan: ${read(`/proc/${pid}/wchan`)}`,
    `family: ${familyOf(pid).map(one => `${one} ${tolerant(() => commandOf(one).join(' ').slice(0, 80))}`).join(' | ')}`,
    `why: ${why.text}`,
    `transcript ${transcript}:`,
    ...(transcript ? await lastLines(transcript, 4) : []),
  ].join('\n    ');
}

async function lastLines(path, count) {
  const text = await readFile(path, 'utf8').catch(fault => fault.message);
  return text.split('\n').filter(Boolean).slice(-count).map(line => line.slice(0, 600));
}

const read = path => tolerant(() => readFileSync(path, 'utf8').trim()) ?? 'none';

function tolerant(look) {
  try {
    return look();
  } catch {
    return undefined;
  }
}
