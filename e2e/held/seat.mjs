// The terminal that a session of ours is in, whichever of the two holders has it, as somebody in front of it.
//
// Knows how to look and to press keys. Does not know what is right: a test asserts that.

import assert from 'node:assert/strict';

import { until } from '../claude/until.mjs';

// Keys by their names here and in tmux.
const NAMES = { enter: 'Enter', escape: 'Escape', 'shift-tab': 'BTab', 'ctrl-u': 'C-u', down: 'Down' };

// The terminal of `held`, which `holder` has.
export async function seatOf(world, held, holder) {
  const terminal = holder === 'tmux' ? await world.holder.attach(`claude-${held.id.slice(0, 8)}`) : null;

  async function screen() {
    if (terminal) return terminal.screen();
    const { status, json, text } = await held.server.get(`/sessions/${held.id}/screen`);
    assert.equal(status, 200, text);
    return json.lines.map(runs => runs.map(({ text }) => text).join('')).join('\n');
  }
  const press = key => terminal ? terminal.press(NAMES[key]) : held.done('keys', { keys: [key] });
  return {
    screen, press,
    // Types a text without sending it.
    type: text => terminal ? terminal.press('-l', '--', text) : held.done('keys', { text }),
    shows: text => until(`the terminal shows ${text}`, async () => (await screen()).includes(text))
      .catch(async error => { throw new Error(`${error.message}\n${await screen()}`); }),
    // A dialog that has just come up does not take a key yet.
    answer: key => until('the prompt has been answered', async () => {
      if (!(await screen()).includes('Do you want to')) return true;
      await press(key);
      await new Promise(done => setTimeout(done, 400));
      return false;
    }),
  };
}
