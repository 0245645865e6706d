// What happens to the process: signals, job control, and the ways to start it.

import { until } from '../../claude/until.mjs';
import { idle, permission, truth, working } from './truths.mjs';

// The names of two conversations.
const TALE = '33333333-0000-4000-8000-000000000001';
const FORK = '33333333-0000-4000-8000-000000000002';

export const signals = [
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

export const jobs = [
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

export const trust = [
  {
    name: 'at the trust dialog', truth: truth('starting'), also: { sessionId: null, ask: null, tool: null },
    open: stage => stage.openUntrusted(),
    reach: (stage, one) => stage.ripe(one.pid),
    lasts: (stage, one) => one.sees('Yes, I trust this folder'),
  },
];

export const choice = [
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

export const otherwise = [
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
