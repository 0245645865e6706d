// What client.js gives to programs. Fields are those of the HTTP API; `null` means that it is not known.

export interface ClientOptions {
  /** Where the server answers: `http://127.0.0.1:8421`. It has no fixed port; see `port` of its configuration. */
  url: string;
  /** What the server's token file holds; needed only where nothing tells the server who asks. */
  token?: string;
  /** Used in the place of the global one. */
  fetch?: typeof globalThis.fetch;
  /** For how long a stream that broke off is tried again before it fails, milliseconds; a minute where absent. */
  patienceMs?: number;
  /** After how long without a sign of life a stream counts as broken, milliseconds; 45 s where absent. The server gives
   * one every 15 s. */
  silenceMs?: number;
}

/** Makes a client of one server. */
export function createClient(options: ClientOptions): Client;

/** Says which server the functions of the default export speak to. `SESSION_MANAGER_URL` does so in Node. */
export function configure(options: ClientOptions): Client;

/** A client of the server that was configured. */
declare const api: Client;
export default api;

export interface Client extends Verbs, Facade {}

/** Every function fails with this. */
export class SessionManagerError extends Error {
  constructor(sentence: string, facts?: { code: string; status?: number; body?: ErrorBody | null; cause?: unknown });
  /** One word for programs: the server's (`live`, `not_held`, ...), or `unreachable`, `bad_answer`, `bad_call`,
   * `not_configured`. */
  code: string;
  /** The HTTP status, 0 where there was no answer. */
  status: number;
  /** What to do next, for people. The same as `message`. */
  sentence: string;
  /** All that the server said, `null` where it said nothing. */
  body: ErrorBody | null;
}

export interface ErrorBody {
  ok: false;
  error: string;
  code: string;
  /** The process in the way (`live`). */
  pid?: number;
  key?: string;
  /** The conversation that was meant and is open there (`live`). */
  sessionId?: string;
  holder?: Holder;
  ageSec?: number;
  /** The id under which the server's log has the cause (`fault`). */
  id?: string;
}

// ---- The API, a function for each route

/** The id of a session, or the pid of its process. */
export type Who = string | number;

export interface Verbs {
  health(): Promise<Health>;
  /** Every live session of the machine, longest-running first. */
  sessions(): Promise<SessionRow[]>;
  /** Conversations whose transcripts changed within so many days (7), newest first. */
  recent(days?: number): Promise<RecentSession[]>;
  start(request: StartRequest): Promise<Started>;
  /** Says something. Sent again with the same `uuid` (a UUID of yours), it is said once. */
  message(who: Who, text: string, options?: { uuid?: string }): Promise<Driven>;
  /** Ends the turn and keeps the session. */
  interrupt(who: Who): Promise<Driven>;
  /** Ends the session; what it said is kept. */
  cancel(who: Who, options?: { scope?: undefined }): Promise<Driven>;
  /** Ends every session that the server holds. */
  cancel(who: Who, options: { scope: 'all' }): Promise<Cancelled>;
  setModel(who: Who, model: string): Promise<Driven>;
  setPermissionMode(who: Who, permissionMode: string): Promise<Driven>;
  rename(who: Who, name: string): Promise<Driven>;
  /** What a session said and was told, until now. */
  output(who: Who, options?: { after?: number }): Promise<SessionEvent[]>;
  /** The same, and what is still to come: each event once and in order, over as many connections as it takes. It
   * ends when the session does, or when `signal` says so. With `deltas` also what is being written. Numbers begin anew
   * where a session is taken up that was told from its transcript, or the other way round; what is told already is left
   * out then as well. */
  follow(who: Who, options?: FollowOptions & { deltas?: false }): AsyncGenerator<SessionEvent, void, undefined>;
  follow(who: Who, options: FollowOptions & { deltas: true }): AsyncGenerator<SessionEvent | Delta, void, undefined>;
  /** What `follow` is made of. `caught`: all that there was has been sent. `anew`: the numbers of the events that
   * follow are those of another list, also as `after`. */
  parts(who: Who, options?: FollowOptions): AsyncGenerator<OutputPart, void, undefined>;
  /** What sessions ask of a person, oldest first. */
  approvals(): Promise<Approval[]>;
  decide(id: string, request: DecideRequest): Promise<Decided>;
  rules(): Promise<RuleSet>;
  setRules(request: { rev: number; rules: ToolRule[] }): Promise<RuleSet>;
  testRule(request: { tool: string; input: unknown; cwd?: string; sessionId?: string }): Promise<RuleTested>;
}

