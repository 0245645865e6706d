// Others work for the session: subagents, background shells, hooks.

import { until } from '../../claude/until.mjs';
import { idle, permission, truth, working } from './truths.mjs';

export const company = [
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
    also: { ask: { type: 'permission', tool: 'Bash', input: 'touch errand' } },
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
