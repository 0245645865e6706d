// Values as the server sends them: plain ones, changed by each test where it matters.

const MINUTE = 60_000;

export function session(pid, changes = {}) {
  const now = Date.now();
  const startedAt = changes.startedAt ?? now - 125 * MINUTE;
  return {
    pid,
    user: 'ada',
    cwd: '/home/ada/work/parser',
    project: 'parser',
    elapsed: '2h 5m',
    elapsedSec: Math.floor((now - startedAt) / 1000),
    wchan: 'do_epoll_wait',
    status: 'idle',
    sessionId: `aaaaaaaa-0000-4000-8000-${String(pid).padStart(12, '0')}`,
    key: `${pid}:100`,
    state: 'idle',
    waitingFor: null,
    stateSource: 'registry',
    stateSince: now - 5 * MINUTE,
    confidence: 'stated',
    rule: 'registry_status',
    ask: null,
    tool: null,
    asks: false,
    stuck: false,
    abandoned: false,
    lastActivityAt: startedAt,
    name: null,
    title: `Session ${pid}`,
    gitBranch: 'main',
    version: '2.1.329',
    kind: 'interactive',
    entrypoint: 'cli',
    startedAt,
    rssBytes: 214_000_000,
    home: '/home/ada',
    tmux: null,
    twinOf: [],
    actions: { kill: true },
    ...changes,
  };
}

export function recent(number, changes = {}) {
  return {
    sessionId: `bbbbbbbb-0000-4000-8000-${String(number).padStart(12, '0')}`,
    cwd: '/home/ada/work/parser',
    project: 'parser',
    title: `Conversation ${number}`,
    gitBranch: null,
    lastPrompt: 'why does it loop?',
    lastActivityAt: Date.now() - number * 60 * MINUTE,
    sizeBytes: 140_000,
    archived: false,
    live: null,
    ...changes,
  };
}

export function context(pid, changes = {}) {
  return {
    ok: true,
    sessionId: `aaaaaaaa-0000-4000-8000-${String(pid).padStart(12, '0')}`,
    lastPrompt: 'make the parser faster',
    awaySummary: null,
    lastAssistant: 'Done: it is twice as fast.',
    title: null,
    model: 'claude-opus-4',
    gitBranch: 'main',
    ...changes,
  };
}

export function hello(changes = {}) {
  return { type: 'hello', protocol: 1, auth: 'none', version: '2.1.0', ...changes };
}

export function snapshot(sessions, changes = {}) {
  return { type: 'snapshot', rev: 1, at: Date.now(), sessions, ...changes };
}

export function changes(changed, gone = [], more = {}) {
  return { type: 'changes', rev: 2, at: Date.now(), changed, gone, ...more };
}

export function why(pid, changes = {}) {
  return {
    ok: true,
    pid,
    key: `${pid}:100`,
    state: 'idle',
    stateSource: 'registry',
    stateSince: Date.now() - 5 * MINUTE,
    confidence: 'stated',
    rule: 'registry_status',
    reason: "Claude Code's own file for this session says so.",
    evidence: [
      { source: 'registry', says: 'Its status is "idle".', at: Date.now() - 5 * MINUTE, decided: true },
      { source: 'hook', says: 'No hook has reported.', at: null, decided: false },
      { source: 'transcript', says: 'It ends with a finished answer.', at: Date.now() - 4 * MINUTE, decided: false },
      { source: 'process', says: 'It sleeps, and has used no processor time for 12 s.', at: Date.now() - 2000, decided: false },
    ],
    ...changes,
  };
}

export function health(changes = {}) {
  return { ok: true, version: '2.0.0', config: null, homes: ['/home/ada'], claude: null, tmux: null, ...changes };
}

export function killed(pid, outcome, changes = {}) {
  return {
    ok: outcome !== 'still_running', pid, key: `${pid}:100`, outcome, tookMs: 1700, processes: [], spared: [], unproven: [],
    ...changes,
  };
}

export function process(pid, command, changes = {}) {
  return {
    key: `${pid}:100`, command, proof: { type: 'child', of: '11:100' }, rssBytes: 60_000_000, privateBytes: 40_000_000,
    outcome: null, ...changes,
  };
}

// A session with two processes below it, one that is spared and one without a proof.
export function tree(pid, changes = {}) {
  return {
    ok: true,
    pid,
    key: `${pid}:100`,
    processes: [
      process(pid, 'claude', { proof: { type: 'root' }, privateBytes: 180_000_000 }),
      process(71, 'node mcp-server.js'),
      process(72, 'npm run dev', { proof: { type: 'seen', at: Date.now() - 5 * MINUTE } }),
    ],
    spared: [{ key: '73:100', command: 'claude -p hello', reason: 'other_session' }],
    unproven: [{ key: '74:100', command: 'python3', sign: { type: 'environment', variable: 'CLAUDE_CODE_SESSION_ID' }, rssBytes: 10_000_000 }],
    privateBytes: 260_000_000,
    ...changes,
  };
}

