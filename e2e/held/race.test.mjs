// What several agents of held sessions ask at the same time, decided by clients that contradict each other, interrupted and cancelled.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { assertDecidedOnce, assertUnbroken, start } from './session.mjs';

const AGENTS = ['left', 'middle', 'right'];

describe('agents ask at the same time', () => {
  let world, server;
  const held = [];
  // Who was told that it was they who decided, by the request's id.
  const won = new Map();
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    for (let index = 0; index < 2; index += 1) held.push(await start(server, { cwd: world.work }));
  });
  after(() => world?.end());

  const name = (session, round, agent) => `${agent}-${round}-${held.indexOf(session)}`;
  const ask = (session, round) => {
    const task = agent => ['Agent', {
      description: agent, subagent_type: 'general-purpose', prompt: `bash touch ${name(session, round, agent)}`,
    }];
    return session.say(`tools ${JSON.stringify(AGENTS.map(task))} ;; say done`);
  };
  // Decides all that is open, the way that this client always does, until there is nothing more.
  const decide = async (decision, reason) => {
    const { json } = await server.get('/approvals');
    await Promise.all(json.approvals.map(async ({ id, sessionId, input }) => {
      const { status, json: answer } = await server.post(`/approvals/${id}`, { sessionId, decision, reason });
      if (status === 200) won.set(id, [...won.get(id) ?? [], { decision: answer.outcome, command: input.command }]);
      else assert.ok(['decided', 'no_approval', 'ended', 'not_held'].includes(answer.code), JSON.stringify(answer));
    }));
  };
  const both = () => Promise.all([decide('allow'), decide('deny', 'no')]);
  const isOver = async (session, seq) => (await session.events(seq)).some(({ type, text }) => type === 'assistant' && text === 'done');

  test('each request is decided once, whoever comes first', async () => {
    for (const round of [0, 1]) {
      const said = await Promise.all(held.map(session => ask(session, round)));
      await until('all have gone on', async () => {
        await both();
        const over = await Promise.all(held.map((session, index) => isOver(session, said[index].seq)));
        return over.every(Boolean);
      }, 90_000);
      // Agents may go on when the session has said its last word.
      await until('each agent has asked and done what it may', async () => {
        await both();
        const asked = [...won.values()].flat().filter(({ command }) => command.includes(`-${round}-`));
        const isDone = ({ decision, command }) => decision !== 'allow' || existsSync(join(world.work, command.split(' ')[1]));
        return asked.length === AGENTS.length * held.length && asked.every(isDone);
      });
    }
  });

  test('one is interrupted and one is cancelled in the middle of it', async () => {
    await Promise.all(held.map(session => ask(session, 2)));
    await until('all ask', async () => (await server.get('/approvals')).json.approvals.length >= held.length);
    const [first, second] = held;
    await Promise.all([both(), first.post('interrupt'), second.done('cancel')]);
    await until('nothing is asked any more', async () => {
      await both();
      return (await server.get('/approvals')).json.approvals.length === 0;
    });
    await first.done('cancel');
  });

  test('what was done is what was decided', async () => {
    for (const session of held) {
      const events = await session.events();
      assertUnbroken(events);
      assertDecidedOnce(events);
      assert.ok(events.filter(({ type }) => type === 'approval').length >= 2 * AGENTS.length);
      for (const { requestId, outcome, by, reason } of events.filter(({ type }) => type === 'decision')) {
        const wins = won.get(requestId) ?? [];
        assert.deepEqual(wins.map(win => win.decision), by === 'person' ? [outcome] : [], requestId);
        assert.equal(reason ?? null, outcome === 'deny' ? 'no' : null);
        const { input } = events.find(event => event.type === 'approval' && event.requestId === requestId);
        for (const win of wins) assert.equal(win.command, input.command);
      }
    }
    const decided = [...won.values()].flat();
    assert.ok(decided.length >= 2 * AGENTS.length);
    // In the rounds that ran to their end.
    for (const { decision, command } of decided.filter(({ command }) => !/-2-/.test(command))) {
      const file = join(world.work, command.split(' ')[1]);
      assert.equal(existsSync(file), decision === 'allow', `${command} ${decision}`);
    }
  });
});
