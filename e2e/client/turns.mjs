// The events of a session as the server would tell them.

export const status = (state, more = {}) =>
  ({ type: 'status', state, model: 'sonnet', permissionMode: 'default', ...more });
export const user = text => ({ type: 'user', uuid: null, text });
export const assistant = text => ({ type: 'assistant', uuid: null, messageId: 'msg_1', text });
export const exit = (more = {}) => ({ type: 'exit', code: 0, signal: null, cancelled: true, stderr: '', ...more });

export const usage = (more = {}) => ({
  type: 'usage', subtype: 'success', isError: false, durationMs: 1200, costMicroUsd: 5400,
  inputTokens: 12, outputTokens: 34, cacheReadTokens: null, cacheCreationTokens: null, ...more,
});

// A whole turn.
export const turn = (prompt, answer) => [user(prompt), status('working'), assistant(answer), usage(), status('idle')];