export function signalled(pid, act, changes = {}) {
  return { ok: true, pid, key: `${pid}:100`, act, outcome: 'done', processes: 3, ...changes };
}

export function acting(pid, step, alive, total, changes = {}) {
  return { key: `${pid}:100`, act: 'kill', step, alive, total, since: Date.now(), ...changes };
}

// Left by a session whose process had the number `of`.
export function orphan(pid, of, changes = {}) {
  const now = Date.now();
  return {
    pid,
    key: `${pid}:100`,
    user: 'ada',
    command: `node server-${pid}.js`,
    cwd: '/home/ada/work/parser',
    startedAt: now - 125 * MINUTE,
    rssBytes: 90_000_000,
    privateBytes: 80_000_000,
    cpuPermille: 12,
    session: { key: `${of}:100`, sessionId: `aaaaaaaa-0000-4000-8000-${String(of).padStart(12, '0')}`, cwd: '/home/ada/work/parser', project: 'parser', lastSeenAt: now - 60 * MINUTE },
    evidence: { type: 'proof', descent: { type: 'session', leader: `${of}:100` } },
    reap: true,
    ...changes,
  };
}

export function orphans(all) {
  return { ok: true, orphans: all, privateBytes: all.filter(one => one.reap === true).reduce((sum, one) => sum + one.privateBytes, 0) };
}

export function entry(id, changes = {}) {
  return {
    id: String(id),
    at: Date.now() - 10 * MINUTE,
    verb: 'kill',
    by: { uid: 1000, face: 'http' },
    target: { key: '11:100', sessionId: null, cwd: '/home/ada/work/parser' },
    plan: '5 processes, 1 spared',
    outcome: 'exited',
    detail: null,
    tookMs: 1700,
    ...changes,
  };
}

// Session 11 asks, since 90 s.
export function approval(id, changes = {}) {
  const input = changes.input ?? { command: `echo ${id}`, description: 'Say something' };
  const tool = changes.tool ?? 'Bash';
  return {
    id,
    sessionId: 'aaaaaaaa-0000-4000-8000-000000000011',
    key: '11:100',
    cwd: '/home/ada/work/parser',
    title: 'Session 11',
    at: Date.now() - 90_000,
    until: null,
    source: 'held',
    ask: { type: 'permission', tool, input: input.command ?? JSON.stringify(input) },
    reason: null,
    ...changes,
    tool,
    input,
  };
}

export function question(id, questions, changes = {}) {
  return approval(id, { tool: 'AskUserQuestion', input: { questions }, ask: { type: 'question', questions }, ...changes });
}

export function plan(id, text, changes = {}) {
  return approval(id, { tool: 'ExitPlanMode', input: {}, ask: { type: 'plan', text }, ...changes });
}

export function approvals(...all) {
  return { ok: true, approvals: all };
}

export function decided(id, outcome, changes = {}) {
  return { ok: true, id, sessionId: 'aaaaaaaa-0000-4000-8000-000000000011', outcome, by: 'person', rule: null, ...changes };
}

export function rule(id, pattern, action = 'allow', changes = {}) {
  return { id, tool: 'Bash', ...(pattern ? { pattern } : {}), action, scope: { type: 'all' }, ...changes };
}

export function rules(rev, ...all) {
  return { ok: true, rev, rules: all };
}

export function refusal(code, error, more = {}) {
  return { ok: false, error, code, ...more };
}

export function report(items, changes = {}) {
  return { ok: true, deletedSessions: 0, compressedLogs: 0, errors: [], items, ...changes };
}

// Events of a session, numbered from `first` on.
export function events(all, first = 1) {
  const at = Date.now();
  return all.map((event, place) => ({ seq: first + place, at, uuid: null, messageId: null, ...event }));
}

// What follows a session says, as a frame of the feed.
export function output(pid, type, more = {}) {
  const sessionId = `aaaaaaaa-0000-4000-8000-${String(pid).padStart(12, '0')}`;
  return { type: 'output', output: { type, sessionId, ...more } };
}

export const told = (pid, all, first) => output(pid, 'events', { events: events(all, first) });

export function delta(pid, text, more = {}) {
  return output(pid, 'delta', { delta: { kind: 'text', text, index: 0, ...more } });
}

export function started(pid, changes = {}) {
  return {
    ok: true, sessionId: `aaaaaaaa-0000-4000-8000-${String(pid).padStart(12, '0')}`, pid, key: `${pid}:100`, holder: { type: 'stdio' },
    ...changes,
  };
}

export function driven(pid, outcome, changes = {}) {
  return { ok: true, sessionId: `aaaaaaaa-0000-4000-8000-${String(pid).padStart(12, '0')}`, outcome, seq: 1, ...changes };
}
