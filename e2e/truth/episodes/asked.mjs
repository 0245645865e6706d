// A person is asked: for permission, for an answer, for a choice, for approval of a plan.

import { until } from '../../claude/until.mjs';
import { dismiss, escape, idle, permission, truth, withdraw, working } from './truths.mjs';

const QUESTIONS = [{
  question: 'Which colour?', header: 'Colour', multiSelect: false,
  options: [{ label: 'Red', description: 'warm' }, { label: 'Blue', description: 'cold' }],
}];

// The name of a conversation.
const ROUTE = '33333333-0000-4000-8000-000000000003';

export const asked = [
  {
    name: 'a permission prompt for Bash', truth: permission,
    also: { ask: { type: 'permission', tool: 'Bash', input: 'touch never' } },
    open: stage => stage.open(),
    reach: (stage, one) => one.say('bash touch never ;; say ran'),
    lasts: (stage, one) => one.asksAbout('touch never'),
  },
  {
    name: 'after Esc at a prompt', truth: idle, also: { ask: null, tool: null },
    reach: escape,
    lasts: async (stage, one) => await one.sees('Interrupted') && await one.atPrompt(),
  },
  {
    name: 'the first of two permission prompts', truth: permission, also: { ask: { type: 'permission', tool: 'Bash', input: 'touch first' } },
    reach: (stage, one) => one.say('tools [["Bash",{"command":"touch first"}],["Bash",{"command":"touch second"}]] ;; say ran'),
    lasts: (stage, one) => one.asksAbout('touch first'),
  },
  {
    name: 'the second of two permission prompts', truth: permission, also: { ask: { type: 'permission', tool: 'Bash', input: 'touch second' } },
    reach: (stage, one) => one.press('Enter'),
    lasts: (stage, one) => one.asksAbout('touch second'),
    leave: dismiss,
  },
  {
    name: 'a permission prompt for Write', truth: permission,
    async reach(stage, one) {
      const path = `${stage.world.work}/letter.txt`;
      this.also = { ask: { type: 'permission', tool: 'Write', input: path } };
      await one.say(`tool Write ${JSON.stringify({ file_path: path, content: 'Dear reader' })} ;; say written`);
    },
    lasts: (stage, one) => one.sees('Do you want to create letter.txt?'),
    leave: dismiss,
  },
  {
    name: 'a tool that was permitted runs', truth: working,
    async reach(stage, one) {
      one.pipe = stage.makePipe();
      this.also = { ask: null, tool: { name: 'Bash', input: `cp ${one.pipe.name} copy` } };
      await one.say(`bash cp ${one.pipe.name} copy ;; say ran`);
      await until('it is asked for', () => one.asksAbout(`cp ${one.pipe.name} copy`));
      await one.permit();
    },
    lasts: (stage, one) => one.runs(`cp ${one.pipe.name} copy`),
    async leave(stage, one) {
      one.pipe.letGo();
      await until('it is at its prompt again', () => one.atPrompt());
    },
  },
  {
    name: 'a question with options', truth: truth('waiting_input', 'input needed'),
    also: { ask: { type: 'question', questions: QUESTIONS } },
    reach: (stage, one) => one.say(`tool AskUserQuestion ${JSON.stringify({ questions: QUESTIONS })} ;; say thanks`),
    lasts: (stage, one) => one.sees('Enter to select', 'Type something'),
    leave: dismiss,
  },
  {
    name: 'the dialog of /model', truth: truth('waiting_dialog', 'dialog open'),
    reach: (stage, one) => one.say('/model'),
    lasts: (stage, one) => one.sees('Select model', 'Enter to save'),
    leave: dismiss,
  },
  {
    name: 'after /clear', truth: idle, also: { ask: null, asks: false, tool: null },
    reach: (stage, one) => one.say('/clear'),
    lasts: async (stage, one) => !await one.sees('Which colour?') && await one.atPrompt(),
  },
];

export const plan = [
  {
    name: 'a plan in a file is to be approved', truth: permission, also: { ask: { type: 'plan', text: '# Plan\n\n1. Walk' } },
    open: stage => stage.open(['--permission-mode', 'plan', '--session-id', ROUTE]),
    async reach(stage, one) {
      await one.say('say Let me see.');
      const file = { file_path: await stage.planFileOf(ROUTE), content: '# Plan\n\n1. Walk' };
      await until('it is at its prompt', () => one.atPrompt());
      await one.say(`tool Write ${JSON.stringify(file)} ;; tool ExitPlanMode {} ;; say planned`);
    },
    lasts: (stage, one) => one.sees('Ready to code?', 'Would you like to proceed?'),
  },
  {
    name: 'a plan is to be approved', truth: permission, also: { ask: { type: 'plan', text: '# Plan\n\n1. Do it' } },
    open: stage => stage.open(['--permission-mode', 'plan']),
    reach: (stage, one) => one.say(`tool ExitPlanMode ${JSON.stringify({ plan: '# Plan\n\n1. Do it' })} ;; say planned`),
    lasts: (stage, one) => one.sees('Exit plan mode?'),
  },
  {
    name: 'after Esc at the plan', truth: idle, also: { ask: null, tool: null },
    reach: escape,
    lasts: async (stage, one) => await one.sees('Rejected Claude\'s plan') && await one.atPrompt(),
  },
  {
    name: 'the API is asked again and again', truth: working, also: { ask: null, tool: null },
    reach: (stage, one) => one.say('fail 500'),
    lasts: (stage, one) => one.sees('retrying in'),
  },
  {
    name: 'after Esc between two tries', truth: idle,
    reach: withdraw,
    lasts: async (stage, one) => !await one.sees('retrying in') && await one.atPrompt(),
  },
];
