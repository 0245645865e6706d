// A kill takes what descends from the session, all of it, and nothing else.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { OLDER_VERSIONS } from '../install/claude.mjs';
import { openSocket } from '../truth/socket.mjs';
import { gone, settled } from './listing.mjs';
import { MCP_SERVER, mcpServers } from './mcp.mjs';
import { pipesIn } from './pipes.mjs';
import { childrenOf, commandOf, familyOf, isAlive, keyOf, processOf } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld, named } from './world.mjs';

const NODE = process.execPath;
const TOOLS = ['--allowedTools', 'Bash'];

describe('kill, with what the session has started', () => {
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

  // Servers that end as they should, that do not, and that are not even in the terminal's kernel session.
  const servers = async () => {
    const [stubborn, away] = [pipes.make(), pipes.make()];
    return {
      words: await mcpServers(world, {
        good: [NODE, MCP_SERVER],
        stubborn: [NODE, MCP_SERVER, 'stubborn', stubborn.path],
        away: ['setsid', NODE, MCP_SERVER, 'stubborn', away.path],
      }),
      readers: () => Promise.all([stubborn.reader(), away.reader()]),
      async good(pid) {
        const isGood = child => commandOf(child).at(-1) === MCP_SERVER;
        return keyOf(await until('the good server runs', () => childrenOf(pid).find(isGood)));
      },
    };
  };

  // Gives a session a background shell and a command that goes every way a process can. Returns the keys of those that
  // stay its own for certain, and of the one that left no trace but its environment.
  const employ = async session => {
    const [rest, plain, nohup, setsid, orphan, deaf, lost] = Array.from({ length: 7 }, () => pipes.make());
    await session.say(`${background(`cat ${rest.path}`)} ;; say resting`);
    await session.shows('● resting');
    const script = join(world.root, `employ-${session.pid}.sh`);
    await writeFile(script, [
      `nohup cat ${nohup.path} >/dev/null 2>&1 &`,
      `setsid cat ${setsid.path} &`,
      `(cat ${orphan.path} &)`,
      `(setsid cat ${lost.path} &)`,
      `bash -c 'trap "" TERM INT HUP; cat ${deaf.path}; true' &`,
      `cat ${plain.path}`,
    ].join('\n'));
    await session.say(`bash . ${script}`);
    const [strayed, ...own] = await Promise.all([lost, rest, plain, nohup, setsid, orphan, deaf].map(pipe => pipe.reader()));
    return { own: own.map(({ key }) => key), strayed: strayed.key, deaf: own.at(-1).key };
  };

  // What the plan says once it is what /proc says: Claude Code starts small things of its own now and then.
  const planned = async (session, own) => {
    let plan;
    await until('the plan is the truth', async () => {
      const { status, json } = await server.get(`/sessions/${session.pid}/tree`);
      assert.equal(status, 200, JSON.stringify(json));
      plan = json;
      const truth = new Set([...familyOf(session.pid).map(keyOf), ...own]);
      assert.deepEqual(keysOf(plan.processes), [...truth].sort());
      return true;
    });
    return plan;
  };

  const allGone = keys => until('they have ended', () => {
    assert.deepEqual(keys.filter(isAlive), []);
    return true;
  });

  test('the plan names every process of a busy session, and the kill ends each of them', async () => {
    const mcp = await servers();
    const session = await world.session([...mcp.words, ...TOOLS]);
    const good = await mcp.good(session.pid);
    const stubborn = (await mcp.readers()).map(({ key }) => key);
    const { own, strayed } = await employ(session);
    await settled(server, session.pid, 'working');

    const plan = await planned(session, own);
    assert.deepEqual(
      { ok: plan.ok, pid: plan.pid, key: plan.key, spared: plan.spared },
      { ok: true, pid: session.pid, key: session.key, spared: [] },
    );
    assert.equal(plan.processes[0].key, session.key);
    assert.deepEqual(plan.processes[0].proof, { type: 'root' });
    const expected = [session.key, good, ...stubborn, ...own];
    assert.deepEqual(expected.filter(key => !keysOf(plan.processes).includes(key)), []);
    for (const { key, command, proof, rssBytes, outcome } of plan.processes) {
      const [name] = commandOf(Number(key.split(':')[0]));
      assert.ok(command.startsWith(name), `${key} is called ${command}, in truth ${name}`);
      assert.equal(proof.type === 'root', key === session.key);
      assert.ok(rssBytes > 0);
      assert.equal(outcome, null);
    }
    // Nothing but what it was started with speaks for it.
    assert.deepEqual(keysOf(plan.unproven), [strayed]);
    assert.equal(plan.unproven[0].sign.type, 'environment');

    const { status, json } = await kill(session, { graceMs: 30_000 });
    assert.equal(status, 200, JSON.stringify(json));
    assert.deepEqual(
      { ok: json.ok, pid: json.pid, key: json.key, outcome: json.outcome, spared: json.spared },
      { ok: true, pid: session.pid, key: session.key, outcome: 'exited', spared: [] },
    );
    assert.deepEqual(expected.filter(key => !keysOf(json.processes).includes(key)), []);
    for (const { key, outcome } of json.processes) {
      assert.ok(['exited', 'killed', 'already_gone'].includes(outcome), `${key}: ${outcome}`);
      assert.equal(isAlive(key), false, key);
    }
    assert.deepEqual(keysOf(json.unproven), [strayed]);
    assert.equal(isAlive(strayed), true);
    await gone(server, session.pid);
  });

  test('the command of a hook, the tool of a subagent and the server that a tool waits for end too', async () => {
    const [hook, tool, waited] = Array.from({ length: 3 }, () => pipes.make());
    const mcp = await mcpServers(world, { held: [NODE, MCP_SERVER, 'stubborn', waited.path] });
    const settings = join(world.root, 'hooked.json');
    const command = `cat ${hook.path}`;
    await writeFile(settings, JSON.stringify({ hooks: { PreToolUse: [{ matcher: 'Read', hooks: [{ type: 'command', command }] }] } }));
    const session = await world.session([...mcp, '--settings', settings, ...TOOLS, 'Agent', 'mcp__held__wait']);
    const agent = prompt => ['Agent', { description: 'rest', prompt, subagent_type: 'general-purpose' }];
    await session.say(`tools ${JSON.stringify([
      agent(`bash cat ${tool.path}`),
      agent(`tool Read {"file_path":"${settings}"}`),
      ['mcp__held__wait', { path: join(world.root, 'never') }],
    ])}`);
    const readers = await Promise.all([hook, tool, waited].map(pipe => pipe.reader()));
    await settled(server, session.pid, 'working');

    const { json } = await kill(session, { graceMs: 0 });
    assert.equal(json.ok, true, JSON.stringify(json));
    const named = keysOf(json.processes);
    assert.deepEqual(readers.filter(({ key }) => !named.includes(key) || isAlive(key)), [], JSON.stringify(json));
  });

  test('without time to exit the rest is ended all the same, and each answer is its own', async () => {
    const mcp = await servers();
    const session = await world.session([...mcp.words, ...TOOLS]);
    const good = await mcp.good(session.pid);
    const stubborn = (await mcp.readers()).map(({ key }) => key);
    const { own, strayed, deaf } = await employ(session);
    await planned(session, own);

    const { status, json } = await kill(session, { graceMs: 0 });
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.ok, true);
    await allGone([session.key, good, ...stubborn, ...own]);
    const outcomes = Object.fromEntries(json.processes.map(({ key, outcome }) => [key, outcome]));
    assert.equal(outcomes[session.key], json.outcome);
    // What does not listen can only have been killed, be it by Claude Code on its way out.
    for (const key of [...stubborn, deaf]) assert.ok(['killed', 'already_gone'].includes(outcomes[key]), outcomes[key]);
    assert.equal(isAlive(strayed), true);
  });

  test('whoever follows the list is told how far it is', async () => {
    const mcp = await servers();
    const session = await world.session([...mcp.words, ...TOOLS]);
    await mcp.readers();
    const { own } = await employ(session);
    await planned(session, own);
    const told = [];
    const socket = await openSocket({ host: '127.0.0.1', port: server.port }, '/ws', text => {
      const { type, acting } = JSON.parse(text);
      if (type !== 'hello') told.push(acting ?? []);
    });
    try {
      await until('the list has come', () => told.length > 0);
      const { json } = await kill(session, { graceMs: 0 });
      assert.equal(json.ok, true, JSON.stringify(json));
      await until('it is over', () => told.length > 1 && told.at(-1).length === 0);
      const steps = told.flat();
      assert.ok(steps.length > 0);
      for (const { key, act, step, alive, total } of steps) {
        assert.deepEqual([key, act], [session.key, 'kill']);
        assert.ok(['grace', 'rest', 'killing'].includes(step), step);
        assert.ok(alive <= total, `${alive} of ${total}`);
      }
      const totals = steps.map(({ total }) => total);
      assert.deepEqual(totals, totals.toSorted((a, b) => a - b));
      assert.ok(totals.at(-1) > own.length, JSON.stringify(steps));
    } finally {
      await socket.close();
    }
  });

  test('bystanders live: of the same name, directory, parent, terminal and process group', async () => {
    const bin = join(world.root, 'bystander');
    await mkdir(bin);
    await copyFile('/bin/cat', join(bin, 'claude'));
    await chmod(join(bin, 'claude'), 0o755);
    const [namesake, beside, late, tool] = Array.from({ length: 4 }, () => pipes.make());
    const [note, other] = ['pid', 'other-pid'].map(name => join(world.root, name));
    // A shell that runs a script gives its children no process groups of their own.
    const script = [
      `${bin}/claude ${namesake.path} &`,
      `cat ${beside.path} &`,
      `claude -p 'hold beside done' </dev/null >${world.root}/beside & echo $! >${other}`,
      `claude --permission-mode manual ${TOOLS.join(' ')} <&0 & echo $! >${note}`,
      'wait $!; echo it has ended',
      `cat ${late.path}`,
    ].join('\n');
    const shell = await world.terminals.open(['bash', '-c', script], world.work);
    const pid = await until('the shell has started it', () => Number(readFileSync(note, 'utf8')));
    const session = await named(world.home, { ...shell, pid });
    const neighbour = { pid: Number(readFileSync(other, 'utf8')) };
    neighbour.key = (await settled(server, neighbour.pid, 'working')).key;
    const bystanders = [neighbour, ...await Promise.all([namesake, beside].map(pipe => pipe.reader()))];
    for (const bystander of bystanders) {
      assert.deepEqual([processOf(bystander.pid).ppid, processOf(pid).ppid], [shell.pid, shell.pid]);
      assert.deepEqual(groupOf(bystander.pid), groupOf(pid));
    }
    await session.say(`bash touch here && cat ${tool.path}`);
    const { key } = await tool.reader();

    const { json } = await kill(session, { graceMs: 30_000 });
    assert.deepEqual([json.ok, json.outcome], [true, 'exited'], JSON.stringify(json));
    assert.ok(keysOf(json.processes).includes(key));
    await allGone([session.key, key]);
    await shell.shows('it has ended');
    await late.reader();
    const others = [...bystanders.map(one => one.key), keyOf(shell.pid)];
    assert.deepEqual(others.filter(one => !isAlive(one)), []);
    assert.deepEqual(others.filter(one => [...keysOf(json.processes), ...keysOf(json.unproven)].includes(one)), []);
    await settled(server, neighbour.pid, 'working');
    world.mock.release('beside');
    await until('it has ended', () => !isAlive(neighbour.key));
    assert.equal(readFileSync(join(world.root, 'beside'), 'utf8').trim(), 'done');
  });

  test('what it started before /clear is told as well', async () => {
    const session = await world.session(TOOLS);
    const lost = pipes.make();
    await session.say(`bash (setsid cat ${lost.path} >/dev/null 2>&1 &) ;; say it runs`);
    await session.shows('● it runs');
    const { key } = await lost.reader();
    await session.say('/clear');
    await until('it has another conversation', () => world.registryOf(session.pid)?.sessionId !== session.sessionId);
    const { json } = await server.get(`/sessions/${session.pid}/tree`);
    assert.deepEqual([keysOf(json.unproven), json.unproven[0]?.sign.type], [[key], 'environment'], JSON.stringify(json));
    await kill(session, { graceMs: 30_000 });
    assert.equal(isAlive(key), true);
  });
});

