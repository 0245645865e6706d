// What a held session asks a person, and what comes of the answers.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { COLOURS } from '../claude/question.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { answers, assertDecidedOnce, assertUnbroken, results, start } from './session.mjs';

describe('a held session asks', () => {
  let world, server, held;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    held = await start(server, { cwd: world.work });
  });
  after(() => world?.end());

  const wrote = name => join(world.work, name);
  // What the model was given as results of its tools.
  const modelHas = text => world.mock.steps.some(({ results }) => results.some(result => result.includes(text)));

  test('what is allowed is done, once', async () => {
    const { seq } = await held.say('bash echo one >> allowed ;; say done');
    const approval = await held.asked();
    const { at, id, sessionId, key, cwd, tool, input, ask, source } = approval;
    assert.deepEqual({ sessionId, key, cwd, tool, source, command: input.command }, {
      sessionId: held.id, key: held.key, cwd: world.work, tool: 'Bash', source: 'held', command: 'echo one >> allowed',
    });
    assert.equal(ask.type, 'permission');
    assert.ok(Math.abs(Date.now() - at) < 30_000, `${at}`);
    assert.ok(!existsSync(wrote('allowed')));

    const both = await Promise.all([held.decide(approval, 'allow'), held.decide(approval, 'deny')]);
    const [won, lost] = both.sort((a, b) => a.status - b.status);
    assert.deepEqual([won.status, lost.status], [200, 409], `${won.text} ${lost.text}`);
    const events = await held.over(seq);
    if (won.json.outcome === 'allow') assert.equal(await readFile(wrote('allowed'), 'utf8'), 'one\n');
    else assert.ok(!existsSync(wrote('allowed')));
    const decisions = events.filter(({ type }) => type === 'decision');
    assert.deepEqual(decisions.map(({ requestId, outcome, by }) => [requestId, outcome, by]), [[id, won.json.outcome, 'person']]);
    assert.deepEqual(await held.open(), []);
    assert.equal((await held.decide(approval, 'allow')).status, 409);
  });

  test('what is denied is not done, and the model is told why', async () => {
    const { seq } = await held.say('bash touch denied ;; say understood');
    await held.decided(await held.asked(), 'deny', { reason: 'Not on a Friday: "never" & ünder no 🌧.' });
    const events = await held.over(seq);
    assert.deepEqual(answers(events), ['understood']);
    const [result] = results(events);
    assert.equal(result.isError, true);
    assert.ok(result.text.includes('Not on a Friday: "never" & ünder no 🌧.'), result.text);
    assert.ok(modelHas('Not on a Friday: "never" & ünder no 🌧.'));
    assert.equal(events.find(({ type }) => type === 'decision').reason, 'Not on a Friday: "never" & ünder no 🌧.');
    assert.ok(!existsSync(wrote('denied')));
  });

  test('a denial without a reason is one all the same', async () => {
    const { seq } = await held.say('bash touch unexplained ;; say understood');
    await held.decided(await held.asked(), 'deny');
    assert.deepEqual(results(await held.over(seq)).map(({ isError }) => isError), [true]);
    assert.ok(!existsSync(wrote('unexplained')));
  });

  test('a question is answered', async () => {
    const { seq } = await held.say(`tool AskUserQuestion ${JSON.stringify(COLOURS)} ;; say thanks`);
    const approval = await held.asked();
    assert.equal(approval.ask.type, 'question');
    assert.deepEqual(approval.input.questions, COLOURS.questions);
    await held.decided(approval, 'allow', { answers: { 'Which colour?': 'Blue' } });
    const events = await held.over(seq);
    assert.deepEqual(answers(events), ['thanks']);
    assert.match(results(events)[0].text, /Which colour\?.*Blue/);
    assert.ok(modelHas('Blue'));
  });

  test('a question without an answer is not allowed by mistake', async () => {
    const { seq } = await held.say(`tool AskUserQuestion ${JSON.stringify(COLOURS)} ;; say all right`);
    const approval = await held.asked();
    const bare = await held.decide(approval, 'allow');
    assert.deepEqual([bare.status, bare.json.code], [400, 'bad_request'], bare.text);
    assert.equal((await held.open()).length, 1);
    await held.decided(approval, 'deny', { reason: 'Choose yourself.' });
    assert.match(results(await held.over(seq))[0].text, /Choose yourself/);
  });

  test('a plan is rejected with words, then approved, and the work goes on in the mode that was chosen', async () => {
    await held.done('permission-mode', { permissionMode: 'plan' });
    const plan = text => JSON.stringify({ plan: text });
    const first = await held.say(`tool ExitPlanMode ${plan('# First\n\n- rush')} ;; say thinking again`);
    const rushed = await held.asked();
    assert.equal(rushed.ask.type, 'plan');
    assert.ok(JSON.stringify(rushed).includes('- rush'), JSON.stringify(rushed));
    await held.decided(rushed, 'deny', { reason: 'Slower, please.' });
    const rejected = await held.over(first.seq);
    assert.match(results(rejected)[0].text, /Slower, please/);
    assert.ok(modelHas('Slower, please.'));
    assert.equal((await held.events()).findLast(({ type }) => type === 'status').permissionMode, 'plan');

    const write = JSON.stringify({ file_path: wrote('planned'), content: 'as planned\n' });
    const second = await held.say(`tool ExitPlanMode ${plan('# Second\n\n- with care')} ;; tool Write ${write} ;; say built`);
    const careful = await held.asked();
    assert.ok(JSON.stringify(careful).includes('with care'), JSON.stringify(careful));
    await held.decided(careful, 'allow', { permissionMode: 'acceptEdits' });
    const approved = await held.over(second.seq);
    assert.deepEqual(answers(approved), ['built']);
    assert.equal(await readFile(wrote('planned'), 'utf8'), 'as planned\n');
    assert.equal(approved.filter(({ type }) => type === 'approval').length, 1);
    await held.done('permission-mode', { permissionMode: 'default' });
  });

  test('subagents that ask at the same time each get their own answer', async () => {
    const task = name => ['Agent', {
      description: name, subagent_type: 'general-purpose', prompt: `bash touch ${name}`,
    }];
    const { seq } = await held.say(`tools ${JSON.stringify([task('left'), task('right')])} ;; say both are done`);
    const left = await held.asked(({ input }) => input.command === 'touch left');
    const right = await held.asked(({ input }) => input.command === 'touch right');
    assert.notEqual(left.id, right.id);
    assert.equal((await held.open()).length, 2);
    await held.decided(right, 'deny', { reason: 'Only the left one.' });
    await held.decided(left, 'allow');
    // They may go on when the turn that called them has ended.
    const resultOf = async ({ id }) => {
      const events = await held.events(seq);
      const { toolUseId } = events.find(({ type, requestId }) => type === 'approval' && requestId === id);
      return results(events).find(result => result.toolUseId === toolUseId);
    };
    const did = await until('the left one has its result', () => resultOf(left));
    const didNot = await until('the right one has its result', () => resultOf(right));
    assert.equal(did.isError, false);
    assert.match(didNot.text, /Only the left one/);
    assert.ok(existsSync(wrote('left')) && !existsSync(wrote('right')));
    await held.event('the end', ({ type, text, parent }) => type === 'assistant' && text === 'both are done' && !parent, seq);
    await held.idle();
  });

  test('what is decided for somebody else\'s session, or for nothing, is refused', async () => {
    const other = await start(server, { cwd: world.work });
    const { seq } = await held.say('bash touch mixed ;; say mixed');
    const approval = await held.asked();
    const wrong = await server.post(`/approvals/${approval.id}`, { sessionId: other.id, decision: 'allow' });
    assert.ok(wrong.status === 404 || wrong.status === 409, wrong.text);
    const nothing = await server.post('/approvals/nothing', { sessionId: held.id, decision: 'allow' });
    assert.ok(nothing.status === 404 || nothing.status === 409, nothing.text);
    assert.equal((await held.decide(approval, 'withdrawn')).status, 400);
    assert.deepEqual((await held.open()).map(({ id }) => id), [approval.id]);
    await held.decided(approval, 'deny');
    await held.over(seq);
    await other.done('cancel');
    assert.ok(!existsSync(wrote('mixed')));
  });

  test('an answer for always makes a rule, which decides the next time', async () => {
    const { seq } = await held.say('bash touch always ;; say first');
    const { rule } = await held.decided(await held.asked(), 'allow', { always: { scope: { type: 'session', sessionId: held.id } } });
    assert.ok(rule, 'no rule was made');
    await held.over(seq);
    const events = await held.turn('bash touch always ;; say second');
    assert.deepEqual(answers(events), ['second']);
    const decision = events.find(({ type }) => type === 'decision');
    assert.deepEqual([decision.by, decision.rule], ['rule', rule]);
  });

  test('each approval was decided once, and no number is missing', async () => {
    const events = await held.events();
    assertUnbroken(events);
    assertDecidedOnce(events);
  });
});
