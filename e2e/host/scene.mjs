// The machine of an invented developer, for pictures: real sessions in every state, and older ones.
//
// Knows what is in the picture. Does not know the page.

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { processOf } from '../claude/process.mjs';
import { tmuxAt } from '../claude/terminal.mjs';
import { until } from '../claude/until.mjs';
import { nameModel, settle } from '../claude/world.mjs';
import { installClaude } from '../install/claude.mjs';
import { startMock } from '../mock/messages.mjs';

const QUESTION = JSON.stringify({
  questions: [{
    question: 'Which units should the kiosk show by default?',
    header: 'Units',
    multiSelect: false,
    options: [
      { label: 'Metric', description: 'Degrees Celsius and kilometres an hour' },
      { label: 'Imperial', description: 'Degrees Fahrenheit and miles an hour' },
    ],
  }],
});

const PLAN = `# Sort by the date taken

1. Read DateTimeOriginal from EXIF, and OffsetTimeOriginal where it is there
2. Fall back to the date in the file name, then to the file's own
3. Move nothing before the list of moves has been shown
4. Tests with pictures from three cameras`;

export const OLD_VERSION = '2.0.30';
const MINUTE = 60_000;
const LIVE = [
  {
    project: 'garden-planner', branch: 'main', state: 'waiting', title: 'Migrate beds and plants',
    prompt: 'Run the new migration and check that every bed keeps its plants',
    script: 'bash npm run migrate -- --env staging && npm run check:beds -- --every', shows: 'Do you want to proceed?',
  },
  {
    project: 'weather-kiosk', branch: 'units', state: 'waiting', title: 'Default units of the kiosk',
    prompt: 'Let the kiosk pick its units by itself, ask me where you are not sure',
    script: `tool AskUserQuestion ${QUESTION}`, shows: 'Which units',
  },
  {
    project: 'photo-sorter', branch: 'exif-dates', state: 'waiting', title: 'Sort by the date taken', mode: 'plan',
    prompt: 'Plan how pictures can be sorted by the date they were taken',
    script: `tool ExitPlanMode ${JSON.stringify({ plan: PLAN })}`, shows: 'Exit plan mode?',
  },
  {
    project: 'recipe-box', branch: 'fix/umlaut-search', state: 'idle', title: 'Search and umlauts',
    prompt: 'Why does the search miss recipes with umlauts?',
    script: 'say The index folds “ä” to “a”, but a query does not go through the same analyzer. Both are normalised '
      + 'with NFKD now, and three new tests cover “Käse”, “Müsli” and “Brötchen”. All 48 tests pass. '
      + 'Shall I rebuild the index of the live site as well?',
    shows: 'as well?',
  },
  {
    project: 'orbit-api', branch: 'feature/order-paging', state: 'busy', title: 'Cursor paging for orders',
    prompt: 'Add cursor paging to GET /orders and keep the old page parameter working',
    script: 'hold paging Done.', shows: 'esc to interrupt',
  },
  {
    project: 'atlas-docs', branch: 'print', state: 'busy', title: 'Handbook for print', agoMs: 47 * MINUTE,
    prompt: 'Build the whole handbook for print and look at the warnings',
    script: 'tool Bash {"command":"npm run build:print -- --all","timeout":600000}', shows: 'esc to interrupt', allowed: 'Bash',
    files: { 'package.json': JSON.stringify({ scripts: { 'build:print': 'sleep 3600 #' } }) },
  },
  {
    project: 'tide-tables', branch: 'main', state: 'idle', stopped: true, title: 'Tides across midnight',
    prompt: 'Explain the off-by-one in the tide table after midnight',
    script: 'say The day is cut in UTC, the table in local time.', shows: 'the table in local time.',
  },
  // This version records no state.
  {
    project: 'mail-digest', branch: 'main', version: OLD_VERSION,
    prompt: 'Summarise the mails of the day in ten lines', script: 'think digest Done.', shows: 'esc to interrupt',
  },
];

