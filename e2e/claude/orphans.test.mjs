// What sessions leave running when they are not given the time to end it: found, told with its proof, and reaped.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { gone, settled } from './listing.mjs';
import { MCP_SERVER, mcpServers } from './mcp.mjs';
import { pipesIn } from './pipes.mjs';
import { childrenOf, commandOf, isAlive, keyOf, rssBytes, startedAt } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

const TOOLS = ['--allowedTools', 'Bash'];

describe('orphans', () => {
  let world, server, pipes;
  before(async () => {
    world = await makeWorld();
    pipes = pipesIn(world.root);
    server = await world.serve();
  });
  after(async () => {
    await pipes?.letGo().finally(() => world.end());
  });

  const orphans = async (from = server) => {
    const { status, json } = await from.get('/orphans');
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.ok, true);
    // Whatever else is said, nothing is offered without a proof, and what has one is.
    for (const { evidence, reap } of json.orphans) assert.equal(evidence.type === 'proof', reap === true);
    return json;
  };
  const find = (list, { key }) => list.find(one => one.key === key);
  // What does not listen is given its time in vain.
  const reap = (keys, from = server) => from.post('/orphans/reap', { keys, graceMs: 1_000 });

  // A session with a stubborn MCP server, a background shell and a tool, and one process that left nothing but its
  // environment to tell whose it is.
  const busy = async () => {
    const [stubborn, rest, tool, lost] = Array.from({ length: 4 }, () => pipes.make());
    const words = await mcpServers(world, { stubborn: [process.execPath, MCP_SERVER, 'stubborn', stubborn.path] });
    const session = await world.session([...words, ...TOOLS]);
    const input = { command: `cat ${rest.path}`, description: 'rest', run_in_background: true };
    await session.say(`tool Bash ${JSON.stringify(input)} ;; say resting`);
    await session.shows('● resting');
    await session.say(`bash (setsid cat ${lost.path} &); cat ${tool.path}`);
    const found = await Promise.all([stubborn, rest, tool, lost].map(pipe => pipe.reader()));
    await settled(server, session.pid, 'working');
    // The server looks now and then by itself; this is such a look too.
    await orphans();
    const [mcp, resting, working, strayed] = found;
    return { session, mcp, resting, working, strayed, proven: [mcp, resting, working] };
  };
  // The end that gives no time for anything.
  const fell = async session => {
    process.kill(session.pid, 'SIGKILL');
    await until('it has ended', () => !isAlive(session.key));
    await gone(server, session.pid);
  };

  test('a living session has none', async () => {
    const { session, proven, strayed } = await busy();
    const { orphans: list } = await orphans();
    assert.deepEqual([...proven, strayed].map(one => find(list, one)).filter(Boolean), []);
    await server.post(`/sessions/${session.pid}/kill`, { key: session.key, graceMs: 30_000 });
  });

  describe('of a session that was killed', () => {
    let left;
    before(async () => {
      left = await busy();
      await fell(left.session);
    });

    test('are its MCP server and its tools, each with its proof and its memory', async () => {
      const { session, proven } = left;
      const list = (await orphans()).orphans;
      for (const { pid, key } of proven) {
        const orphan = find(list, { key });
        assert.ok(orphan, `${commandOf(pid)} of ${JSON.stringify(list)}`);
        assert.equal(orphan.pid, pid);
        assert.equal(orphan.cwd, world.work);
        assert.ok(orphan.command.startsWith(commandOf(pid).slice(0, 2).join(' ')), orphan.command);
        assert.equal(orphan.evidence.type, 'proof');
        assert.notEqual(orphan.evidence.descent.type, 'root');
        assert.equal(orphan.reap, true);
        const { sessionId, cwd, project } = orphan.session;
        assert.deepEqual({ sessionId, cwd, project }, { sessionId: session.sessionId, cwd: world.work, project: basename(world.work) });
        assert.equal(orphan.session.key, session.key);
        // The kernel gives the boot time in whole seconds.
        assert.ok(Math.abs(orphan.startedAt - startedAt(pid)) <= 1000);
        const memory = rssBytes(pid);
        assert.ok(orphan.rssBytes > memory / 2 && orphan.rssBytes < memory * 2, `rssBytes ${orphan.rssBytes}, in truth about ${memory}`);
        assert.ok(orphan.privateBytes > 0 && orphan.privateBytes <= orphan.rssBytes);
        assert.ok(orphan.cpuPermille === null || orphan.cpuPermille >= 0);
      }
    });

    test('and the memory that reaping them gives back is the sum of theirs', async () => {
      const { orphans: list, privateBytes } = await orphans();
      const provable = list.filter(({ reap }) => reap === true);
      assert.equal(privateBytes, provable.reduce((sum, one) => sum + (one.privateBytes ?? 0), 0));
    });

    test('and what only its environment speaks for is told, and not offered', async () => {
      const { strayed, session } = left;
      const { evidence, reap: permit, session: of } = find((await orphans()).orphans, strayed);
      assert.deepEqual([evidence.type, evidence.sign.type], ['sign', 'environment']);
      assert.equal(permit.code, 'unproven');
      assert.ok(permit.error.length > 0);
      assert.equal(of.sessionId, session.sessionId);
    });

    test('reaping refuses what has no proof, is no orphan or has another key, and ends nothing of it', async () => {
      const { strayed, mcp } = left;
      const neighbour = await world.session(TOOLS);
      const tool = pipes.make();
      await neighbour.say(`bash cat ${tool.path}`);
      const other = await tool.reader();
      const [pid, ticks] = mcp.key.split(':');
      const keys = [strayed.key, other.key, neighbour.key, keyOf(process.pid), `${pid}:${Number(ticks) + 1}`];
      const { status, json } = await reap(keys);
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.ok, false);
      assert.deepEqual(json.items.map(({ key }) => key), keys);
      assert.deepEqual(json.items.map(({ result }) => result.type), keys.map(() => 'refused'), JSON.stringify(json.items));
      assert.equal(json.items[0].result.code, 'unproven');
      assert.equal(json.privateBytes, 0);
      assert.deepEqual([strayed, other, neighbour, mcp].filter(({ key }) => !isAlive(key)), []);
      await server.post(`/sessions/${neighbour.pid}/kill`, { key: neighbour.key, graceMs: 30_000 });
    });

    test('reaping ends what is named, and nothing else', async () => {
      const { mcp, resting, working, strayed } = left;
      const before = find((await orphans()).orphans, mcp);
      const { status, json } = await reap([mcp.key, resting.key]);
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.ok, true, JSON.stringify(json));
      const [first, second] = json.items;
      assert.deepEqual([first.key, first.result], [mcp.key, { type: 'ended', outcome: 'killed' }]);
      assert.deepEqual([second.key, second.result], [resting.key, { type: 'ended', outcome: 'exited' }]);
      assert.ok(json.privateBytes > before.privateBytes / 2, `${json.privateBytes} of ${before.privateBytes}`);
      assert.deepEqual([mcp, resting].filter(({ key }) => isAlive(key)), []);
      assert.deepEqual([working, strayed].filter(({ key }) => !isAlive(key)), []);
      const list = (await orphans()).orphans;
      assert.deepEqual([mcp, resting].map(one => find(list, one)).filter(Boolean), []);
      assert.ok(find(list, working));
    });

    test('reaping once more what has ended does no harm', async () => {
      const { json } = await reap([left.mcp.key]);
      const [{ result }] = json.items;
      if (result.type === 'ended') assert.equal(result.outcome, 'already_gone');
      else assert.equal(result.type, 'refused');
    });
  });

  test('after a kill with its tree a session leaves none', async () => {
    const { session, proven } = await busy();
    await server.post(`/sessions/${session.pid}/kill`, { key: session.key, graceMs: 0 });
    assert.deepEqual(proven.filter(({ key }) => isAlive(key)), []);
    const { orphans: list } = await orphans();
    assert.deepEqual(proven.map(one => find(list, one)).filter(Boolean), []);
  });

  test('a terminal server and a session that outlive the session they were started from are none', async () => {
    const session = await world.session(TOOLS);
    const socket = join(world.root, 'inner');
    const tmux = (...words) => execFileSync('tmux', ['-S', socket, ...words], { env: world.env, encoding: 'utf8' });
    const inside = pipes.make();
    await session.say(`bash tmux -S ${socket} -f /dev/null new-session -d -c ${world.work} claude --permission-mode manual `
      + `';' new-window -d cat ${inside.path} ';' list-windows ;; say opened`);
    await session.shows('● opened');
    const shell = await inside.reader();
    const holder = Number(tmux('display-message', '-p', '#{pid}'));
    const inner = await until('the inner session runs', () => childrenOf(holder).find(pid => world.registryOf(pid)?.status === 'idle'));
    const survivors = [holder, inner, shell.pid].map(pid => ({ pid, key: keyOf(pid) }));
    await fell(session);

    const list = (await orphans()).orphans;
    for (const one of survivors) assert.notEqual(find(list, one)?.reap, true, JSON.stringify(find(list, one)));
    const { status, json } = await reap(survivors.map(({ key }) => key));
    assert.equal(status, 200, JSON.stringify(json));
    assert.deepEqual(json.items.map(({ result }) => result.type), ['refused', 'refused', 'refused']);
    assert.deepEqual(survivors.filter(({ key }) => !isAlive(key)), []);
    await settled(server, inner, 'idle');
    tmux('kill-server');
    await until('they have ended', () => survivors.every(({ key }) => !isAlive(key)));
  });

  test('what a server has seen is known to the next one', async () => {
    const { session, proven, strayed } = await busy();
    await fell(session);
    const next = await world.serve();
    const { orphans: list } = await orphans(next);
    for (const one of proven) assert.equal(find(list, one)?.reap, true, JSON.stringify(find(list, one)));
    assert.equal(find(list, strayed).reap.code, 'unproven');
    const { json } = await reap(proven.map(({ key }) => key), next);
    assert.deepEqual([json.ok, proven.filter(({ key }) => isAlive(key))], [true, []], JSON.stringify(json));
  });

  test('a server that has not seen the session offers nothing that it can not prove', async () => {
    const { session, mcp, resting, working, strayed } = await busy();
    await fell(session);
    const elsewhere = join(world.root, 'elsewhere');
    await mkdir(elsewhere);
    const stranger = await world.serve({ environment: { HOME: elsewhere } });
    // Until its parent takes note of its end, the session's process has a number still.
    const list = await until('its server is proved', async () => {
      const { orphans: list } = await orphans(stranger);
      return find(list, mcp)?.evidence.type === 'proof' && list;
    });
    const all = [mcp, resting, working, strayed];
    for (const one of all) assert.equal(find(list, one)?.session.sessionId, session.sessionId);
    // The server is in the kernel session of the process that the registry file still names.
    assert.deepEqual(find(list, mcp).evidence, { type: 'proof', descent: { type: 'session', leader: session.key } });
    // The tools have kernel sessions of their own.
    const unproven = [resting, working, strayed];
    assert.deepEqual(unproven.map(one => find(list, one).reap.code), unproven.map(() => 'unproven'));
    const { json } = await reap(unproven.map(({ key }) => key), stranger);
    assert.deepEqual(json.items.map(({ result }) => result.code), unproven.map(() => 'unproven'));
    assert.deepEqual(all.filter(({ key }) => !isAlive(key)), []);
    const reaped = await reap([mcp.key], stranger);
    assert.deepEqual(reaped.json.items, [{ key: mcp.key, result: { type: 'ended', outcome: 'killed' } }]);
    assert.equal(isAlive(mcp.key), false);
  });
});
