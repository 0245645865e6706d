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

export function killed(pid, outcome) {
  return { ok: outcome !== 'still_running', pid, key: `${pid}:100`, outcome, tookMs: 1700 };
}

export function refusal(code, error) {
  return { ok: false, error, code };
}

export function report(items, changes = {}) {
  return { ok: true, deletedSessions: 0, compressedLogs: 0, errors: [], items, ...changes };
}
