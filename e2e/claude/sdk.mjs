// A program that drives Claude Code through the Agent SDK, with streaming input, as CloudCLI does.
//
// Knows the SDK. Does not know how anybody tells from outside what the session is doing.

import { installSdk } from '../install/sdk.mjs';
import { childrenOf, isAlive, keyOf } from './process.mjs';
import { until } from './until.mjs';

// Starts a session in `world`; `options` go to the SDK. Whatever needs a permission waits until
// `answer` is called. The process starts with the session, before the first prompt.
export async function startSdkSession(world, options = {}) {
  const { query } = await import(await installSdk());
  const before = childrenOf(process.pid);
  const questions = [];
  const prompts = queueOf();
  const messages = [];

  const conversation = query({
    prompt: prompts.read(),
    options: {
      cwd: world.work,
      env: world.env,
      canUseTool: (tool, input, { signal }) => new Promise(done => {
        const question = { tool, input, answer: decision => (questions.splice(questions.indexOf(question), 1), done(decision)) };
        signal.addEventListener('abort', () => question.answer({ behavior: 'deny', message: 'interrupted' }));
        questions.push(question);
      }),
      ...options,
    },
  });
  const done = (async () => {
    try {
      for await (const message of conversation) messages.push(message);
    } catch (fault) {
      // The end of the process is no answer to a prompt.
      messages.push({ type: 'fault', fault });
    }
  })();
  const pid = await until('the SDK has started its process', () => childrenOf(process.pid).find(one => !before.includes(one)));

  const key = keyOf(pid);

  return {
    pid, key, messages, questions, done,
    say: text => prompts.write({ type: 'user', message: { role: 'user', content: text }, parent_tool_use_id: null }),
    // What canUseTool has been asked and not yet answered, once there is something.
    asked: tool => until(`${tool} asks for permission`, () => questions.find(one => one.tool === tool)),
    allow: question => question.answer({ behavior: 'allow', updatedInput: question.input }),
    interrupt: () => conversation.interrupt(),
    mode: name => conversation.setPermissionMode(name),
    turns: count => until(`${count} turns are done`, () => messages.filter(({ type }) => type === 'result').length >= count),
    // Closes its input and lets it go, whatever it is at.
    async end() {
      prompts.end();
      conversation.close();
      await done;
      await until('its process has ended', () => !isAlive(key));
    },
  };
}

// What is written now and read whenever there is something.
function queueOf() {
  const waiting = [];
  let wake = () => {};
  let over = false;
  return {
    write: item => (waiting.push(item), wake()),
    end: () => (over = true, wake()),
    async *read() {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift();
        if (over) return;
        await new Promise(done => { wake = done; });
      }
    },
  };
}
