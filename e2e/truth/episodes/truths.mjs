// The words for the truth, and what episodes have in common.

import { until } from '../../claude/until.mjs';

export const truth = (state, waitingFor = null) => ({ state, waitingFor });
export const working = truth('working');
export const idle = truth('idle');
export const permission = truth('waiting_permission', 'permission prompt');

export const escape = (stage, one) => one.press('Escape');
export const withdraw = (stage, one) => one.withdraw();
export const dismiss = async (stage, one) => {
  await one.press('Escape');
  await until('it is at its prompt again', () => one.atPrompt());
};
