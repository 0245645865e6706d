// The stage that the truth is played on: a world of its own, a session with what can be seen of it from
// the outside, and what starts Claude Code in the ways that people do.
//
// Knows the screen of Claude Code, what the mocked model holds back, and /proc. Asks neither the
// server under test nor the registry about a state.

import { execFile, execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify, stripVTControlCharacters } from 'node:util';

import { childrenOf, commandOf, familyOf, keyOf, processOf, startedAt } from '../claude/process.mjs';
import { until } from '../claude/until.mjs';

const run = promisify(execFile);

// What a terminal shows where Claude Code asks or works; at its prompt it shows neither.
const BUSY = /esc to interrupt|Esc to cancel|Would you like to proceed|to select/;
const AT_PROMPT = /^ *[⏸⏵].* (mode|edits|permissions) on/m;

export function stageIn(world) {
  const { mock, work } = world;
  const keys = new Set();
  let pipes = 0;

  const named = pid => {
    const key = keyOf(pid);
    keys.add(key);
    return { pid, key };
  };
  // A session as the test has it: its terminal and its process.
  const actor = (terminal, pid = terminal.pid) => {
    const atPrompt = async () => {
      const text = await terminal.screen();
      return AT_PROMPT.test(text) && !BUSY.test(text);
    };
    return {
      ...terminal, ...named(pid), atPrompt,
      sees: async (...words) => {
        const text = squeezed(await terminal.screen());
        return words.every(word => text.includes(squeezed(word)));
      },
      // What it asks about stands in a line of its own.
      asksAbout: async command => {
        const lines = (await terminal.screen()).split('\n').map(line => line.trim());
        return lines.includes(command) && lines.includes('Do you want to proceed?');
      },
      // Says yes to what it asks. A key that comes as soon as the question does not count.
      async permit() {
        await until(`${pid} has been permitted`, async () => {
          await terminal.press('Enter');
          await sleep(300);
          return !squeezed(await terminal.screen()).includes('Doyouwanttoproceed?');
        });
      },
      // Interrupts a turn before anything was answered. The prompt comes back into the input box, and is
      // taken away. Two keys at once would be another key.
      async withdraw() {
        await terminal.press('Escape');
        await until(`the prompt of ${pid} is back`, async () => await atPrompt() && inputOf(await terminal.screen()) !== '');
        await terminal.press('C-u');
        await until(`the input box of ${pid} is empty`, async () => inputOf(await terminal.screen()) === '');
      },
      // Runs a command of the person's own, without the model.
      async shell(command) {
        await terminal.press('-l', '--', '!');
        await until(`${pid} takes a command`, async () => /^!/m.test(await terminal.screen()));
        await terminal.say(command);
      },
      runs: command => familyOf(pid).some(one => sameWords(one, command)),
    };
  };

  return {
    world, mock,
    // The names of all processes that were ever a session here.
    keys,

    // True while the model holds back the rest of its answer `name`.
    holds: name => {
      const step = mock.steps.find(found => found.name === name);
      return Boolean(step?.shownAt) && step.endedAt === null;
    },
    ended: name => Boolean(mock.steps.find(found => found.name === name)?.endedAt),

    // At once, whatever it shows.
    launch: async words => actor(await world.open(words)),

    async open(words, directory = '.') {
      const cwd = join(work, directory);
      await mkdir(cwd, { recursive: true });
      const one = actor(await world.open(words, { cwd }));
      await until(`${one.pid} is at its prompt`, one.atPrompt);
      return one;
    },

    // Leaves a conversation behind that has ended.
    async tell(words, text) {
      const one = await this.open(words);
      await one.say(`say ${text}`);
      await until('there is a conversation', async () => await one.sees(`● ${text}`) && await one.atPrompt());
      await one.say('/exit');
      await until('its process has ended', () => processOf(one.pid) === null);
    },

    // In a directory that nobody has said to trust.
    async openUntrusted() {
      const cwd = join(world.home, 'untrusted');
      await mkdir(cwd, { recursive: true });
      return actor(await world.open([], { cwd }));
    },

    // Has Claude Code run `command` whenever a turn ends in this directory.
    async hookStop(directory, command) {
      const settings = join(work, directory, '.claude');
      await mkdir(settings, { recursive: true });
      await writeFile(join(settings, 'settings.json'), JSON.stringify({ hooks: { Stop: [{ hooks: [{ type: 'command', command }] }] } }));
    },

    // Below a shell that sends it what the test says; see `underShell` of the world.
    async openUnderShell() {
      const session = await world.underShell();
      return { ...actor(session, session.pid), signal: session.signal };
    },

    // Below a shell with job control, as most people have it.
    async openAsJob() {
      const shell = await world.terminals.open(['bash', '--norc', '-i'], work);
      await shell.say('claude --permission-mode manual');
      const [pid] = await until('the shell has its job', () => {
        const found = childrenOf(shell.pid).filter(one => tolerantCommand(one)[0] === 'claude');
        return found.length === 1 && found;
      });
      const one = actor(shell, pid);
      await until(`${pid} is at its prompt`, one.atPrompt);
      return one;
    },

    headless(prompt) {
      const { pid, done } = world.headless([prompt]);
      return { ...named(pid), done };
    },

    // Sends `prompt` to a session in the background. Claude Code itself says which process took it.
    async background(prompt) {
      const claude = words => run(world.claude, words, { cwd: work, env: world.env, timeout: 30_000 });
      const { stdout } = await claude(['--bg', '--permission-mode', 'manual', prompt]);
      const [, id] = /backgrounded · (\w+)/.exec(stdout);
      const { pid } = await until('Claude Code names the session in the background', async () => {
        const agents = await claude(['agents', '--json']);
        return JSON.parse(agents.stdout).find(agent => agent.id === id && agent.pid);
      });
      return {
        ...named(pid),
        sees: async (...words) => {
          const text = squeezed(stripVTControlCharacters((await claude(['logs', id])).stdout));
          return words.every(word => text.includes(squeezed(word)));
        },
        stop: () => claude(['stop', id]),
      };
    },

    // A pipe in the directory of the sessions: `cat NAME` runs until it is let go.
    makePipe() {
      pipes += 1;
      const name = `pipe-${pipes}`;
      const path = join(work, name);
      execFileSync('mkfifo', [path]);
      return {
        name, path,
        // Opened and closed by the other side, it has come to its end. Nobody may read it any more.
        letGo() {
          try {
            closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
          } catch (fault) {
            if (fault.code !== 'ENXIO') throw fault;
          }
        },
      };
    },

    // Where the model of a session in plan mode is told to write its plan.
    planFileOf: session => until('the plan has a file', async () => {
      const text = await readFile(await world.transcriptOf(session), 'utf8');
      return /"planFilePath":"([^"]+)"/.exec(text)?.[1];
    }),

    // A start takes about a second. What shows a first dialog for longer than this is not just slow.
    ripe: pid => until(`${pid} is no beginner any more`, () => Date.now() - startedAt(pid) > 12_000),

    isStopped: pid => processOf(pid)?.state === 'T',
    isGone: pid => processOf(pid) === null,
  };
}

// What stands in the input box: between the last two lines of the screen that are drawn across it.
const inputOf = screen => screen.split(/^─{20,}.*$/m).at(-2)?.replace('❯', '').trim();

const squeezed = text => text.replace(/\s+/g, '');

const sameWords = (pid, command) => tolerantCommand(pid).join(' ') === command;

function tolerantCommand(pid) {
  try {
    return commandOf(pid);
  } catch {
    return [];
  }
}