// One that is started from the tab, and what is said to it there.
const HELD = {
  project: 'greenhouse', branch: 'frost-alarm', title: 'Frost alarm',
  files: { 'alarm.py': 'FROST_AT = 0.0\n\n\ndef is_frost(celsius):\n    return celsius < FROST_AT\n' },
};
const TALK = home => [
  {
    prompt: 'When does the frost alarm go off? The tomatoes were cold last night.',
    script: 'say It goes off **below 0 °C**, measured at the roof. That is late for two reasons:\n\n'
      + '1. At the ground it is up to 3 °C colder than at the roof\n'
      + '2. Tomatoes suffer from 5 °C downwards\n\n'
      + 'I would warn from `4 °C`:\n\n```python\nFROST_AT = 4.0\n```',
  },
  {
    prompt: 'Yes, do that, and count 4 °C itself as frost.',
    script: `tool Read ${JSON.stringify({ file_path: join(home, HELD.project, 'alarm.py') })} ;; tool Edit ${JSON.stringify({
      file_path: join(home, HELD.project, 'alarm.py'),
      old_string: 'FROST_AT = 0.0\n\n\ndef is_frost(celsius):\n    return celsius < FROST_AT',
      new_string: 'FROST_AT = 4.0\n\n\ndef is_frost(celsius):\n    return celsius <= FROST_AT',
    })}`,
  },
];

const HOUR = 60 * MINUTE;
const OLDER = [
  { project: 'orbit-api', branch: 'main', title: 'Rate limits by API key', turns: 90, agoMs: 3 * HOUR,
    prompt: 'Give every API key its own rate limit' },
  { project: 'photo-sorter', branch: 'main', title: 'Duplicates by content', turns: 40, agoMs: 22 * HOUR,
    prompt: 'Find pictures that are there twice, by what is in them' },
  { project: 'recipe-box', branch: 'main', title: null, turns: 25, agoMs: 47 * HOUR,
    prompt: 'Write the release notes for 1.4 from the merged changes' },
  { project: 'atlas-docs', branch: 'main', title: 'Broken links in the handbook', turns: 160, agoMs: 122 * HOUR,
    prompt: 'Find every broken link in the handbook and propose a target', archived: true },
];

