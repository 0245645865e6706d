// Every state of a session, how to get there, and how one knows from the outside that it is there.
//
// Knows Claude Code as a person at the terminal does. An episode is
//
//   name     what happens
//   truth    `{ state, waitingFor }` of the session while it lasts
//   also     further fields of its row that must hold
//   open     starts the session, where it is another than before
//   reach    brings it about
//   lasts    true while it does, by screen, mocked model or /proc
//   leave    brings the session to where the next episode begins
//
// The episodes of a lane follow each other, the lanes go side by side.

import { until } from '../claude/until.mjs';

const truth = (state, waitingFor = null) => ({ state, waitingFor });
const working = truth('working');
const idle = truth('idle');
const permission = truth('waiting_permission', 'permission prompt');

const atPrompt = (stage, one) => one.atPrompt();
const escape = (stage, one) => one.press('Escape');
const dismiss = async (stage, one) => {
  await one.press('Escape');
  await until('it is at its prompt again', () => one.atPrompt());
};
const withdraw = (stage, one) => one.withdraw();

// The names of conversations.
const TALE = '33333333-0000-4000-8000-000000000001';
const FORK = '33333333-0000-4000-8000-000000000002';
const ROUTE = '33333333-0000-4000-8000-000000000003';

const QUESTIONS = [{
  question: 'Which colour?', header: 'Colour', multiSelect: false,
  options: [{ label: 'Red', description: 'warm' }, { label: 'Blue', description: 'cold' }],
}];

const turn = [
  {
    name: 'fresh at its prompt', truth: idle, also: { ask: null, asks: false, tool: null },
    open: stage => stage.open(),
    lasts: atPrompt,
  },
  {
    name: 'the API takes its time', truth: working, also: { ask: null, tool: null },
    reach: (stage, one) => one.say('hold delayed never'),
    lasts: stage => stage.holds('delayed'),
  },
  {
    name: 'after Esc in the middle of a turn', truth: idle,
    reach: withdraw,
    lasts: async (stage, one) => stage.ended('delayed') && await one.atPrompt(),
  },
  {
    name: 'the answer streams', truth: working, also: { ask: null, tool: null },
    reach: (stage, one) => one.say('stream flood and that was all.'),
    lasts: async (stage, one) => stage.holds('flood') && await one.sees('tokens)'),
  },
  {
    name: 'after a turn', truth: idle, also: { ask: null, asks: false, tool: null },
    reach: stage => stage.mock.release('flood'),
    lasts: async (stage, one) => await one.sees('and that was all.') && await one.atPrompt(),
  },
  {
    name: 'the model thinks', truth: working, also: { ask: null, tool: null },
    reach: (stage, one) => one.say('think thought I have thought.'),
    lasts: async (stage, one) => stage.holds('thought') && await one.sees('thinking)'),
    leave: stage => stage.mock.release('thought'),
  },
  {
    name: 'a Bash tool runs', truth: working,
    async reach(stage, one) {
      one.pipe = stage.makePipe();
      this.also = { ask: null, tool: { name: 'Bash', input: `cat ${one.pipe.name}` } };
      await one.say(`bash cat ${one.pipe.name} ;; say ran`);
    },
    lasts: (stage, one) => one.runs(`cat ${one.pipe.name}`),
    leave: (stage, one) => one.pipe.letGo(),
  },
  {
    name: 'a question in plain words', truth: idle, also: { asks: true, ask: { type: 'text', text: 'Shall I go on?' }, tool: null },
    reach: (stage, one) => one.say('say Shall I go on?'),
    lasts: async (stage, one) => await one.sees('● Shall I go on?') && await one.atPrompt(),
  },
  {
    name: 'an answer to it is thought over', truth: working, also: { asks: false, ask: null, tool: null },
    reach: (stage, one) => one.say('hold further I went on.'),
    lasts: stage => stage.holds('further'),
    leave: stage => stage.mock.release('further'),
  },
  {
    name: 'after an error of the API', truth: idle, also: { asks: false, ask: null, tool: null },
    reach: (stage, one) => one.say('fail 400'),
    lasts: async (stage, one) => await one.sees('API Error: 400') && await one.atPrompt(),
  },
];

