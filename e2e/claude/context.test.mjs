// What a live session was last about, from the transcript that Claude Code writes, whatever became
// of that file.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { settled } from './listing.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

const ABSENT = { lastPrompt: null, awaySummary: null, lastAssistant: null, title: null, model: null, gitBranch: null };

describe('context', () => {
  let world, server, session, path;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    session = await world.session();
    await session.say('say a first answer');
    await session.shows('● a first answer');
    await session.say('/rename The colours');
    await session.shows('Session renamed');
    path = await world.transcriptOf(session.sessionId);
  });
  after(() => world?.end());

  const context = async () => {
    const { status, json } = await server.get(`/sessions/${session.pid}/context`);
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.ok, true);
    assert.equal(json.sessionId, session.sessionId);
    return json;
  };
  const tells = expected => until(`the context is ${JSON.stringify(expected)}`, async () => {
    const found = await context();
    return Object.entries(expected).every(([name, value]) => found[name] === value) && found;
  });

  // What no file can be read from says nothing, says why, and hurts nobody.
  const saysNothing = async () => {
    const { ok, sessionId, note, ...rest } = await context();
    assert.deepEqual(rest, ABSENT);
    assert.ok(note?.length > 0, 'a note says why');
    const { status, json } = await server.get('/health');
    assert.deepEqual([status, json.ok], [200, true]);
    await settled(server, session.pid, 'idle');
  };

  test('the prompt typed, the answer, the title and the model', async () => {
    const found = await tells({ lastPrompt: 'say a first answer', lastAssistant: 'a first answer', title: 'The colours' });
    assert.match(found.model, /^claude-/);
    assert.equal(found.awaySummary, null);
    assert.equal(found.gitBranch, null);
    assert.equal(found.note, undefined);
  });

  test('the next turn takes the place of the last', async () => {
    await session.say('say <b>bold</b> & "quoted" \u{1f600}');
    await tells({ lastPrompt: 'say <b>bold</b> & "quoted" \u{1f600}', lastAssistant: '<b>bold</b> & "quoted" \u{1f600}' });
  });

  test('a long answer is cut at 800 UTF-16 units', async () => {
    await session.say('repeat 500 four');
    await tells({ lastAssistant: 'four'.repeat(200) });
  });

  test('while a tool asks, what was said before it stands', async () => {
    await session.say('bash touch never ;; say ran');
    await settled(server, session.pid, 'waiting_permission');
    await tells({ lastPrompt: 'bash touch never ;; say ran' });
    await session.press('Escape');
    await settled(server, session.pid, 'idle');
  });

  test('a process without a session has no context', async () => {
    for (const pid of [process.pid, 4194304]) {
      const { status, json } = await server.get(`/sessions/${pid}/context`);
      assert.deepEqual([status, json.ok, json.code], [404, false, 'no_session']);
    }
    const bad = await server.get('/sessions/0/context');
    assert.deepEqual([bad.status, bad.json.code], [400, 'bad_pid']);
  });

  // From here on the file is not what it was; each test puts it back. Claude Code may still have a line to
  // add, and would make the file again.
  const instead = async (put, look) => {
    for (let size = -1; size !== (await stat(path)).size;) {
      ({ size } = await stat(path));
      await delay(500);
    }
    await rename(path, `${path}.aside`);
    try {
      await put();
      await look();
    } finally {
      await rm(path, { recursive: true, force: true });
      await rename(`${path}.aside`, path);
    }
  };
  const line = text => `${JSON.stringify({ type: 'user', message: { role: 'user', content: text } })}\n`;

  test('a pipe in its place', () => instead(() => execFileSync('mkfifo', [path]), saysNothing));

  test('a directory in its place', () => instead(() => execFileSync('mkdir', [path]), saysNothing));

  test('no file at all', () => instead(() => {}, saysNothing));

  test('no permission to read it', { skip: process.getuid() === 0 && 'root may read everything; see users.test.mjs' }, () =>
    instead(async () => {
      await writeFile(path, line('say secret'));
      await chmod(path, 0);
    }, saysNothing));

  test('an empty file', () => instead(() => writeFile(path, ''), async () => {
    const { lastPrompt, lastAssistant } = await context();
    assert.deepEqual([lastPrompt, lastAssistant], [null, null]);
  }));

  test('a torn last line', () => instead(
    () => writeFile(path, `${line('say whole')}${line('say torn').slice(0, -20)}`),
    () => tells({ lastPrompt: 'say whole' }),
  ));

  test('bytes that are no UTF-8, and lines that are no JSON', () => instead(
    () => writeFile(path, Buffer.concat([
      Buffer.from(line('say whole')), Buffer.from([0xff, 0xfe, 0x00, 0x0a]), Buffer.from('{"type":"user"\n[]\nnull\n7\n\n'),
    ])),
    () => tells({ lastPrompt: 'say whole' }),
  ));

  test('a line of 20 MB', () => instead(
    async () => {
      await writeFile(path, line('say before'));
      await appendFile(path, line('x'.repeat(20 << 20)).replace('"user"', '"attachment"'));
      await appendFile(path, line('say behind'));
    },
    () => tells({ lastPrompt: 'say behind' }),
  ));

  test('a hole of 256 MB', () => instead(
    async () => {
      await writeFile(path, line('say before'));
      await truncate(path, 2 ** 28);
    },
    async () => {
      await context();
      await settled(server, session.pid, 'idle');
    },
  ));

  test('put back, it is read again', () => tells({ lastPrompt: 'bash touch never ;; say ran', title: 'The colours' }));
});
