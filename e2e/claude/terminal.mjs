// A person at a terminal: a detached tmux that types, presses keys and reads the screen.
//
// Knows tmux. Does not know what runs in the terminal.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { familyOf, isAlive, keyOf } from './process.mjs';
import { until } from './until.mjs';

const run = promisify(execFile);

// Returns the tmux server at `socket`; it starts with its first terminal, with exactly `env`.
export function tmuxAt(socket, env) {
  const tmux = async (...words) => (await run('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...words], { env })).stdout;
  let count = 0;
  return {
    // Runs `command`, an argument list, in a terminal of its own.
    async open(command, cwd, environment = {}) {
      count += 1;
      const name = `terminal-${count}`;
      const variables = Object.entries(environment).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
      // env(1) makes it two words at least: a single one would go through a shell.
      // A server that goes with its last terminal could go just now.
      const stay = ['start-server', ';', 'set-option', '-s', 'exit-empty', 'off', ';'];
      const words = [...stay, 'new-session', '-d', '-P', '-F', '#{pane_pid}', '-s', name, '-x', '150', '-y', '45', '-c', cwd];
      const pid = Number(await tmux(...words, ...variables, '--', 'env', ...command));
      return terminalOf(tmux, name, pid);
    },
    // The terminal that shows the session `name` of this server, started by somebody else.
    attach: async name => terminalOf(tmux, name, Number(await tmux('display-message', '-p', '-t', name, '#{pane_pid}'))),
    // Any other command of this tmux.
    run: tmux,
    sessions: async () => (await tmux('list-sessions', '-F', '#{session_name}')).trim().split('\n'),
    // Closes all terminals and waits for what ran in them: it has last words to write.
    async end() {
      // There may be no server: none was started, or it has ended.
      const panes = await tmux('list-panes', '-a', '-F', '#{pane_pid}').catch(() => '');
      const keys = panes.split('\n').filter(Boolean).flatMap(pid => familyOf(Number(pid))).map(keyOf);
      await tmux('kill-server').catch(() => {});
      await until('what ran in the terminals has ended', () => keys.every(key => !isAlive(key)));
    },
  };
}

function terminalOf(tmux, name, pid) {
  const screen = () => tmux('capture-pane', '-p', '-t', name);
  const press = (...keys) => tmux('send-keys', '-t', name, ...keys);
  return {
    name,
    // The process that the terminal was opened with.
    pid,
    screen,
    press,
    shows: text => until(`${name} shows ${text}`, async () => squeezed(await screen()).includes(squeezed(text))),
    // Types a line and sends it once it stands on the screen: keys that come in one burst are
    // taken for a paste, and Enter for a part of it.
    async say(text) {
      await press('-l', '--', text);
      const typed = squeezed(text).slice(-30);
      await until(`${name} shows what was typed: ${text}`, async () => squeezed(await screen()).includes(typed));
      await press('Enter');
    },
    ended: () => until(`${name} is closed`, () => tmux('has-session', '-t', name).then(() => false, () => true)),
  };
}

// Lines wrap where they like.
const squeezed = text => text.replace(/\s+/g, '');
