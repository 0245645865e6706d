// What happens in a turn of the model, and after it.

import { idle, withdraw, working } from './truths.mjs';

export const turn = [
  {
    name: 'fresh at its prompt', truth: idle, also: { ask: null, asks: false, tool: null },
    open: stage => stage.open(),
    lasts: (stage, one) => one.atPrompt(),
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
