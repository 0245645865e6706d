// Conversations that the transcripts remember, those of ended sessions above all.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { gone, settled } from './listing.mjs';
import { until } from './until.mjs';
import { makeWorld, settle } from './world.mjs';

const DAY_MS = 86_400_000;

describe('scope=recent', () => {
  let world, server, ended, live, old;
  const repository = () => join(world.work, 'repository');
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    await mkdir(repository());
    execFileSync('git', ['init', '-q', '-b', 'topic', repository()], { env: world.env });
    // A repository is asked about by itself, whatever was said about the directory above.
    await settle(world.home, [world.work, repository()]);
    old = await told('a story of old');
    await end(old);
    const weeks = (Date.now() - 20 * DAY_MS) / 1000;
    await utimes(await world.transcriptOf(old.sessionId), weeks, weeks);
    ended = await told('a story with an end');
    await ended.say('/rename The end');
    await ended.shows('Session renamed');
    await end(ended);
    live = await told('a story that goes on');
  });
  after(() => world?.end());

  async function told(text) {
    const session = await world.session([], { cwd: repository() });
    await session.say(`say ${text}`);
    await session.shows(`● ${text}`);
    // The screen is faster than the file.
    await until('the turn is in the transcript', async () => {
      const transcript = await world.transcriptOf(session.sessionId);
      return (await readFile(transcript, 'utf8')).includes(`"text":"${text}"`);
    });
    return session;
  }

  async function end({ pid, key }) {
    await server.post(`/sessions/${pid}/kill`, { key, graceMs: 30_000 });
    await gone(server, pid);
  }

  const recent = async query => {
    const { status, json } = await server.get(`/sessions?scope=recent${query}`);
    assert.equal(status, 200);
    // Where the test shares its processes with the machine, the homes of others are found, too.
    return json.sessions.filter(({ cwd }) => cwd === repository());
  };

  test('newest first, within a week, with what each was about', async () => {
    const sessions = await recent('');
    assert.deepEqual(sessions.map(({ sessionId }) => sessionId), [live.sessionId, ended.sessionId]);
    const [, { lastActivityAt, sizeBytes, ...entry }] = sessions;
    const facts = await stat(await world.transcriptOf(ended.sessionId));
    assert.deepEqual(entry, {
      sessionId: ended.sessionId,
      cwd: repository(),
      project: 'repository',
      title: 'The end',
      gitBranch: 'topic',
      lastPrompt: 'say a story with an end',
      archived: false,
      live: null,
    });
    assert.equal(lastActivityAt, Math.floor(facts.mtimeMs));
    assert.equal(sizeBytes, facts.size);
  });

  test('the live one carries the key of its process', async () => {
    const entry = (await recent('&days=7')).find(({ sessionId }) => sessionId === live.sessionId);
    assert.equal(entry.live, live.key);
  });

  test('more days show more', async () => {
    const ids = (await recent('&days=30')).map(({ sessionId }) => sessionId);
    assert.deepEqual(ids, [live.sessionId, ended.sessionId, old.sessionId]);
  });

  test('the row of a live session has its branch', async () => {
    const row = await settled(server, live.pid, 'idle');
    assert.equal(row.gitBranch, 'topic');
    assert.equal(row.project, 'repository');
  });

  test('a query that asks for nothing is refused', async () => {
    for (const query of ['scope=all', 'scope=recent&days=0', 'scope=recent&days=x', 'scope=recent&days=-1']) {
      const { status, json } = await server.get(`/sessions?${query}`);
      assert.deepEqual([status, json.code], [400, 'bad_request'], query);
    }
  });
});