export interface FollowOptions {
  /** The number of the last event that is known already, 0 for all. */
  after?: number;
  signal?: AbortSignal;
}

export interface Health {
  ok: boolean;
  version: string;
  degraded?: string[];
  config: string | null;
  homes: string[];
  claude: string | null;
  tmux: string | null;
}

export type State =
  | 'starting' | 'working' | 'waiting_permission' | 'waiting_input' | 'waiting_dialog'
  | 'idle' | 'shell' | 'stopped' | 'exited' | 'unknown';

export interface SessionRow {
  pid: number;
  key: string;
  user: string;
  cwd: string;
  project: string;
  elapsed: string;
  elapsedSec: number;
  status: 'active' | 'idle' | 'stuck' | 'unknown';
  state: State;
  sessionId: string | null;
  name: string | null;
  title: string | null;
  startedAt: number | null;
  lastActivityAt: number | null;
  /** How it is held where it can be talked to: by this server's holders or in the user's tmux. `null` for any other. */
  holder: HolderKind | null;
  /** And what the README's API names besides. */
  [field: string]: unknown;
}

export interface RecentSession {
  sessionId: string;
  cwd: string | null;
  project: string | null;
  title: string | null;
  gitBranch: string | null;
  lastPrompt: string | null;
  lastActivityAt: number;
  sizeBytes: number;
  archived: boolean;
  live: string | null;
}

export type HolderKind = 'stdio' | 'pty' | 'tmux' | 'unknown';

export type Holder =
  | { type: 'stdio' }
  | { type: 'pty'; attach: string }
  | { type: 'tmux'; session: string; attach: string }
  | { type: 'terminal'; tty: string }
  | { type: 'program'; command: string };

export interface StartRequest {
  /** Absolute. May be left out with `resume`. */
  cwd?: string;
  prompt?: string;
  model?: string;
  /** `default`, `acceptEdits`, `plan`, ...; `default` where absent. */
  permissionMode?: string;
  effort?: string;
  name?: string;
  holder?: 'stdio' | 'pty' | 'tmux';
  /** Go on in this conversation. */
  resume?: string;
  /** Go on in the directory's newest conversation. */
  continue?: boolean;
  /** With `resume` or `continue`: go on in a copy. */
  fork?: boolean;
  /** Work in a new git worktree of this name; empty: of any name. */
  worktree?: string;
}

export interface Started {
  ok: true;
  sessionId: string;
  pid: number;
  key: string;
  holder: Holder;
  note?: string;
}

export interface Driven {
  ok: true;
  sessionId: string;
  outcome: 'sent' | 'queued' | 'already_sent' | 'interrupted' | 'idle' | 'cancelled' | 'changed' | 'unknown';
  /** The number of the newest event when it was done: what it brings about comes after. */
  seq: number;
  uuid?: string;
  note?: string;
}

export interface Cancelled {
  /** False where one still runs. */
  ok: boolean;
  sessions: { sessionId: string; error: string | null }[];
}

/** `seq` grows within a list of events: the log of a session that is held or was, or a transcript. Times are Unix
 * milliseconds. */
export type SessionEvent = { seq: number; at: number } & (
  | { type: 'status'; state: State; model: string | null; permissionMode: string | null }
  | { type: 'user'; uuid: string | null; text: string }
  | { type: 'assistant'; uuid: string | null; messageId: string | null; text: string; thinking?: true; parent?: string }
  | {
    type: 'tool'; uuid: string | null; messageId: string | null; toolUseId: string; name: string; input: unknown;
    parent?: string;
  }
  | { type: 'tool_result'; uuid: string | null; toolUseId: string; text: string; isError: boolean; parent?: string }
  | { type: 'approval'; requestId: string; toolUseId: string | null; tool: string; input: unknown; ask: Ask }
  | {
    type: 'decision'; requestId: string; outcome: DecisionOutcome; by: 'person' | 'rule' | 'timeout' | 'session' | 'unknown';
    reason: string | null; rule: string | null;
  }
  | {
    type: 'usage'; subtype: string; isError: boolean; durationMs: number | null; costMicroUsd: number | null;
    inputTokens: number | null; outputTokens: number | null; cacheReadTokens: number | null;
    cacheCreationTokens: number | null;
  }
  | { type: 'note'; code: string; text: string }
  | { type: 'exit'; code: number | null; signal: number | null; cancelled: boolean; stderr: string }
);

