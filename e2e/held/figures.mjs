// Figures of many sessions that are held at once: how long a word of the model takes to a client, and what a holder weighs.
//
//   node e2e/run.mjs held/figures.mjs          50 sessions; SM_SESSIONS and SM_ROUNDS say otherwise
//
// What is ours is measured with a program in its place that answers at once. Each other figure stands beside the same one of
// Claude Code alone, on its own pipe, in the same run.
// Knows clocks and percentiles. Is no test: nothing here passes or fails.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { makeWorld } from '../claude/world.mjs';
import { until } from '../claude/until.mjs';

const SESSIONS = Number(process.env.SM_SESSIONS ?? 50);
const ROUNDS = Number(process.env.SM_ROUNDS ?? 4);

const ours = await standIns();
const world = await makeWorld();
try {
  const server = await world.serve({ config: 'actions_per_second = 1000\n' });
  const alone = await piped(world);
  const before = await server.get('/health') && memory(server.child.pid);
  const held = [];
  const begun = Date.now();
  for (let number = 0; number < SESSIONS; number += 1) {
    const started = await server.post('/sessions', { cwd: world.work });
    if (started.status !== 201) throw new Error(started.text);
    held.push(followed(server, started.json));
  }
  const startedIn = Date.now() - begun;
  // What Claude Code does once, at its first message, is not counted.
  for (const [number, session] of [...held, alone].entries()) await firstWord(world, `w${number}`, session);
  const through = [];
  const theirs = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [number, session] of held.entries()) {
      const name = `r${round}n${number}`;
      through.push(await firstWord(world, name, session));
      theirs.push(await firstWord(world, `a${name}`, alone));
    }
  }
  // All at once: what a word takes while every session is busy. The model's words come every 200 ms in each.
  const crowd = await Promise.all(held.map((session, number) =>
    firstWord(world, `c${number}`, session)));
  const holders = held.map(session => memory(holderOf(session.pid)));
  const served = memory(server.child.pid);
  for (const session of held) session.end();
  await server.post('/sessions/00000000/cancel', { scope: 'all' });
  // As many of Claude Code alone: what two cores give when nothing of ours runs.
  const pipes = await Promise.all(held.map(() => piped(world)));
  for (const [number, pipe] of pipes.entries()) await firstWord(world, `v${number}`, pipe);
  const crowdAlone = await Promise.all(pipes.map((pipe, number) =>
    firstWord(world, `d${number}`, pipe)));
  console.log(JSON.stringify({
    sessions: SESSIONS,
    ...ours,
    startMsEach: Math.round(startedIn / SESSIONS),
    wordToClientMs: spread(through.map(one => one.word)),
    wordToPipeAloneMs: spread(theirs.map(one => one.word)),
    messageToModelMs: spread(through.map(one => one.asked)),
    messageToModelAloneMs: spread(theirs.map(one => one.asked)),
    wordToClientAllAtOnceMs: spread(crowd.map(one => one.word)),
    wordToPipeAllAtOnceAloneMs: spread(crowdAlone.map(one => one.word)),
    messageToWordAllAtOnceMs: spread(crowd.map(one => one.asked + one.word)),
    messageToWordAllAtOnceAloneMs: spread(crowdAlone.map(one => one.asked + one.word)),
    holderRssMb: spread(holders.map(one => one.rss)),
    holderPrivateMb: spread(holders.map(one => one.private)),
    serverRssMb: [before.rss, served.rss],
  }, null, 2));
  for (const pipe of [alone, ...pipes]) pipe.end();
} finally {
  await world.end();
}

// Sessions of a program that answers at once, which leaves what is ours: from the message to its first word at the client, in
// milliseconds, one session at a time and all at once.
async function standIns() {
  const world = await makeWorld();
  try {
    const claude = join(import.meta.dirname, 'stand-in.mjs');
    const server = await world.serve({ config: `actions_per_second = 1000\nclaude = "${claude}"\n` });
    const held = [];
    for (let number = 0; number < SESSIONS; number += 1) {
      const { status, json, text } = await server.post('/sessions', { cwd: world.work });
      if (status !== 201) throw new Error(text);
      held.push(followed(server, json));
    }
    const word = async ({ deltas, say }) => {
      const seen = deltas.length;
      const said = Date.now();
      await say('go');
      return await until('a word', () => deltas[seen], 30_000) - said;
    };
    for (const session of held) await word(session);
    const single = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const session of held) single.push(await word(session));
    }
    const crowd = [];
    for (let round = 0; round < ROUNDS; round += 1) crowd.push(...await Promise.all(held.map(word)));
    for (const session of held) session.end();
    await server.post('/sessions/00000000/cancel', { scope: 'all' });
    return { oursMs: spread(single), oursAllAtOnceMs: spread(crowd) };
  } finally {
    await world.end();
  }
}

// Says something and waits for its first word. Milliseconds from saying it to the model's being asked, and from the model's first word to
// here.
async function firstWord({ mock }, name, { say, deltas, turns }) {
  const seen = deltas.length;
  const done = turns.length;
  const said = Date.now();
  await say(`stream ${name} end`);
  const arrived = await until(`a word of ${name}`, () => deltas[seen]);
  const step = mock.steps.find(one => one.name === name);
  mock.release(name);
  await until(`the end of ${name}`, () => turns.length > done);
  return { asked: step.at - said, word: arrived - step.shownAt };
}

// Claude Code by itself, as any program would run it.
async function piped({ claude, work, env }) {
  const words = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose', '--include-partial-messages'];
  const child = spawn(claude, words, { cwd: work, env, stdio: ['pipe', 'pipe', 'inherit'] });
  const deltas = [];
  const turns = [];
  createInterface({ input: child.stdout }).on('line', line => {
    if (line.includes('"text_delta"')) deltas.push(Date.now());
    if (line.includes('"type":"result"')) turns.push(Date.now());
  });
  const tell = value => child.stdin.write(`${JSON.stringify(value)}\n`);
  tell({ type: 'control_request', request_id: 'r1', request: { subtype: 'initialize', hooks: null } });
  await sleep(2_000);
  return {
    deltas,
    turns,
    say: text => tell({ type: 'user', message: { role: 'user', content: [{ type: 'text', text }] } }),
    end: () => child.stdin.end(),
  };
}

function followed(server, { sessionId, pid }) {
  const leave = new AbortController();
  const deltas = [];
  const turns = [];
  (async () => {
    const response = await fetch(`http://127.0.0.1:${server.port}/sessions/${sessionId}/output?follow=1`, { signal: leave.signal });
    const decoder = new TextDecoder();
    for await (const part of response.body) {
      const text = decoder.decode(part, { stream: true });
      if (text.includes('"kind":"text"')) deltas.push(Date.now());
      if (text.includes('"type":"usage"')) turns.push(Date.now());
    }
  })().catch(() => {});
  return {
    pid,
    deltas,
    turns,
    say: async text => {
      const answer = await server.post(`/sessions/${sessionId}/message`, { text });
      if (answer.status !== 200) throw new Error(answer.text);
    },
    end: () => leave.abort(),
  };
}

function holderOf(pid) {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = name => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
  return { rss: kilobytes('VmRSS') / 1024, private: kilobytes('RssAnon') / 1024 };
}

function spread(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const at = share => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] * 10) / 10;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
