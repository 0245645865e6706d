// What a session in somebody's own terminal asks, answered from outside by way of our hook, while its prompt stays usable.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { SERVER_BIN } from '../server.mjs';
import { hooksOf, isAlive, keyOf } from './process.mjs';
import { COLOURS } from './question.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

// Long enough for everything but the test that waits for its end.
const WAIT_SEC = 12;

describe('with approvals asked for at the installation', () => {
  let world, server, session;
  const hooks = (...words) => JSON.parse(execFileSync(SERVER_BIN, ['hooks', ...words, '--json'], { env: world.env, encoding: 'utf8' }));
  const open = async () => (await server.get('/approvals')).json.approvals;
  const asked = tool => until(`${tool} is asked about`, async () => (await open()).find(approval => approval.tool === tool));
  const nothing = () => until('nothing is asked any more', async () => (await open()).length === 0);
  const decide = ({ id, sessionId }, decision, more = {}) => server.post(`/approvals/${id}`, { sessionId, decision, ...more });
  const made = name => existsSync(join(world.work, name));
  // Answers that stand on the screen are those of the model: what was typed stands there too.
  const idle = ({ pid }) => until('the turn is over', () => world.registryOf(pid)?.status === 'idle');
  // A prompt that has just come up does not take a key yet.
  const allow = terminal => until('the prompt has been answered', async () => {
    if (!(await terminal.screen()).includes('Do you want to')) return true;
    await terminal.press('Enter');
    await new Promise(done => setTimeout(done, 300));
    return false;
  });
  before(async () => {
    world = await makeWorld();
    server = await world.serve({ config: `approval_wait_sec = ${WAIT_SEC}\n` });
    assert.equal(hooks('status').approvals, false);
    assert.equal(hooks('install', '--approvals').approvals, true);
    assert.equal(hooks('status').approvals, true);
    session = await world.session();
  });
  after(() => world?.end());

  test('it is allowed from outside', async t => {
    await session.say('bash touch one ;; say rest');
    const approval = await asked('Bash');
    assert.equal(approval.source, 'hook');
    assert.equal(approval.sessionId, session.sessionId);
    assert.equal(approval.key, session.key);
    assert.equal(approval.cwd, world.work);
    assert.equal(approval.input.command, 'touch one');
    assert.equal(approval.until - approval.at, WAIT_SEC * 1_000);
    assert.deepEqual(approval.ask, { type: 'permission', tool: 'Bash', input: 'touch one' });
    // The terminal asks too.
    await session.shows('Do you want to proceed?');
    const since = performance.now();
    const { status, json } = await decide(approval, 'allow');
    t.diagnostic(`decided in ${Math.round(performance.now() - since)} ms`);
    assert.deepEqual([status, json.outcome, json.by], [200, 'allow', 'person']);
    await until('it has run', () => made('one'));
    await session.shows('Allowed by PermissionRequest hook');
    await idle(session);
    const again = await decide(approval, 'deny');
    assert.deepEqual([again.status, again.json.code], [409, 'decided']);
    const { entries } = (await server.get('/audit')).json;
    const decided = entries.filter(({ verb }) => verb === 'decide').map(({ outcome }) => outcome);
    assert.deepEqual(decided, ['decided', 'allow']);
  });

  test('it is denied with a reason', async () => {
    await session.say('bash touch two ;; say rest');
    const { json } = await decide(await asked('Bash'), 'deny', { reason: 'not on a Sunday' });
    assert.equal(json.outcome, 'deny');
    await session.shows('not on a Sunday');
    await idle(session);
    assert.equal(made('two'), false);
  });

  test('the command line lists and decides it too', async () => {
    const approve = (...words) => JSON.parse(execFileSync(SERVER_BIN, ['approve', ...words, '--json'], { env: world.env, encoding: 'utf8' }));
    await session.say('bash touch by-hand ;; say rest');
    const { id } = await asked('Bash');
    assert.deepEqual(approve().approvals.map(approval => approval.id), [id]);
    assert.equal(approve(id, '--deny', 'by hand').outcome, 'deny');
    await session.shows('Reason: by hand');
    await idle(session);
    assert.deepEqual(approve().approvals, []);
  });

  test('a question is answered, and not without an answer', async () => {
    await session.say(`tool AskUserQuestion ${JSON.stringify(COLOURS)} ;; say rest`);
    const approval = await asked('AskUserQuestion');
    assert.equal(approval.ask.type, 'question');
    const { status, json } = await decide(approval, 'allow');
    assert.deepEqual([status, json.code], [400, 'bad_request']);
    await decide(approval, 'allow', { answers: { 'Which colour?': 'Blue' } });
    await session.shows('Which colour? → Blue');
    await idle(session);
  });

  test('what is answered in the terminal is not asked any more', async () => {
    await session.say('bash touch three ; sleep 3 ;; say rest');
    const approval = await asked('Bash');
    await session.shows('Do you want to proceed?');
    await allow(session);
    await until('it runs', () => made('three'));
    await nothing();
    // Long before the tool has ended, and the hook has gone with it.
    await until('its hook has gone', () => hooksOf(session.pid).length === 0);
    const { status, json } = await decide(approval, 'deny', { reason: 'too late' });
    assert.deepEqual([status, json.code], [404, 'no_approval']);
    await idle(session);

    await session.say('bash touch four ;; say rest');
    await asked('Bash');
    await session.shows('Do you want to proceed?');
    await new Promise(done => setTimeout(done, 500));
    await session.press('Escape');
    await nothing();
    await idle(session);
    assert.equal(made('four'), false);
  });

  test('it is left to the terminal after the time', async () => {
    await session.say('bash touch five ;; say rest');
    const { id } = await asked('Bash');
    const since = performance.now();
    await nothing();
    const tookSec = (performance.now() - since) / 1_000;
    assert.ok(tookSec > WAIT_SEC - 3 && tookSec < WAIT_SEC + 5, `${tookSec} s`);
    await session.shows('Do you want to proceed?');
    await until('its hook has gone', () => hooksOf(session.pid).length === 0);
    const { entries } = (await server.get('/audit')).json;
    assert.equal(entries[0].outcome, 'released');
    assert.equal(made('five'), false);
    await allow(session);
    await until('it has run', () => made('five'));
    await idle(session);
    const { json } = await server.post(`/approvals/${id}`, { sessionId: session.sessionId, decision: 'allow' });
    assert.equal(json.code, 'no_approval');
  });

  test('a plan is shown and approved', async () => {
    const planner = await world.session(['--permission-mode', 'plan']);
    await planner.say('tool ExitPlanMode {"plan":"1. touch nothing"} ;; say rest');
    const approval = await asked('ExitPlanMode');
    assert.deepEqual(approval.ask, { type: 'plan', text: '1. touch nothing' });
    await decide(approval, 'allow');
    await planner.shows('Exited plan mode');
    await idle(planner);
    await planner.say('/exit');
    await planner.ended();
  });

  test('two agents ask at the same time, each for itself', async () => {
    const agent = name => ['Agent', { description: name, prompt: `bash touch ${name}`, subagent_type: 'general-purpose' }];
    await session.say(`tools ${JSON.stringify([agent('agent-1'), agent('agent-2')])} ;; say rest`);
    const both = await until('both are asked about', async () => {
      const found = await open();
      return found.length === 2 && found;
    });
    const of = name => both.find(({ input }) => input.command === `touch ${name}`);
    await decide(of('agent-2'), 'allow');
    await until('the second has run', () => made('agent-2'));
    await decide(of('agent-1'), 'deny', { reason: 'one is enough' });
    await nothing();
    await idle(session);
    assert.equal(made('agent-1'), false);
  });

  test('a session without a terminal waits for the answer', async () => {
    const headless = world.headless(['bash touch six ;; say rest']);
    await decide(await asked('Bash'), 'allow');
    assert.match(await headless.done, /rest/);
    assert.equal(made('six'), true);
  });

  test('a session that is killed asks nothing any more', async () => {
    const victim = await world.session();
    await victim.say('bash touch seven ;; say rest');
    await asked('Bash');
    const keys = hooksOf(victim.pid).map(keyOf);
    assert.equal(keys.length, 1);
    process.kill(victim.pid, 'SIGKILL');
    await nothing();
    await until('its hook has gone', () => !keys.some(isAlive));
    await victim.ended();
  });

  test('without the server the terminal asks as ever', async () => {
    await session.say('bash touch eight ;; say rest');
    await asked('Bash');
    await server.stop();
    await until('its hook has gone', () => hooksOf(session.pid).length === 0);
    await session.shows('Do you want to proceed?');
    await allow(session);
    await until('it has run', () => made('eight'));
    await idle(session);
    await session.say('bash touch nine ;; say rest');
    await session.shows('Do you want to proceed?');
    await until('its hook has gone', () => hooksOf(session.pid).length === 0);
    assert.deepEqual(hooksOf(session.pid), []);
    await allow(session);
    await until('it has run', () => made('nine'));
    assert.doesNotMatch(await session.screen(), /session-manager|hook error/i);
  });
});
