// What the mocked model is to say: the prompt itself is the script.
//
// Knows the little language of the prompts. Does not know HTTP or how an answer is streamed.
//
//   say TEXT         answer TEXT
//   repeat N TEXT    answer TEXT, N times over
//   hold NAME TEXT   answer TEXT once the test releases NAME (the session works until then)
//   stream NAME TEXT stream words until the test releases NAME, then TEXT
//   think NAME TEXT  think aloud until the test releases NAME, then answer TEXT
//   bash COMMAND     call the tool Bash
//   tool NAME JSON   call the tool NAME with JSON as its input
//   tools JSON       call several tools in one answer: [[NAME, INPUT], ...]
//   fail STATUS      answer with that HTTP status
//
// Steps are separated by ` ;; `; one is played for each turn of the model since the prompt. Past the
// end the model says `done.` A prompt that is to read like a person's is a story: a key of `stories`,
// whose value is the script.

const WORDS = /^(say|repeat|hold|stream|think|bash|tools?|fail)\b/;
// How Claude Code asks for the summary that /compact leaves behind.
const COMPACTION = /detailed summary of (the|this|our) conversation/;

// Returns the step that answers this conversation.
export function nextStep(request, stories = {}) {
  if (request.output_config?.format?.type === 'json_schema') return filled(request.output_config.format.schema);
  const messages = request.messages ?? [];
  if (messages.length > 0 && texts(messages.at(-1).content).some(text => COMPACTION.test(text))) {
    return { verb: 'say', text: '<analysis>None.</analysis>\n<summary>The test has talked to the mock.</summary>' };
  }
  const { script, turns } = lastScript(messages, stories);
  const steps = script.split(' ;; ');
  return parseStep(steps[turns] ?? 'say done.');
}

// Side questions of the CLI (a title, for example) ask for an object of a given shape.
function filled(schema) {
  const fields = Object.entries(schema?.properties ?? {});
  const answer = fields.map(([name, { type }]) => [name, type === 'string' ? `Mock ${name}` : true]);
  return { verb: 'say', text: JSON.stringify(Object.fromEntries(answer)) };
}

// The last text of the user that is a script, and how often the model has spoken since. Tool results
// and what the CLI adds by itself are not scripts.
function lastScript(messages, stories) {
  let turns = 0;
  for (const { role, content } of messages.toReversed()) {
    if (role === 'assistant') {
      turns += 1;
      continue;
    }
    const script = texts(content).map(text => stories[text] ?? text).findLast(text => WORDS.test(text));
    if (script) return { script, turns };
  }
  return { script: 'say (no script)', turns };
}

function texts(content) {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  return blocks
    .filter(({ type }) => type === 'text')
    .map(({ text }) => text.replace(/<system-reminder>.*?<\/system-reminder>/gs, '').trim());
}

function parseStep(step) {
  const [verb, rest] = cut(step.trim());
  switch (verb) {
    case 'bash':
      return tools(['Bash', { command: rest, description: 'a command of the test' }]);
    case 'tool': {
      const [name, json] = cut(rest);
      return tools([name, JSON.parse(json || '{}')]);
    }
    case 'tools':
      return tools(...JSON.parse(rest));
    case 'repeat': {
      const [times, text] = cut(rest);
      return { verb: 'say', text: text.repeat(Number(times)) };
    }
    case 'hold':
    case 'stream':
    case 'think': {
      const [name, text] = cut(rest);
      return { verb, name, text: text || 'released.' };
    }
    case 'fail':
      return { verb, status: Number(rest) || 500 };
    default:
      return { verb: 'say', text: rest };
  }
}

const tools = (...calls) => ({ verb: 'tools', calls: calls.map(([name, input]) => ({ name, input })) });

function cut(text) {
  const at = text.indexOf(' ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
