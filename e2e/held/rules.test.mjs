// Rules answer a held session in a person's stead.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { makeWorld } from '../claude/world.mjs';
import { answers, assertDecidedOnce, results, start } from './session.mjs';

describe('rules decide for a held session', () => {
  let world, server, held, rules;
  before(async () => {
    world = await makeWorld();
    for (const words of [['init', '--quiet'], ['-c', 'user.name=t', '-c', 'user.email=t@test', 'commit', '--quiet', '--allow-empty', '-m', 'first']]) {
      execFileSync('git', words, { cwd: world.work, env: world.env });
    }
    await writeFile(join(world.work, 'kept'), 'kept\n');
    server = await world.serve();
    const { rev } = (await server.get('/rules')).json;
    const set = await server.post('/rules', {
      rev,
      rules: [
        { tool: 'Bash', pattern: 'git status*', action: 'allow', scope: { type: 'all' } },
        { tool: 'Bash', pattern: 'git tag *', action: 'allow', scope: { type: 'all' } },
        { tool: 'Bash', pattern: 'rm *', action: 'deny', scope: { type: 'all' } },
      ],
    });
    assert.equal(set.status, 200, set.text);
    rules = set.json.rules;
    held = await start(server, { cwd: world.work });
  });
  after(() => world?.end());

  const decisionIn = events => {
    const { outcome, by, rule, reason } = events.find(({ type }) => type === 'decision');
    return { outcome, by, rule, reason };
  };

  test('what is allowed is done and nobody is asked', async () => {
    // Claude Code asks nobody about a command that only reads, whatever the rules say.
    const reads = await held.turn('bash git status --short ;; say clean');
    assert.deepEqual(answers(reads), ['clean']);
    assert.match(results(reads)[0].text, /kept/);

    const writes = await held.turn('bash git status && git tag marked ;; say marked');
    assert.deepEqual(answers(writes), ['marked']);
    const { outcome, by, rule } = decisionIn(writes);
    assert.deepEqual([outcome, by], ['allow', 'rule']);
    assert.ok(rules.some(({ id }) => id === rule), rule);
  });

  test('what is denied is not done, and the model is told by which rule', async () => {
    const events = await held.turn('bash rm kept ;; say understood');
    assert.deepEqual(answers(events), ['understood']);
    const { outcome, by, rule, reason } = decisionIn(events);
    assert.deepEqual([outcome, by, rule], ['deny', 'rule', rules[2].id]);
    assert.ok(reason.length > 0);
    const [{ isError, text }] = results(events);
    assert.ok(isError && text.includes(reason), text);
    assert.ok(world.mock.steps.some(step => step.results.some(result => result.includes(reason))));
    assert.ok(existsSync(join(world.work, 'kept')));
  });

  test('a deny hidden in a longer command counts', async () => {
    const events = await held.turn('bash git status && rm kept ;; say understood');
    assert.deepEqual(decisionIn(events).outcome, 'deny');
    assert.ok(existsSync(join(world.work, 'kept')));
  });

  test('what no rule is about is for a person', async () => {
    const { seq } = await held.say('bash touch asked ;; say asked');
    await held.decided(await held.asked(({ input }) => input.command === 'touch asked'), 'allow');
    assert.equal(decisionIn(await held.over(seq)).by, 'person');
    assert.ok(existsSync(join(world.work, 'asked')));
  });

  test('a rule that is made meanwhile decides from the next request on, and one that is taken away no more', async () => {
    const list = (await server.get('/rules')).json;
    const more = { tool: 'Bash', pattern: 'touch *', action: 'allow', scope: { type: 'project', dir: world.work } };
    const added = await server.post('/rules', { rev: list.rev, rules: [...list.rules, more] });
    assert.equal(added.status, 200, added.text);
    const events = await held.turn('bash touch by-rule ;; say made');
    assert.deepEqual([decisionIn(events).outcome, decisionIn(events).by], ['allow', 'rule']);
    assert.ok(existsSync(join(world.work, 'by-rule')));

    const taken = await server.post('/rules', { rev: added.json.rev, rules: list.rules });
    assert.equal(taken.status, 200, taken.text);
    const { seq } = await held.say('bash touch by-nobody ;; say refused');
    await held.decided(await held.asked(), 'deny');
    assert.equal(decisionIn(await held.over(seq)).by, 'person');
    assert.ok(!existsSync(join(world.work, 'by-nobody')));
  });

  test('each was decided once', async () => assertDecidedOnce(await held.events()));
});