const asked = [
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

const company = [
  {
    name: 'a subagent works', truth: working, also: { ask: null },
    open: stage => stage.open(),
    async reach(stage, one) {
      const input = { description: 'look', prompt: 'hold searching I found it.', subagent_type: 'general-purpose' };
      await one.say(`tool Agent ${JSON.stringify(input)} ;; say waiting`);
    },
    lasts: async (stage, one) => stage.holds('searching') && await one.sees('● waiting', 'background agent to finish'),
  },
  {
    name: 'after the subagent has finished', truth: idle,
    reach: stage => stage.mock.release('searching'),
    lasts: async (stage, one) => await one.sees('finished') && await one.atPrompt(),
  },
  {
    name: 'a subagent asks for permission', truth: permission,
    reach: (stage, one) => one.say(`tool Agent ${JSON.stringify({
      description: 'try', prompt: 'bash touch errand', subagent_type: 'general-purpose',
    })} ;; say trying`),
    lasts: (stage, one) => one.sees('from the general-purpose agent', 'touch errand', 'Do you want to proceed?'),
    async leave(stage, one) {
      await one.press('Escape');
      await until('the subagent has finished', async () => await one.sees('"try" finished') && await one.atPrompt());
    },
  },
  {
    name: 'after /compact', truth: idle, also: { ask: null, asks: false, tool: null },
    reach: (stage, one) => one.say('/compact'),
    lasts: async (stage, one) => await one.sees('Compacted') && await one.atPrompt(),
  },
  {
    name: 'at its prompt with a background shell', truth: truth('shell'), also: { ask: null, tool: null },
    async reach(stage, one) {
      one.pipe = stage.makePipe();
      const input = { command: `cat ${one.pipe.name}`, description: 'wait', run_in_background: true };
      await one.say(`tool Bash ${JSON.stringify(input)} ;; say it waits`);
    },
    lasts: async (stage, one) => one.runs(`cat ${one.pipe.name}`) && await one.sees('● it waits') && await one.atPrompt(),
    leave: (stage, one) => one.pipe.letGo(),
  },
  {
    name: 'a Stop hook runs', truth: working, also: { ask: null, asks: false },
    async open(stage) {
      const pipe = stage.makePipe();
      await stage.hookStop('hooked', `cat ${pipe.path}`);
      return Object.assign(await stage.open([], 'hooked'), { pipe });
    },
    reach: (stage, one) => one.say('say It is over.'),
    lasts: async (stage, one) => one.runs(`cat ${one.pipe.path}`) && await one.sees('● It is over.'),
    leave: (stage, one) => one.pipe.letGo(),
  },
];

const plan = [
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

const signals = [
  {
    name: 'stopped by a signal at its prompt', truth: truth('stopped'),
    open: stage => stage.openUnderShell(),
    reach: (stage, one) => one.signal('STOP'),
    lasts: (stage, one) => stage.isStopped(one.pid),
  },
  {
    name: 'continued at its prompt', truth: idle,
    reach: (stage, one) => one.signal('CONT'),
    lasts: async (stage, one) => !stage.isStopped(one.pid) && await one.atPrompt(),
  },
  {
    name: 'stopped by a signal while the API takes its time', truth: truth('stopped'),
    async reach(stage, one) {
      await one.say('hold interlude never');
      await until('the model has been asked', () => stage.holds('interlude'));
      await one.signal('STOP');
    },
    lasts: (stage, one) => stage.isStopped(one.pid) && stage.holds('interlude'),
  },
  {
    name: 'continued while the API takes its time', truth: working,
    reach: (stage, one) => one.signal('CONT'),
    lasts: (stage, one) => !stage.isStopped(one.pid) && stage.holds('interlude'),
  },
  {
    name: 'killed by SIGKILL', truth: truth('gone'),
    reach: (stage, one) => one.signal('KILL'),
    lasts: (stage, one) => stage.isGone(one.pid),
  },
];

const jobs = [
  {
    name: 'suspended by Ctrl-Z', truth: truth('stopped'),
    open: stage => stage.openAsJob(),
    reach: (stage, one) => one.press('C-z'),
    lasts: async (stage, one) => stage.isStopped(one.pid) && await one.sees('is suspended', 'Stopped'),
  },
  {
    name: 'brought back by fg', truth: idle,
    reach: async (stage, one) => {
      await one.press('-l', '--', 'fg');
      await one.press('Enter');
    },
    lasts: async (stage, one) => !stage.isStopped(one.pid) && await one.atPrompt(),
  },
  {
    name: 'a command of one\'s own runs', truth: working, also: { ask: null },
    async reach(stage, one) {
      one.pipe = stage.makePipe();
      await one.shell(`cat ${one.pipe.name}`);
    },
    lasts: (stage, one) => one.runs(`cat ${one.pipe.name}`),
    leave: (stage, one) => one.pipe.letGo(),
  },
];

const trust = [
  {
    name: 'at the trust dialog', truth: truth('starting'), also: { sessionId: null, ask: null, tool: null },
    open: stage => stage.openUntrusted(),
    reach: (stage, one) => stage.ripe(one.pid),
    lasts: (stage, one) => one.sees('Yes, I trust this folder'),
  },
];

const choice = [
  {
    name: 'at the choice of what to resume', truth: truth('starting'), also: { ask: null, tool: null },
    async open(stage) {
      await stage.tell([], 'The end.');
      return stage.launch(['--resume']);
    },
    reach: (stage, one) => stage.ripe(one.pid),
    lasts: (stage, one) => one.sees('Resume session', 'Enter to resume'),
  },
];

const otherwise = [
  {
    name: 'claude -p', truth: working, also: { ask: null, tool: null, entrypoint: 'sdk-cli' },
    open: stage => stage.headless('hold afar from afar'),
    lasts: stage => stage.holds('afar'),
    async leave(stage, one) {
      stage.mock.release('afar');
      await one.done;
    },
  },
  {
    name: 'resumed', truth: idle, also: { sessionId: TALE, ask: null, tool: null },
    async open(stage) {
      await stage.tell(['--session-id', TALE], 'Once upon a time.');
      return stage.open(['--resume', TALE]);
    },
    lasts: async (stage, one) => await one.sees('● Once upon a time.') && await one.atPrompt(),
  },
  {
    name: 'forked', truth: idle, also: { sessionId: FORK, ask: null, tool: null },
    open: stage => stage.open(['--resume', TALE, '--fork-session', '--session-id', FORK]),
    lasts: async (stage, one) => await one.sees('● Once upon a time.') && await one.atPrompt(),
  },
  {
    name: 'claude --bg at work', truth: working, also: { ask: null, kind: 'bg' },
    open: stage => stage.background('hold backstage from behind'),
    lasts: stage => stage.holds('backstage'),
  },
  {
    name: 'claude --bg after its turn', truth: idle, also: { ask: null, kind: 'bg' },
    reach: stage => stage.mock.release('backstage'),
    lasts: stage => stage.ended('backstage'),
    leave: (stage, one) => one.stop(),
  },
  {
    name: 'claude --bg asks for permission', truth: permission,
    also: { ask: { type: 'permission', tool: 'Bash', input: 'touch backstage' }, kind: 'bg' },
    open: stage => stage.background('bash touch backstage'),
    lasts: (stage, one) => one.sees('touch backstage', 'Do you want to proceed?'),
    leave: (stage, one) => one.stop(),
  },
];

// The longest first: what is left over at the end should be short.
export const LANES = { asked, turn, otherwise, company, plan, choice, signals, trust, jobs };
