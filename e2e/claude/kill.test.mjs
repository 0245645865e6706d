// Ending real sessions, and only them.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { gone, rowOf, settled } from './listing.mjs';
import { processOf } from './process.mjs';
import { makeWorld } from './world.mjs';

describe('kill', () => {
  let world, server;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
  });
  after(() => world?.end());

  const kill = (pid, body) => server.post(`/sessions/${pid}/kill`, body);
  // Once in a home's life an exit takes Claude Code five seconds and more.
  const exit = ({ pid, key }) => kill(pid, { key, graceMs: 30_000 });

  // What an answer of 200 says, and what then is so.
  const ended = async (session, { status, json }) => {
    assert.equal(status, 200, JSON.stringify(json));
    const { tookMs, processes, ...rest } = json;
    assert.deepEqual(rest, { ok: true, pid: session.pid, key: session.key, outcome: 'exited', spared: [], unproven: [] });
    assert.deepEqual([processes[0].key, processes[0].outcome], [session.key, 'exited']);
    assert.ok(Number.isInteger(tookMs) && tookMs >= 0 && tookMs < 60_000, `tookMs ${tookMs}`);
    assert.equal(processOf(session.pid), null);
    assert.equal(existsSync(join(world.sessions, `${session.pid}.json`)), false);
    await gone(server, session.pid);
  };

  test('an idle session exits and its registry file goes with it', async () => {
    const session = await world.session();
    const { key } = await rowOf(server, session.pid);
    assert.equal(key, session.key);
    await ended(session, await exit(session));
    await session.ended();
  });

  test('a working session exits', async () => {
    const session = await world.session();
    await session.say('hold forever nothing');
    await settled(server, session.pid, 'working');
    await ended(session, await exit(session));
  });

  test('a session at a permission prompt exits', async () => {
    const session = await world.session();
    await session.say('bash touch never ;; say ran');
    await settled(server, session.pid, 'waiting_permission');
    await ended(session, await exit(session));
    assert.equal(existsSync(join(world.work, 'never')), false);
  });

  test('a stopped session is continued, so that it can exit', async () => {
    const session = await world.underShell();
    await session.signal('STOP');
    await settled(server, session.pid, 'stopped');
    await ended(session, await exit(session));
  });

  test('without a body the pid alone is enough', async () => {
    const session = await world.session();
    const { status, json } = await kill(session.pid);
    assert.equal(status, 200);
    assert.ok(['exited', 'killed'].includes(json.outcome), json.outcome);
    assert.equal(json.key, session.key);
    assert.equal(processOf(session.pid), null);
  });

  test('without time to exit it is killed, and says so', async () => {
    const session = await world.session();
    const { status, json } = await kill(session.pid, { key: session.key, graceMs: 0 });
    assert.equal(status, 200);
    assert.equal(json.ok, true);
    assert.ok(['exited', 'killed'].includes(json.outcome), json.outcome);
    assert.equal(processOf(session.pid), null);
  });

  test('a key of another process is refused and the session lives', async () => {
    const session = await world.session();
    const [pid, ticks] = session.key.split(':');
    for (const key of [`${pid}:${Number(ticks) + 1}`, `${pid}:1`]) {
      const { status, json } = await kill(session.pid, { key });
      assert.equal(status, 409, key);
      assert.equal(json.ok, false);
      assert.equal(json.code, 'replaced');
    }
    await settled(server, session.pid, 'idle');
    await session.say('say still here');
    await session.shows('● still here');
  });

  test('a second kill finds no session any more', async () => {
    const session = await world.session();
    await ended(session, await exit(session));
    const { status, json } = await kill(session.pid, { key: session.key });
    // As long as its parent has not taken note of its end, the process has a number still.
    if (status === 200) assert.equal(json.outcome, 'already_gone');
    else assert.deepEqual([status, json.code], [403, 'not_a_session']);
  });

  test('what is no request for a kill is refused with its own word, and the session lives', async () => {
    const session = await world.session();
    const path = `/sessions/${session.pid}/kill`;
    const check = async (status, code, target, options) => {
      const answer = await server.request('POST', target, options);
      assert.deepEqual([answer.status, answer.json?.code, answer.json?.ok], [status, code, false], JSON.stringify(options));
    };
    await check(400, 'bad_pid', '/sessions/0/kill', {});
    await check(400, 'bad_pid', '/sessions/-1/kill', {});
    await check(400, 'bad_pid', '/sessions/99999999999999999999/kill', {});
    await check(400, 'bad_pid', '/sessions/one/kill', {});
    await check(400, 'bad_request', path, { body: '{"key":' });
    await check(400, 'bad_request', path, { body: { key: 'nonsense' } });
    await check(400, 'bad_request', path, { body: { key: '1:1' } });
    await check(400, 'bad_request', path, { body: { graceMs: -1 } });
    await check(415, 'not_json', path, { body: '{}', headers: { 'content-type': 'text/plain' } });
    await check(413, 'too_large', path, { body: { pad: 'x'.repeat(5_000) } });
    await check(403, 'bad_origin', path, { body: {}, headers: { origin: 'http://example.com' } });
    await check(403, 'bad_host', path, { body: {}, headers: { host: 'example.com' } });
    const get = await server.get(path);
    assert.deepEqual([get.status, get.headers.allow, get.json.code], [405, 'POST', 'bad_method']);
    await settled(server, session.pid, 'idle');
  });
});
