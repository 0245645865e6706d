// A registry full of what does not belong there: the list stays right and everything goes on.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { rowOf, rowsOf, settled } from './listing.mjs';
import { pidDomain, processOf } from './process.mjs';
import { until } from './until.mjs';
import { makeWorld } from './world.mjs';

const SESSION = '22222222-0000-4000-8000-000000000000';

describe('the registry', () => {
  let world, server, session;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    session = await world.session();
  });
  after(() => world?.end());

  const at = name => join(world.sessions, name);
  // What a session would write about the process of this very test, which is none.
  const claim = (changes = {}) => JSON.stringify({
    pid: process.pid, sessionId: SESSION, cwd: world.work, startedAt: Date.now(), procStart: processOf(process.pid).startTicks,
    version: '2.1.329', kind: 'interactive', entrypoint: 'cli', pidDomain: pidDomain(), status: 'idle', updatedAt: Date.now(),
    ...changes,
  });
  const own = `${process.pid}.json`;

  // The one real session is listed as before, this test is not, and nothing stands still.
  const holds = async () => {
    const row = await settled(server, session.pid, 'idle');
    assert.equal(row.sessionId, session.sessionId);
    assert.equal(row.stateSource, 'registry');
    const rows = await rowsOf(server);
    assert.equal(rows.find(({ pid }) => pid === process.pid), undefined);
    assert.equal(rows.find(({ sessionId }) => sessionId === SESSION), undefined);
    const kill = await server.post(`/sessions/${process.pid}/kill`, {});
    assert.equal(kill.status, 403);
    const plan = await server.post('/sessions/cleanup', { dryRun: true });
    assert.equal(plan.status, 200);
    return plan.json.items.filter(({ action }) => action === 'delete').map(({ path }) => path);
  };

  const files = {
    'an empty file': () => writeFile(at(own), ''),
    'a half-written file': () => writeFile(at(own), claim().slice(0, 60)),
    'a file of a process that had our pid before': () => writeFile(at(own), claim({ procStart: '1' })),
    'a file of another machine': () => writeFile(at(own), claim({ pidDomain: pidDomain().replace(/^linux:[^:]*/, 'linux:0123456789abcdef') })),
    'a file of another pid namespace': () => writeFile(at(own), claim({ pidDomain: pidDomain().replace(/\d+\]$/, '1]') })),
    'a file that names another pid than its name': () => writeFile(at('4194303.json'), claim()),
    'a file with values of the wrong kind': () => writeFile(at(own), '{"pid":"one","sessionId":7,"procStart":[],"status":{}}'),
    'a file that is no object': () => writeFile(at(own), '[null]'),
    'a file that is no UTF-8': () => writeFile(at(own), Buffer.from([0xff, 0xfe, 0x7b, 0x7d])),
    'a file of 20 MB': () => writeFile(at('4194302.json'), `{"pad":"${'x'.repeat(20 << 20)}"}`),
    'an id that would leave the directory': () => writeFile(at(own), claim({ sessionId: '../../../../etc/passwd', procStart: '1' })),
    'a pipe': () => execFileSync('mkfifo', [at('4194301.json')]),
    'a directory': () => mkdir(at('4194300.json')),
    'a link to a file elsewhere': () => symlink('/etc/passwd', at('4194299.json')),
    'a link to itself': () => symlink('4194298.json', at('4194298.json')),
    'a file that nobody may read': async () => {
      await writeFile(at('4194297.json'), '{}');
      await chmod(at('4194297.json'), 0);
    },
    'files of earlier versions': async () => {
      await writeFile(at(`pid-${process.pid}.json`), JSON.stringify({ session_id: SESSION, cwd: world.work }));
      await writeFile(at(`pid-${session.pid}.json`), JSON.stringify({ session_id: SESSION, cwd: '/' }));
    },
    'names that are no pids': async () => {
      for (const name of ['0.json', '-1.json', '99999999999999999999.json', 'x.json', '.json', `${process.pid}.json.tmp`]) {
        await writeFile(at(name), claim());
      }
    },
  };
  for (const [what, put] of Object.entries(files)) {
    test(what, async () => {
      await put();
      const deleted = await holds();
      assert.ok(!deleted.includes(at(`${session.pid}.json`)), 'the live session\'s file stays');
    });
  }

  test('files of other machines and namespaces are nobody\'s orphans', async () => {
    for (const foreign of [/^linux:[^:]*/, /\d+\]$/]) {
      const domain = pidDomain().replace(foreign, foreign.source.startsWith('^') ? 'linux:0123456789abcdef' : '1]');
      await writeFile(at('4194296.json'), claim({ pid: 4194296, procStart: '1', pidDomain: domain }));
      assert.ok(!(await holds()).includes(at('4194296.json')), domain);
    }
  });

  test('a session whose own file is being rewritten is listed all the same', async () => {
    const whole = await readFile(at(`${session.pid}.json`));
    await writeFile(at(`${session.pid}.json`), '');
    const row = await until('the row says that nothing tells its state', async () => {
      const found = await rowOf(server, session.pid);
      return found.stateSource !== 'registry' && found;
    });
    assert.ok(['starting', 'unknown'].includes(row.state), row.state);
    assert.equal(row.key, session.key);
    assert.equal(row.cwd, world.work);
    await writeFile(at(`${session.pid}.json`), whole);
    await holds();
  });
});
