// Interrupt, pause and continue, and what Claude Code makes of them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { gone, rowOf, settled } from './listing.mjs';
import { MCP_SERVER, mcpServers } from './mcp.mjs';
import { pipesIn } from './pipes.mjs';
import { childrenOf, commandOf, familyOf, isAlive, keyOf, processOf } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld, named } from './world.mjs';

const TOOLS = ['--allowedTools', 'Bash'];

describe('signals', () => {
  let world, server, pipes;
  before(async () => {
    world = await makeWorld();
    pipes = pipesIn(world.root);
    server = await world.serve();
  });
  after(async () => {
    await pipes?.letGo().finally(() => world.end());
  });

  const send = (act, { pid, key }) => server.post(`/sessions/${pid}/${act}`, { key });
  const interrupt = async ({ key }) => {
    const { status, json } = await server.post('/sessions/act', { act: 'interrupt', keys: [key] });
    return { status, json: json.items[0].result.signalled };
  };
  const stateOf = key => processOf(Number(key.split(':')[0]))?.state;
  const isStopped = key => stateOf(key) === 'T';

  // A session under a shell that says how it ended. It runs in the shell's own process group: nobody takes the terminal
  // from it when it stands still, and tmux, which is not its parent, does not let it go on.
  const underScript = async (words = []) => {
    const held = pipes.make();
    const script = `claude --permission-mode manual "$@"; echo "it ended with $?"; cat ${held.path}`;
    const shell = await world.terminals.open(['bash', '-c', script, 'bash', ...words], world.work);
    const pid = await until('the shell has started it', () => childrenOf(shell.pid)[0]);
    return named(world.home, { ...shell, pid });
  };

  // The same in a terminal that is not tmux's: there a session would be told to end its turn, as a person would tell it.
  const elsewhere = async (words = []) => {
    const script = `claude --permission-mode manual ${words.join(' ')}; echo "it ended with $?"; cat ${pipes.make().path}`;
    const shell = await world.terminals.open(['script', '-qfc', script, '/dev/null'], world.work);
    const pid = await until('the shell has started it', () => familyOf(shell.pid).find(pid => commandOf(pid)[0] === 'claude'));
    return named(world.home, { ...shell, pid });
  };

  // What the answer to `act` says, but for the time and the note.
  const answered = ({ status, json }, session, act, outcome) => {
    assert.equal(status, 200, JSON.stringify(json));
    const { note, processes, ...rest } = json;
    assert.deepEqual(rest, { ok: outcome !== 'undone', pid: session.pid, key: session.key, act, outcome });
    return { note, processes };
  };

  describe('interrupt', () => {
    const tool = () => pipes.make();
    const states = {
      'at its prompt': { state: 'idle', reach: async () => {} },
      'that waits for the model': { state: 'working', reach: session => session.say(`hold ${session.name} nothing`) },
      'that is told a story': { state: 'working', reach: session => session.say(`stream ${session.name} nothing`) },
      'with a tool': { state: 'working', words: TOOLS, reach: async session => {
        const pipe = tool();
        await session.say(`bash cat ${pipe.path} ;; say never`);
        return [await pipe.reader()];
      } },
      'that asks for permission': { state: 'waiting_permission', reach: session => session.say('bash touch never') },
    };
    for (const [name, { state, words, reach }] of Object.entries(states)) {
      test(`a session ${name} ends, and the answer says so`, async () => {
        const session = await elsewhere(words);
        const below = await reach(session) ?? [];
        await settled(server, session.pid, state);
        const { note, processes } = answered(await interrupt(session), session, 'interrupt', 'ended');
        assert.equal(processes, 1);
        assert.match(note, /resumed/);
        await session.shows('it ended with 0');
        assert.equal(world.registryOf(session.pid), null);
        await gone(server, session.pid);
        await until('its tool has ended with it', () => below.every(({ key }) => !isAlive(key)));
      });
    }

    test('a session in tmux lives on, and its turn ends', async () => {
      const session = await underScript();
      await session.say('hold turn nothing');
      await settled(server, session.pid, 'working');
      const { processes } = answered(await interrupt(session), session, 'interrupt', 'done');
      assert.equal(processes, 0);
      await settled(server, session.pid, 'idle');
    });

    test('a session without a terminal ends', async () => {
      const { pid, done } = world.headless(['hold headless nothing', ...TOOLS]);
      const { key } = await settled(server, pid, 'working');
      answered(await send('interrupt', { pid, key }), { pid, key }, 'interrupt', 'ended');
      // It may say that it could not finish.
      assert.ok(!(await done).includes('nothing'));
      await gone(server, pid);
    });
  });

  describe('pause', () => {
    test('stops a working session with its tool and its MCP servers; continue lets all of them go on', async () => {
      const [plain, apart] = [pipes.make(), pipes.make()];
      const mcp = await mcpServers(world, { paused: [process.execPath, MCP_SERVER] });
      const session = await underScript([...mcp, ...TOOLS]);
      await until('the MCP server runs', () => childrenOf(session.pid).length > 0);
      await session.say(`bash setsid cat ${apart.path} & cat ${plain.path} && echo through ;; say it went on`);
      const readers = await Promise.all([plain, apart].map(pipe => pipe.reader()));
      await settled(server, session.pid, 'working');
      const family = await until('its family is complete', () => {
        const keys = familyOf(session.pid).map(keyOf);
        return readers.every(({ key }) => keys.includes(key)) && keys;
      });

      const paused = answered(await send('pause', session), session, 'pause', 'done');
      assert.equal(paused.note, undefined);
      assert.equal(paused.processes, family.length);
      assert.deepEqual(family.filter(key => !isStopped(key)), []);
      await settled(server, session.pid, 'stopped');

      const continued = answered(await send('continue', session), session, 'continue', 'done');
      assert.equal(continued.note, undefined);
      assert.equal(continued.processes, family.length);
      assert.deepEqual(family.filter(isStopped), []);
      plain.letGo();
      await session.shows('● it went on');
      await settled(server, session.pid, 'idle');
      await session.say('say all is well');
      await session.shows('● all is well');
    });

    test('stops an idle session, and continue gives it back', async () => {
      const session = await underScript();
      answered(await send('pause', session), session, 'pause', 'done');
      await settled(server, session.pid, 'stopped');
      assert.equal(isStopped(session.key), true);
      // Once more changes nothing.
      answered(await send('pause', session), session, 'pause', 'done');
      answered(await send('continue', session), session, 'continue', 'done');
      await settled(server, session.pid, 'idle');
      answered(await send('continue', session), session, 'continue', 'done');
      await session.say('say as before');
      await session.shows('● as before');
    });

    test('stops a session without a terminal in the middle of its answer, which then is whole', async () => {
      const { pid, done } = world.headless(['stream whole the end', ...TOOLS]);
      const { key } = await settled(server, pid, 'working');
      answered(await send('pause', { pid, key }), { pid, key }, 'pause', 'done');
      await settled(server, pid, 'stopped');
      answered(await send('continue', { pid, key }), { pid, key }, 'continue', 'done');
      world.mock.release('whole');
      assert.match(await done, /the end\n$/);
    });

    test('is undone by tmux where the session is tmux\'s own child, and the answer says so', async () => {
      const session = await world.session();
      const { note } = answered(await send('pause', session), session, 'pause', 'undone');
      assert.match(note, /tmux/);
      await settled(server, session.pid, 'idle');
      await session.say('say untouched');
      await session.shows('● untouched');
    });

    test('leaves another session alone', async () => {
      const [session, other] = [await underScript(), await underScript()];
      answered(await send('pause', session), session, 'pause', 'done');
      assert.equal(isStopped(other.key), false);
      await settled(server, other.pid, 'idle');
      answered(await send('continue', session), session, 'continue', 'done');
    });

    test('and kill: what stands still ends all the same', async () => {
      const pipe = pipes.make();
      const session = await underScript(TOOLS);
      await session.say(`bash cat ${pipe.path}`);
      const { key } = await pipe.reader();
      answered(await send('pause', session), session, 'pause', 'done');
      assert.equal(isStopped(key), true);
      const { json } = await server.post(`/sessions/${session.pid}/kill`, { key: session.key, graceMs: 30_000 });
      assert.deepEqual([json.ok, json.outcome], [true, 'exited'], JSON.stringify(json));
      assert.equal(isAlive(key), false);
    });
  });

  test('under a shell with job control the session loses its terminal, and the answer says how it gets it back', async () => {
    const shell = await world.terminals.open(['bash', '--norc', '-i'], world.work, { PS1: 'at your service: ' });
    await shell.shows('at your service:');
    await shell.say('claude --permission-mode manual');
    const pid = await until('the shell has started it', () => childrenOf(shell.pid)[0]);
    const session = await named(world.home, { ...shell, pid });
    const paused = answered(await send('pause', session), session, 'pause', 'done');
    await shell.shows('Stopped');
    assert.match(paused.note ?? '', /fg/);
    await settled(server, pid, 'stopped');
    // In the background it runs until it wants something of the terminal, which may be at once.
    const { status, json } = await send('continue', session);
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.ok, json.outcome === 'done');
    assert.ok(['done', 'undone'].includes(json.outcome), json.outcome);
    assert.match(json.note ?? '', /Ctrl-C.*`fg`/);
    // It asks the terminal who it is, and the shell gets the answer, now or in a moment: a person tries again.
    const isBack = () => terminalOf(pid).foreground === terminalOf(pid).group;
    await until('it has its terminal back', async () => {
      await shell.press('C-c');
      await shell.say('fg');
      return until('the shell has given it', isBack, 3_000);
    });
    await settled(server, pid, 'idle');
  });

  describe('a selection', () => {
    test('is acted on one by one, and each has an answer of its own', async () => {
      const [first, second, third] = [await underScript(), await underScript(), await world.session()];
      const act = (name, keys) => server.post('/sessions/act', { act: name, keys });
      const stranger = keyOf(process.pid);
      const keys = [first.key, third.key, stranger, second.key];

      const paused = await act('pause', keys);
      assert.equal(paused.status, 200, JSON.stringify(paused.json));
      assert.equal(paused.json.ok, false);
      assert.deepEqual(paused.json.items.map(({ key }) => key), keys);
      const [one, undone, refused, two] = paused.json.items.map(({ result }) => result);
      assert.deepEqual([one, two].map(result => [result.type, result.signalled?.outcome]), Array(2).fill(['signalled', 'done']));
      assert.equal(undone.signalled.outcome, 'undone');
      assert.equal(refused.type, 'refused');
      assert.ok(['not_a_session', 'protected'].includes(refused.code), refused.code);
      assert.deepEqual([first, second, third].map(({ key }) => isStopped(key)), [true, true, false]);

      const { json } = await act('continue', [first.key, second.key]);
      assert.equal(json.ok, true, JSON.stringify(json));
      const killed = await server.post('/sessions/act', { act: 'kill', keys: [first.key, second.key], graceMs: 30_000 });
      assert.equal(killed.json.ok, true, JSON.stringify(killed.json));
      assert.deepEqual(killed.json.items.map(({ result }) => result.killed.outcome), ['exited', 'exited']);
      assert.deepEqual([first, second, third].map(({ key }) => isAlive(key)), [false, false, true]);
    });
  });

  test('what is no request for a signal is refused with its own word, and the session lives', async () => {
    const session = await world.session();
    const [pid, ticks] = session.key.split(':');
    for (const act of ['interrupt', 'pause', 'continue']) {
      const path = `/sessions/${pid}/${act}`;
      const check = async (status, code, target, options) => {
        const answer = await server.request('POST', target, options);
        assert.deepEqual([answer.status, answer.json?.code, answer.json?.ok], [status, code, false], `${target} ${JSON.stringify(options)}`);
      };
      await check(409, 'replaced', path, { body: { key: `${pid}:${Number(ticks) + 1}` } });
      await check(400, 'bad_request', path, { body: { key: '1:1' } });
      await check(400, 'bad_request', path, { body: { tree: true } });
      // An interrupt names a session by its id as well.
      await check(400, act === 'interrupt' ? 'bad_session_id' : 'bad_pid', `/sessions/0/${act}`, { body: {} });
      await check(403, 'not_a_session', `/sessions/4194304/${act}`, { body: {} });
      await check(415, 'not_json', path, { body: '{}', headers: { 'content-type': 'text/plain' } });
      await check(403, 'bad_origin', path, { body: {}, headers: { origin: 'http://example.com' } });
      const get = await server.get(path);
      assert.deepEqual([get.status, get.headers.allow, get.json.code], [405, 'POST', 'bad_method']);
    }
    await settled(server, session.pid, 'idle');
    assert.equal((await rowOf(server, session.pid)).key, session.key);
  });
});

// The process group of `pid`, and the one that its terminal listens to.
function terminalOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { group, foreground };
}