// Builds it all in `home`. `hold` starts a session with the tab's `rpc`, as far as a question of its; `end` ends what was started.
export async function setScene(home) {
  const talk = TALK(home);
  const mock = await startMock({ stories: Object.fromEntries([...LIVE, ...talk].map(({ prompt, script }) => [prompt, script])) });
  const claude = await installClaude();
  const folder = await mkdtemp(join(tmpdir(), 'sm-scene-'));
  const env = {
    PATH: `${dirname(claude)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    SHELL: '/bin/bash',
    ANTHROPIC_BASE_URL: mock.url,
    ANTHROPIC_API_KEY: 'mock-key-00000000000000000000000000000000',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
  };
  const terminals = tmuxAt(join(folder, 'terminals'), env);
  const end = async () => {
    await terminals.end();
    await mock.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await settle(home, [...LIVE, HELD].map(({ project }) => join(home, project)));
    for (const story of OLDER) await writeStory(home, story);
    await nameModel(home, env);
    for (const story of LIVE) await play(terminals, home, story);
    return { hold: rpc => hold(rpc, home, talk), end };
  } catch (fault) {
    await end();
    throw fault;
  }
}

// A session that has got as far as the story says. It is the child of a shell that outlives a stop:
// tmux would continue a child of its own.
async function play(terminals, home, story) {
  const { project, title, prompt, state, shows, stopped, mode = 'manual', allowed = '', agoMs } = story;
  const cwd = await folderOf(home, story);
  if (story.version) return playOld(terminals, cwd, story);
  const script = 'claude --permission-mode "$1" --allowedTools "$2" --name "$0"; sleep 1';
  const terminal = await terminals.open(['bash', '-c', script, title, mode, allowed], cwd);
  await terminal.shows(mode === 'plan' ? 'plan mode on' : '? for shortcuts');
  await terminal.say(prompt);
  await terminal.shows(shows);
  const { pid } = await until(`${project} is ${state}`, async () => {
    const found = await registered(home, cwd);
    return found?.status === state && found;
  });
  if (stopped) {
    // The transcript is written a moment after the screen.
    await until(`${project} has remembered its answer`, () => remembers(home, cwd, shows));
    process.kill(pid, 'SIGSTOP');
    await until(`${project} is stopped`, () => processOf(pid)?.state === 'T');
  }
  if (agoMs) {
    await until(`${project} has remembered its call`, () => remembers(home, cwd, '"tool_use"'));
    await backdate(home, cwd, pid, agoMs);
  }
}

async function playOld(terminals, cwd, { version, prompt, shows }) {
  const claude = await installClaude(version);
  const terminal = await terminals.open([claude, '--permission-mode', 'default'], cwd);
  await terminal.shows('tab to toggle');
  await terminal.say(prompt);
  await terminal.shows(shows);
}

async function hold(rpc, home, talk) {
  const cwd = await folderOf(home, HELD);
  const { sessionId } = await rpc('POST', '/sessions', { cwd, name: HELD.title });
  for (const { prompt } of talk) {
    await until(`${HELD.project} is idle`, async () =>
      (await rpc('GET', '/sessions')).find(row => row.sessionId === sessionId)?.state === 'idle');
    await rpc('POST', `/sessions/${sessionId}/message`, { text: prompt });
  }
  await until(`${HELD.project} asks`, async () => (await rpc('GET', '/approvals')).approvals.length > 0);
  return sessionId;
}

async function folderOf(home, { project, branch, files = {} }) {
  const cwd = join(home, project);
  await mkdir(cwd, { recursive: true });
  execFileSync('git', ['init', '--quiet', `--initial-branch=${branch}`], { cwd });
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
  return cwd;
}

// Nobody waits for a long tool: what has been written about it is moved into the past.
async function backdate(home, cwd, pid, agoMs) {
  const registry = join(home, `.claude/sessions/${pid}.json`);
  const record = JSON.parse(await readFile(registry, 'utf8'));
  await writeFile(registry, JSON.stringify({ ...record, statusUpdatedAt: record.statusUpdatedAt - agoMs }));
  const folder = projectFolder(home, cwd);
  for (const name of (await readdir(folder)).filter(one => one.endsWith('.jsonl'))) {
    const text = await readFile(join(folder, name), 'utf8');
    const earlier = (_, time) => `"timestamp":"${new Date(Date.parse(time) - agoMs + 2 * MINUTE).toISOString()}"`;
    await writeFile(join(folder, name), text.replace(/"timestamp":"([^"]+)"/g, earlier));
  }
}

async function registered(home, cwd) {
  const folder = join(home, '.claude/sessions');
  for (const name of (await readdir(folder)).filter(one => /^\d+\.json$/.test(one))) {
    const found = JSON.parse(await readFile(join(folder, name), 'utf8'));
    if (found.cwd === cwd) return found;
  }
  return null;
}

async function remembers(home, cwd, text) {
  const folder = projectFolder(home, cwd);
  const names = (await readdir(folder)).filter(name => name.endsWith('.jsonl'));
  const contents = await Promise.all(names.map(name => readFile(join(folder, name), 'utf8')));
  return contents.some(content => content.includes(text));
}

// The transcript of a conversation that ended a while ago.
async function writeStory(home, { project, branch, title, prompt, turns, agoMs, archived }) {
  const cwd = join(home, project);
  const sessionId = randomUUID();
  const at = Date.now() - agoMs;
  const common = { sessionId, cwd, version: '2.1.329', gitBranch: branch, isSidechain: false };
  const lines = [{ type: 'user', message: { role: 'user', content: prompt } }];
  for (let turn = 0; turn < turns; turn += 1) {
    const text = `Step ${turn + 1}: read another part of ${project} and noted what has to change there. `.repeat(20);
    lines.push({ type: 'assistant', message: { id: `msg_${turn}`, role: 'assistant', model: 'claude-opus-4', content: [{ type: 'text', text }] } });
  }
  if (title) lines.push({ type: 'custom-title', customTitle: title });
  lines.push({ type: 'last-prompt', lastPrompt: prompt });
  const text = lines
    .map(line => JSON.stringify({ ...common, ...line, uuid: randomUUID(), timestamp: new Date(at).toISOString() }))
    .join('\n');

  const folder = projectFolder(home, cwd);
  await mkdir(folder, { recursive: true });
  const path = join(folder, archived ? `${sessionId}.jsonl.gz` : `${sessionId}.jsonl`);
  await writeFile(path, archived ? gzipSync(`${text}\n`) : `${text}\n`);
  await utimes(path, at / 1000, at / 1000);
}

// Where Claude Code keeps the transcripts of a directory.
const projectFolder = (home, cwd) => join(home, '.claude/projects', cwd.replace(/[^a-zA-Z0-9]/g, '-'));
