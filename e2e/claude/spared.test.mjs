// What a kill leaves alone below the session, because it is somebody else's: other sessions, and the terminals of
// others.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { rowOf, rowsOf, settled } from './listing.mjs';
import { pipesIn } from './pipes.mjs';
import { childrenOf, familyOf, isAlive, keyOf, processOf } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

const TOOLS = ['--allowedTools', 'Bash'];

describe('spared by a kill', () => {
  let world, server, pipes;
  before(async () => {
    world = await makeWorld();
    pipes = pipesIn(world.root);
    server = await world.serve();
  });
  after(async () => {
    await pipes?.letGo().finally(() => world.end());
  });

  const kill = (session, more) => server.post(`/sessions/${session.pid}/kill`, { key: session.key, ...more });
  const keysOf = processes => processes.map(({ key }) => key).sort();
  const background = command => `tool Bash ${JSON.stringify({ command, description: 'rest', run_in_background: true })}`;

  test('a session and a tmux server that were started from within live, and are named as spared', async () => {
    const session = await world.session(TOOLS);
    const socket = join(world.root, 'inner');
    const held = pipes.make();
    await session.say(`bash tmux -S ${socket} -f /dev/null new-session -d -c ${world.work} claude --permission-mode manual && cat ${held.path} ;; say never`);
    await held.reader();
    const tmux = Number(execFileSync('tmux', ['-S', socket, 'display-message', '-p', '#{pid}'], { env: world.env }));
    const [inner] = await until('tmux has its child', () => childrenOf(tmux).length === 1 && childrenOf(tmux));
    const innerRow = await settled(server, inner, 'idle');
    const tmuxKey = keyOf(tmux);

    const plan = (await server.get(`/sessions/${session.pid}/tree`)).json;
    const { status, json } = await kill(session, { graceMs: 30_000 });
    assert.equal(status, 200, JSON.stringify(json));
    assert.deepEqual([json.ok, json.outcome], [true, 'exited']);
    assert.equal(isAlive(tmuxKey), true);
    assert.equal(isAlive(innerRow.key), true);
    await settled(server, inner, 'idle');
    for (const answer of [plan, json]) {
      const named = Object.fromEntries(answer.spared.map(one => [one.key, one.reason]));
      assert.equal(named[tmuxKey], 'terminal_server', JSON.stringify(answer));
      assert.deepEqual(keysOf(answer.processes).filter(key => [tmuxKey, innerRow.key].includes(key)), []);
    }
    execFileSync('tmux', ['-S', socket, 'kill-server'], { env: world.env });
    await until('it has ended', () => !isAlive(innerRow.key));
  });

  test('a session that a tool runs in a terminal of its own lives, and its terminal with it', async () => {
    const session = await world.session(TOOLS);
    const [beside, held] = [pipes.make(), pipes.make()];
    await session.say(`bash cat ${beside.path} & script -qfc 'exec claude --permission-mode manual' /dev/null <${held.path} >/dev/null`);
    const other = await beside.reader();
    // Its keyboard, open as long as the test holds it.
    const keyboard = openSync(held.path, 'r+');
    try {
      // It is marked as another's child, and writes neither a registry file nor a transcript.
      const { pid: inner, key } = await until('the inner session is listed', async () => {
        const below = familyOf(session.pid).slice(1);
        return (await rowsOf(server)).find(({ pid }) => below.includes(pid));
      });
      const terminal = keyOf(processOf(inner).ppid);

      const { status, json } = await kill(session, { graceMs: 30_000 });
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.ok, true);
      assert.ok(json.spared.some(one => one.key === key && one.reason === 'other_session'), JSON.stringify(json));
      assert.equal(isAlive(session.key), false);
      // What else the same tool started stays too: it may be the other end of a pipe.
      assert.deepEqual([key, terminal, other.key].filter(one => !isAlive(one)), []);
      assert.equal((await rowOf(server, inner))?.key, key);
      assert.deepEqual(keysOf(json.processes).filter(one => [key, terminal].includes(one)), []);
      const end = await server.post(`/sessions/${inner}/kill`, { key, graceMs: 30_000 });
      assert.equal(end.json.ok, true, JSON.stringify(end.json));
      await until('its terminal has ended with it', () => !isAlive(terminal));
    } finally {
      closeSync(keyboard);
    }
  });

  test('a background agent that was started from within lives, with the daemon that keeps it', async () => {
    const session = await world.session(TOOLS);
    try {
      await session.say("bash claude --bg 'hold agent done' ;; say it is under way");
      await session.shows('● it is under way');
      const isAgent = ({ home, kind, state }) => home === world.home && kind === 'bg' && state === 'working';
      const agent = await until('the agent works', async () => (await rowsOf(server)).find(isAgent));
      // The agent, the terminal around it, and the daemon.
      const terminal = processOf(agent.pid).ppid;
      const others = [agent.pid, terminal, processOf(terminal).ppid].map(keyOf);

      const { status, json } = await kill(session, { graceMs: 30_000 });
      assert.equal(status, 200, JSON.stringify(json));
      assert.deepEqual([json.ok, json.outcome], [true, 'exited']);
      const spared = Object.fromEntries(json.spared.map(one => [one.key, one.reason]));
      assert.deepEqual(others.map(key => spared[key]), others.map(() => 'other_session'), JSON.stringify(json));
      assert.deepEqual(others.filter(key => !isAlive(key)), []);
      world.mock.release('agent');
      await settled(server, agent.pid, 'idle');
      const { json: left } = await server.get('/orphans');
      assert.deepEqual(keysOf(left.orphans).filter(key => others.includes(key)), []);
    } finally {
      execFileSync(world.claude, ['daemon', 'stop', '--any'], { env: world.env, stdio: 'ignore' });
    }
  });

  for (const [place, ask] of Object.entries({ foreground: command => `bash ${command}`, background })) {
    test(`a session that a tool runs in the ${place} lives, and is named as spared`, async () => {
      const session = await world.session(TOOLS);
      const gate = `inner-${place}`;
      await session.say(`${ask(`claude -p 'hold ${gate} done' </dev/null >${join(world.root, gate)}`)} ;; say outer`);
      const inner = await until('the inner session works', () => familyOf(session.pid)
        .find(pid => pid !== session.pid && world.registryOf(pid)?.status === 'busy'));
      const { key } = await settled(server, inner, 'working');

      const plan = (await server.get(`/sessions/${session.pid}/tree`)).json;
      const { status, json } = await kill(session, { graceMs: 30_000 });
      assert.equal(status, 200, JSON.stringify(json));
      // Asked to end, it would have ended the other first.
      assert.deepEqual([json.ok, json.outcome], [true, 'killed']);
      assert.match(json.note, /without a grace/);
      for (const { spared } of [plan, json]) {
        // The tool's shell waits for it.
        assert.equal(spared[0]?.key, key, JSON.stringify(spared));
        assert.deepEqual(spared.map(one => one.reason), ['other_session', 'other_session']);
      }
      assert.equal(processOf(session.pid), null);
      assert.equal(isAlive(key), true);
      world.mock.release(gate);
      await until('it has ended', () => !isAlive(key));
      assert.equal(readFileSync(join(world.root, gate), 'utf8').trim(), 'done');
    });
  }
});