// Version 2.1.197 lets its tools run on, 2.0.30 its servers too, and what they start there names neither a session nor a
// process in its environment: afterwards nobody could tell whose it was.
for (const version of OLDER_VERSIONS) {
  describe(`kill of a session of Claude Code ${version}`, () => {
    let world, server, pipes;
    before(async () => {
      world = await makeWorld({ version });
      pipes = pipesIn(world.root);
      server = await world.serve();
    });
    after(async () => {
      await pipes?.letGo().finally(() => world.end());
    });

    // A session with a tool, a shell in the background and a server that does not listen. What `lasts` is not ended by
    // the session itself.
    const busy = async () => {
      const [stubborn, rest, plain, orphan, setsid] = Array.from({ length: 5 }, () => pipes.make());
      const words = await mcpServers(world, { stubborn: [NODE, MCP_SERVER, 'stubborn', stubborn.path] });
      const session = await world.terminals.open(['claude', '--permission-mode', 'default', ...words, ...TOOLS], world.work);
      const readers = [await stubborn.reader()];
      await settled(server, session.pid, 'idle');
      const input = { command: `cat ${rest.path}`, description: 'rest', run_in_background: true };
      await session.say(`tool Bash ${JSON.stringify(input)} ;; say resting`);
      await session.shows('● resting');
      await session.say(`bash setsid cat ${setsid.path} & (cat ${orphan.path} &) ; cat ${plain.path}`);
      const lasts = await Promise.all([plain, orphan, setsid].map(pipe => pipe.reader()));
      readers.push(...lasts, await rest.reader());
      await settled(server, session.pid, 'working');
      return { path: `/sessions/${session.pid}/kill`, key: keyOf(session.pid), readers, lasts };
    };

    test('ends what the session itself leaves running', async () => {
      const { path, key, readers } = await busy();
      const { status, json } = await server.post(path, { key, graceMs: 30_000 });
      assert.equal(status, 200, JSON.stringify(json));
      assert.deepEqual([json.ok, json.outcome, json.spared], [true, 'exited', []]);
      const named = json.processes.map(process => process.key);
      assert.deepEqual(readers.filter(({ key }) => !named.includes(key) || isAlive(key)), [], JSON.stringify(json));
    });

    test('with {"tree":false} ends the session\'s own process alone', async () => {
      const { path, key, lasts } = await busy();
      const { status, json } = await server.post(path, { key, tree: false, graceMs: 30_000 });
      assert.equal(status, 200, JSON.stringify(json));
      assert.deepEqual([json.ok, json.outcome, json.processes.map(process => process.key)], [true, 'exited', [key]]);
      assert.equal(isAlive(key), false);
      assert.deepEqual(lasts.filter(({ key }) => !isAlive(key)), []);
    });
  });
}

// Process group and kernel session.
function groupOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(2, 4);
}
