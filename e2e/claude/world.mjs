// A small machine for one test file: a home, a mocked model, terminals, and the server under test.
//
// Knows what Claude Code needs to run unattended and how to end everything that was started. Does
// not know what is tested.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { installClaude } from '../install/claude.mjs';
import { startMock } from '../mock/messages.mjs';
import { SERVER_BIN, startServer } from '../server.mjs';
import { tmuxAt } from './terminal.mjs';
import { until } from './until.mjs';

const API_KEY = 'mock-key-00000000000000000000000000000000';

// Makes the world; `end` ends whatever was started in it, also after a failure. `version` is that of
// Claude Code, where it is to be another than usual.
export async function makeWorld({ version, stories } = {}) {
  const claude = await installClaude(version);
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sm-')));
  const mock = await startMock({ stories });
  const home = join(root, 'home');
  const work = join(home, 'work');
  await mkdir(work, { recursive: true });
  await mkdir(join(root, 'tmp'));
  await settle(home, [work]);

  const env = {
    PATH: `${dirname(claude)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    SHELL: '/bin/bash',
    TMPDIR: join(root, 'tmp'),
    ANTHROPIC_BASE_URL: mock.url,
    ANTHROPIC_API_KEY: API_KEY,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_TELEMETRY: '1',
  };
  // Where the server's own tmux puts its socket; the terminals of the test are another tmux.
  const tmuxDirectory = join(root, 'tmux');
  await mkdir(tmuxDirectory, { mode: 0o700 });
  const terminals = tmuxAt(join(root, 'terminals'), env);
  const servers = [];
  const children = [];
  let shells = 0;

  return {
    root, home, work, env, mock, claude, terminals,
    sessions: join(home, '.claude/sessions'),
    projects: join(home, '.claude/projects'),
    registryOf: pid => registryOf(home, pid),
    transcriptOf: session => transcriptOf(home, session),

    // Opens a terminal with Claude Code in it, as a person would.
    open: (words = [], { cwd = work, environment } = {}) =>
      terminals.open(['claude', '--permission-mode', 'manual', ...words], cwd, environment),

    // The same, and waits for the prompt. Returns the terminal with `sessionId` and `key`.
    async session(words, options) {
      const terminal = await this.open(words, options);
      return named(home, terminal);
    },

    // Runs `claude -p` without a terminal, as a child of the test. `done` is what it printed.
    headless(words) {
      const child = spawn(claude, ['-p', '--permission-mode', 'manual', ...words], {
        cwd: work, env, stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', part => { text += part; });
      const done = once(child, 'close').then(() => text);
      children.push({ child, done });
      return { pid: child.pid, done };
    },

    // Opens a terminal with a shell in it that starts Claude Code and then sends it whatever signal
    // the test names. tmux lets no child of its own stay stopped, and the shell is the one who
    // knows for certain which process it started. The result's `pid` is Claude Code's.
    async underShell() {
      shells += 1;
      const orders = join(root, `orders-${shells}`);
      execFileSync('mkfifo', [orders]);
      // Opened for writing too, the pipe never comes to an end.
      const script = 'claude --permission-mode manual <&0 & echo $! >"$0.pid"; exec 3<>"$0"; while read -r name <&3; do kill -"$name" $!; done';
      const shell = await terminals.open(['bash', '-c', script, orders], work);
      const pid = await until('the shell has started its child', () => Number(readFileSync(`${orders}.pid`, 'utf8')));
      const session = await named(home, { ...shell, pid });
      return { ...session, signal: name => writeFile(orders, `${name}\n`) };
    },

    // The server's own tmux, for the sessions that it resumes.
    holder: tmuxAt(join(tmuxDirectory, `tmux-${process.getuid()}`, 'default'), env),

    async serve({ environment = {}, command = [SERVER_BIN], config } = {}) {
      if (config !== undefined) await configure(home, config);
      const server = await startServer({
        env: { ...env, SESSION_MANAGER_HOMES: home, TMUX_TMPDIR: tmuxDirectory, ...environment },
        command,
      });
      servers.push(server);
      return server;
    },

    // Ends the sessions that the servers of this world hold: they outlive their servers.
    async cancelHeld() {
      if (!existsSync(join(home, '.local/state/session-manager/held'))) return;
      const server = await this.serve();
      const answer = await server.post('/sessions/00000000/cancel', { scope: 'all' });
      await server.stop();
      if (!answer.json.ok) throw new Error(`sessions stay: ${answer.text}`);
    },

    // One after the other, and each of them whatever became of the others.
    async end() {
      const faults = [];
      for (const step of [
        () => this.cancelHeld(),
        ...servers.map(server => server.stop),
        ...children.map(({ child, done }) => () => (child.kill('SIGKILL'), done)),
        terminals.end,
        ...(await socketsIn(tmuxDirectory)).map(socket => tmuxAt(socket, env).end),
        mock.close,
        () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
      ]) {
        try {
          await step();
        } catch (fault) {
          faults.push(fault);
        }
      }
      if (faults.length > 0) throw new AggregateError(faults, 'the world did not end as it should');
    },
  };
}

// Onboarding done, these directories trusted, the key approved (by its last 20 characters).
export async function settle(home, trusted) {
  await writeFile(join(home, '.claude.json'), JSON.stringify({
    hasCompletedOnboarding: true,
    theme: 'dark',
    projects: Object.fromEntries(trusted.map(path => [path, { hasTrustDialogAccepted: true }])),
    customApiKeyResponses: { approved: [API_KEY.slice(-20)], rejected: [] },
  }));
}

// Has Claude Code's own settings name the model, for programs that get nothing of our environment: the host hands none on.
export async function nameModel(home, env) {
  const { ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC, DISABLE_AUTOUPDATER } = env;
  const named = { ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC, DISABLE_AUTOUPDATER };
  await mkdir(join(home, '.claude'), { recursive: true });
  await writeFile(join(home, '.claude/settings.json'), JSON.stringify({ env: named }));
}

// Waits until the process of `terminal` sits at its prompt; adds what its registry file says.
export async function named(home, terminal) {
  const { sessionId, procStart } = await until(`${terminal.pid} is at its prompt`, () => {
    const found = registryOf(home, terminal.pid);
    return found?.status === 'idle' && found;
  });
  return { ...terminal, sessionId, key: `${terminal.pid}:${procStart}` };
}

// Returns the registry file of a process, `null` where there is none or it is being written.
function registryOf(home, pid) {
  try {
    return JSON.parse(readFileSync(join(home, `.claude/sessions/${pid}.json`), 'utf8'));
  } catch {
    return null;
  }
}

// Returns where the transcript of a session lies, found by its name.
async function transcriptOf(home, sessionId) {
  const projects = join(home, '.claude/projects');
  for (const directory of await readdir(projects)) {
    for (const name of await readdir(join(projects, directory))) {
      if (name === `${sessionId}.jsonl` || name === `${sessionId}.jsonl.gz`) return join(projects, directory, name);
    }
  }
  return null;
}

async function configure(home, text) {
  const directory = join(home, '.config/session-manager');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'config.toml'), text);
}

async function socketsIn(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry.isSocket()).map(entry => join(entry.parentPath ?? entry.path, entry.name));
}
