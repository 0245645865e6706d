// What a session asks that we have started in a terminal: it is answered from here, and nobody's settings were touched.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { commandOf, hooksOf } from '../claude/process.mjs';
import { COLOURS } from '../claude/question.mjs';
import { until } from '../claude/until.mjs';
import { makeWorld } from '../claude/world.mjs';
import { SERVER_BIN } from '../server.mjs';
import { start } from './session.mjs';
import { seatOf } from './seat.mjs';

const PLAN = '1. touch nothing';
const question = `tool AskUserQuestion ${JSON.stringify(COLOURS)} ;; say thanks`;
const plan = `tool ExitPlanMode ${JSON.stringify({ plan: PLAN })} ;; say rest`;

for (const [holder, version] of [['pty'], ['tmux'], ['pty', '2.1.197'], ['tmux', '2.1.197']]) {
  describe(`a session in a terminal asks: ${holder}${version ? `, ${version}` : ''}`, () => {
    let world, server, held, seat;
    const settings = () => join(world.home, '.claude/settings.json');
    const begin = async more => {
      held = await start(server, { cwd: world.work, holder, ...more });
      await held.idle();
      seat = await seatOf(world, held, holder);
    };
    before(async () => {
      world = await makeWorld({ version });
      server = await world.serve({ config: 'approval_wait_sec = 120\n' });
      await begin();
    });
    after(() => world?.end());

    const made = name => existsSync(join(world.work, name));
    const nothing = () => until('nothing is asked any more', async () => (await held.open()).length === 0);
    const gotResult = text => until(`the model is told ${text}`, () => world.mock.steps.some(({ results }) => results.some(result => result.includes(text))));
    const isAsked = async what => {
      await held.say(what);
      const approval = await held.asked();
      assert.deepEqual([approval.source, approval.key, approval.cwd], ['hook', held.key, world.work]);
      return approval;
    };

    test('it is allowed', async () => {
      assert.ok(!existsSync(settings()));
      const approval = await isAsked('bash touch allowed ;; say rest');
      assert.equal(approval.input.command, 'touch allowed');
      await seat.shows('Do you want to proceed?');
      assert.ok(!made('allowed'));
      await held.decided(approval, 'allow');
      await until('it has run', () => made('allowed'));
      await held.idle();
      assert.equal((await held.decide(approval, 'deny')).status, 409);
    });

    test('it is denied, and the model is told why', async () => {
      await held.decided(await isAsked('bash touch denied ;; say rest'), 'deny', { reason: 'Not on a Sunday.' });
      await gotResult('Not on a Sunday.');
      await held.idle();
      assert.ok(!made('denied'));
    });

    test('a question is answered', async () => {
      const approval = await isAsked(question);
      assert.equal(approval.ask.type, 'question');
      assert.equal((await held.decide(approval, 'allow')).status, 400);
      await held.decided(approval, 'allow', { answers: { 'Which colour?': 'Blue' } });
      await gotResult('Blue');
      await held.idle();
    });

    test('a rule decides, and nobody is asked', async () => {
      const { rev } = (await server.get('/rules')).json;
      const rules = [
        { tool: 'Bash', pattern: 'touch by-rule', action: 'allow', scope: { type: 'all' } },
        { tool: 'Bash', pattern: 'rm *', action: 'deny', scope: { type: 'all' } },
      ];
      assert.equal((await server.post('/rules', { rev, rules })).status, 200);
      await writeFile(join(world.work, 'kept'), '');
      const { seq } = await held.say('bash touch by-rule ;; bash rm kept ;; say rest');
      await until('it has run', () => made('by-rule'));
      await held.event('a denial', ({ type, isError }) => type === 'tool_result' && isError, seq);
      await held.idle();
      assert.ok(made('kept'));
    });

    test('what is answered in the terminal is not asked any more', async () => {
      // One question on the heels of the other.
      const first = await isAsked('bash touch by-hand ;; bash touch next ;; say rest');
      await seat.shows('Do you want to proceed?');
      await until('it is answered', async () => {
        if (made('by-hand')) return true;
        await seat.press('enter');
        await new Promise(done => setTimeout(done, 400));
        return false;
      });
      const second = await held.asked(({ input }) => input.command === 'touch next');
      await until('the first is gone', async () => (await held.open()).length === 1);
      assert.equal((await held.decide(first, 'deny')).json.code, 'no_approval');
      await held.decided(second, 'allow');
      await until('it has run', () => made('next'));
      await held.idle();

      await isAsked('bash touch never ;; say rest');
      await seat.shows('Do you want to proceed?');
      await seat.answer('escape');
      await nothing();
      await held.idle();
      assert.ok(!made('never'));
    });

    test('a server that is killed while it asks is followed by one that is asked', async () => {
      const before = await isAsked('bash touch survived ;; say rest');
      await seat.shows('Do you want to proceed?');
      server.child.kill('SIGKILL');
      await server.ended;
      server = held.server = await world.serve();
      const approval = await held.asked();
      assert.deepEqual([approval.at, approval.until, approval.input], [before.at, before.until, before.input]);
      assert.equal((await held.open()).length, 1);
      await held.decided(approval, 'allow');
      await until('it has run', () => made('survived'));
      await held.idle();

      // Without a server nobody gets to the keys of a terminal that is not the user's own.
      if (holder === 'pty') return;
      await isAsked('bash touch meanwhile ;; say rest');
      await seat.shows('Do you want to proceed?');
      server.child.kill('SIGKILL');
      await server.ended;
      await seat.answer('enter');
      await until('it has run', () => made('meanwhile'));
      server = held.server = await world.serve();
      await nothing();
      await held.idle();
    });

    test('its permission mode is changed at the prompt, and left where there is no such mode', async () => {
      const change = permissionMode => held.post('permission-mode', { permissionMode });
      assert.equal((await change('plan')).json.outcome, 'changed');
      await seat.shows('plan mode on');
      const before = await change('bypassPermissions');
      assert.deepEqual([before.status, before.json.code], [409, 'refused'], before.text);
      assert.match(before.json.error, /acceptEdits.* not bypassPermissions, and is in plan now/);
      await seat.shows('plan mode on');
      assert.equal((await change('nonsense')).status, 400);
      await seat.type('half a thought');
      await seat.shows('half a thought');
      assert.equal((await change('default')).json.code, 'busy');
      await seat.press('ctrl-u');
      await until('the line is empty', async () => (await change('default')).status === 200);
      assert.ok(!/(plan|auto) mode on|edits on/.test(await seat.screen()), await seat.screen());

      // It would answer what is asked, or let a turn do more for a moment.
      const approval = await isAsked('bash touch by-default ;; hold turn rest');
      await seat.shows('Do you want to proceed?');
      assert.equal((await change('plan')).json.code, 'busy');
      await held.decided(approval, 'allow');
      await until('the model was asked', () => world.mock.steps.some(({ name }) => name === 'turn'));
      assert.equal((await change('plan')).json.code, 'busy');
      world.mock.release('turn');
      await held.idle();
    });

    test('another model is chosen in the middle of the conversation', async () => {
      assert.equal((await held.done('model', { model: 'sonnet' })).outcome, 'changed');
      await held.idle();
      await held.say('hold model rest');
      const { model } = await until('the model was asked', () => world.mock.steps.find(({ name }) => name === 'model'));
      assert.match(model, /sonnet/);
      world.mock.release('model');
      await held.idle();
      // It asks before each switch, and is told so each time.
      assert.equal((await held.done('model', { model: 'opus' })).outcome, 'changed');
      await held.idle();
    });

    test('a plan is rejected with words, and approved', async () => {
      await held.done('cancel');
      await begin({ permissionMode: 'plan' });
      const rejected = await isAsked(plan);
      assert.deepEqual(rejected.ask, { type: 'plan', text: PLAN });
      await held.decided(rejected, 'deny', { reason: 'Touch something.' });
      await gotResult('Touch something.');
      await held.idle();
      await seat.shows('plan mode on');
      await held.decided(await isAsked(plan), 'allow', { permissionMode: 'acceptEdits' });
      await seat.shows('accept edits on');
      await held.idle();
    });

    test('it is gone on in, and still asks', async () => {
      await held.done('cancel');
      await until('it has left the list', async () => await held.row() === undefined);
      const { id } = held;
      await begin({ resume: id });
      assert.equal(held.id, id);
      await held.decided(await isAsked('bash touch resumed ;; say rest'), 'allow');
      await until('it has run', () => made('resumed'));
      await held.idle();
    });

    test('where hooks are installed it asks once, and where they are switched off not at all', async () => {
      await held.done('cancel');
      execFileSync(SERVER_BIN, ['hooks', 'install', '--approvals'], { env: world.env });
      await begin();
      assert.ok(!commandOf(held.pid).some(word => word.startsWith('--settings')));
      const approval = await isAsked('bash touch once ;; say rest');
      await seat.shows('Do you want to proceed?');
      assert.deepEqual([(await held.open()).length, hooksOf(held.pid).length], [1, 1]);
      await held.decided(approval, 'allow');
      await held.idle();
      await held.done('cancel');

      await writeFile(settings(), '{"disableAllHooks": true}');
      await begin();
      await held.say('bash touch alone ;; say rest');
      await until('it asks', async () => (await held.row()).state === 'waiting_permission');
      await seat.shows('Do you want to proceed?');
      assert.deepEqual(await held.open(), []);
      await seat.answer('enter');
      await until('it has run', () => made('alone'));
      await held.done('cancel');
      await rm(settings());
    });
  });
}