/** A piece of what is being written; the event that follows has all of it. */
export interface Delta {
  type: 'delta';
  kind: 'text' | 'thinking' | 'input' | 'unknown';
  text: string;
  index: number;
  parent?: string;
}

export type OutputPart =
  | { type: 'events'; sessionId: string; numbering?: string; events: SessionEvent[] }
  | { type: 'delta'; sessionId: string; delta: Omit<Delta, 'type'> }
  | { type: 'caught'; sessionId: string; seq: number; numbering?: string }
  | { type: 'anew'; sessionId: string }
  | { type: 'end'; sessionId: string; reason: string | null };

export type DecisionOutcome = 'allow' | 'deny' | 'withdrawn' | 'unknown';

export type Ask =
  | { type: 'permission'; tool: string; input: string }
  | { type: 'question'; questions: Question[] }
  | { type: 'plan'; text: string }
  | { type: 'text'; text: string };

export interface Question {
  question: string;
  header: string | null;
  multiSelect: boolean;
  options: { label: string; description: string | null }[];
}

export interface Approval {
  id: string;
  sessionId: string;
  key: string | null;
  cwd: string;
  title: string | null;
  at: number;
  until: number | null;
  source: 'held' | 'hook' | 'unknown';
  tool: string;
  input: unknown;
  ask: Ask;
  reason: string | null;
}

export interface DecideRequest {
  /** The session whose request is meant. */
  sessionId: string;
  decision: 'allow' | 'deny';
  /** What the model is told where it is denied. */
  reason?: string;
  /** To each question the label of the chosen option, several joined by `, `, or words of one's own. */
  answers?: Record<string, string>;
  /** Decide so from now on; makes a rule. */
  always?: { scope: RuleScope; pattern?: string; expiresAt?: number };
  permissionMode?: string;
}

export interface Decided {
  ok: true;
  id: string;
  sessionId: string;
  outcome: DecisionOutcome;
  by: string;
  rule: string | null;
  note?: string;
}

export type RuleScope = { type: 'all' } | { type: 'project'; dir: string } | { type: 'session'; sessionId: string };

export interface ToolRule {
  id?: string;
  tool: string;
  pattern?: string;
  action: 'allow' | 'deny' | 'ask';
  scope?: RuleScope;
  expiresAt?: number;
}

export interface RuleSet {
  ok: true;
  rev: number;
  rules: ToolRule[];
  problem?: string;
  note?: string;
}

export interface RuleTested {
  ok: true;
  action: 'allow' | 'deny' | 'ask' | 'unknown';
  rule: string | null;
  why: string;
  parts: { text: string; action: string; rule: string | null; why: string }[];
  problem?: string;
}

// ---- The functions under the names that people know

export interface Facade {
  /** Runs a prompt in a new session in `projectPath` (absolute). An empty model leaves the choice to Claude Code. */
  executeClaudeCode(projectPath: string, prompt: string, model?: string, options?: ExecuteOptions): Promise<Started>;
  /** Runs a prompt in the newest conversation of the project. One that is open here already is told it as it is. */
  continueClaudeCode(projectPath: string, prompt: string, model?: string, options?: ExecuteOptions): Promise<Started>;
  /** Runs a prompt in this conversation. One that is open here already is told it as it is. Fails with `live` where the
   * process that had it open goes on in another one. */
  resumeClaudeCode(
    projectPath: string, sessionId: string, prompt: string, model?: string, options?: ExecuteOptions,
  ): Promise<Started>;
  /** What came of the task that this client gave the session last. */
  whenComplete(sessionId: string): Promise<Completed>;
  /** Sessions that the server holds; with `{ scope: 'all' }` every one on the machine. */
  listRunningClaudeSessions(options?: { scope?: 'all' }): Promise<RunningSession[]>;
  /** Ends a session; what it said is kept. Without an id nothing is ended, unless `{ scope: 'all' }` says so. */
  cancelClaudeExecution(sessionId: Who): Promise<Driven>;
  cancelClaudeExecution(options: { scope: 'all' }): Promise<Cancelled>;
  /** What a session said, one JSON object a line, as `claude --output-format stream-json` prints it. */
  getClaudeSessionOutput(sessionId: string): Promise<string>;
  /** Forgets the sessions of this client that have ended and says how many they were. Ends and deletes nothing. */
  cleanupFinishedProcesses(): Promise<number>;
  /** Directories with conversations, that of the newest one first. */
  listProjects(): Promise<Project[]>;
  /** The conversations of a project, newest first. Takes its id, or Claude Code's name for its directory. */
  getProjectSessions(projectId: string): Promise<ProjectSession[]>;
  /** The lines of `getClaudeSessionOutput` as objects. The session's id says enough; the project's is not used. */
  loadSessionHistory(sessionId: string, projectId?: string): Promise<Line[]>;
  /** Listens to the sessions of this client, or, with `:<session id>`, to any one: what is new of it until it ends.
   * Returns what ends that. */
  on<E extends EventName>(event: E | `${E}:${string}`, listener: (event: ClientEvent<E>) => void): () => void;
  /** Leaves all streams. Sessions go on. A program that keeps a session, or told one that was open here, ends only
   * after that, or when the session does. */
  close(): void;
}

export interface ExecuteOptions {
  permissionMode?: string;
  effort?: string;
  name?: string;
  holder?: 'stdio' | 'pty' | 'tmux';
  worktree?: string;
  /** Let the session wait for more after the turn. Without it the session ends with the turn, as `claude -p` does. */
  keep?: boolean;
}

export interface Completed {
  sessionId: string;
  /** Whether the turn came to its end without an error. */
  success: boolean;
  /** The last answer, `null` where there was none. */
  result: string | null;
}

export interface Payloads {
  /** One line of JSON, see `Line`. */
  'claude-output': string;
  /** What went wrong, in a sentence. */
  'claude-error': string;
  'claude-status': { state: State; model: string | null; permissionMode: string | null };
  /** The task is done: whether it came to its end without an error. */
  'claude-complete': boolean;
}

export type EventName = keyof Payloads;

export interface ClientEvent<E extends EventName> {
  /** As it was listened to. */
  event: string;
  sessionId: string;
  payload: Payloads[E];
}

/** A line as `claude --output-format stream-json` prints it, with the number and time of its event. What that format
 * does not know (`approval`, `decision`, `note`, `exit`, `status`) is a `system` line of that subtype. */
export interface Line {
  type: 'system' | 'user' | 'assistant' | 'result';
  subtype?: string;
  session_id: string;
  seq: number;
  at: number;
  uuid?: string;
  message?: { role: 'user' | 'assistant'; content: Block[]; [field: string]: unknown };
  parent_tool_use_id?: string | null;
  [field: string]: unknown;
}

export type Block =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string }
  | { type: 'tool_use'; id: string; name: string; input: unknown }
  | { type: 'tool_result'; tool_use_id: string; content: string; is_error: boolean };

export interface RunningSession {
  /** The pid. */
  run_id: number;
  process_type: { ClaudeSession: { session_id: string | null } };
  pid: number;
  started_at: string | null;
  project_path: string;
  task: string | null;
  model: null;
  session_id: string | null;
  status: State;
  /** Whether the server holds it, and so can talk to it and cancel it. */
  held: boolean;
}

export interface Project {
  /** The directory. */
  id: string;
  path: string;
  /** Ids, newest first. */
  sessions: string[];
  /** Unix seconds of the oldest conversation's last change: nothing records when a project began. */
  created_at: number;
  /** Unix seconds of the newest one's. */
  most_recent_session: number;
}

export interface ProjectSession {
  id: string;
  project_id: string;
  project_path: string;
  /** Unix seconds of the last change: nothing records when it began. */
  created_at: number;
  title: string | null;
  last_prompt: string | null;
  /** Whether a process has it open. */
  running: boolean;
}
