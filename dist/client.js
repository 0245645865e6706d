// The API of session-manager for programs, in Node from 18 on and in browsers: `createClient({ url })`.
//
// Knows the routes, how the stream of a session is picked up where it broke off, and the functions that desktop
// managers of Claude Code offer under the same names. Does not know where a server is (it has no fixed port), and
// decides nothing about sessions. Types and what each function means: client.d.ts.

// What a client waits before it comes back, at first and at most, and after how long in vain it gives up.
const RETRY_MS = 500;
const RETRY_MOST_MS = 10_000;
const PATIENCE_MS = 60_000;

// After how long without a sign of life, which the server gives every 15 s, a stream counts as broken.
const SILENCE_MS = 45_000;

// How often a conversation that is busy is asked for again, and after how long each time.
const BUSY_ROUNDS = 15;
const BUSY_MS = 200;

// How often a session in a terminal is asked whether it rests, at first and at least, while it says nothing.
const LOOK_MS = 500;
const LOOK_MOST_MS = 5_000;

// The most that the server looks back.
const EVER_DAYS = 3650;

const EVENTS = ['claude-output', 'claude-error', 'claude-status', 'claude-complete'];

export class SessionManagerError extends Error {
  constructor(sentence, { code, status = 0, body = null, cause } = /** @type {any} */ ({})) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.name = 'SessionManagerError';
    this.sentence = sentence;
    this.code = code;
    this.status = status;
    this.body = body;
  }
}

const badCall = sentence => new SessionManagerError(sentence, { code: 'bad_call' });

/** @type {typeof import('./client.d.ts').createClient} */
export function createClient(options) {
  const send = sender(options);
  const { patienceMs = PATIENCE_MS, silenceMs = SILENCE_MS } = options;
  const verbs = verbsOver(send, { patienceMs, silenceMs });
  const bus = makeBus();
  const facade = facadeOver(verbs, bus);
  return { ...verbs, ...facade };
}

// ---- The client that the default export speaks through

let bound = null;

/** @type {typeof import('./client.d.ts').configure} */
export function configure(options) {
  const before = bound;
  bound = createClient(options);
  before?.close();
  return bound;
}

function theBound() {
  const url = globalThis.process?.env?.SESSION_MANAGER_URL;
  if (bound === null && url) configure({ url });
  if (bound === null) {
    throw new SessionManagerError(
      'No server is named; call configure({ url }) first, or set SESSION_MANAGER_URL.',
      { code: 'not_configured' },
    );
  }
  return bound;
}

/** @type {import('./client.d.ts').Client} */
const api = new Proxy(/** @type {any} */ ({}), {
  get: (_, name) => (typeof name === 'string' && name !== 'then' ? (...words) => theBound()[name](...words) : undefined),
});

export default api;

// ---- Requests

function sender({ url, token, fetch } = /** @type {any} */ ({})) {
  if (typeof url !== 'string' || !/^https?:\/\//.test(url)) {
    throw badCall('createClient takes { url }, such as "http://127.0.0.1:8421".');
  }
  const base = url.replace(/\/+$/, '');
  // Called as a method of anything else, the browser's own refuses.
  const call = fetch ?? ((place, request) => globalThis.fetch(place, request));
  const own = token === undefined ? {} : { authorization: `Bearer ${token}` };

  return async function send(method, path, { body, headers = {}, signal } = /** @type {any} */ ({})) {
    const sent = method === 'GET' ? {} : { 'content-type': 'application/json' };
    let response;
    try {
      response = await call(base + path, {
        method,
        headers: { ...own, ...sent, ...headers },
        body: method === 'GET' ? undefined : JSON.stringify(body ?? {}),
        cache: 'no-store',
        signal,
      });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      const sentence = `Nothing answers at ${base}; start session-manager there, or name another address.`;
      throw new SessionManagerError(sentence, { code: 'unreachable', cause });
    }
    if (response.ok) return response;
    throw await refusal(response);
  };
}

async function refusal(response) {
  const text = await response.text().catch(() => '');
  const body = parsed(text);
  const { error, code } = body ?? {};
  if (typeof error === 'string' && typeof code === 'string') {
    return new SessionManagerError(error, { code, status: response.status, body });
  }
  const sentence = `What answers at ${response.url} is no session-manager (status ${response.status}); check the address.`;
  return new SessionManagerError(sentence, { code: 'bad_answer', status: response.status });
}

// All of an answer.
async function textOf(response) {
  try {
    return await response.text();
  } catch (cause) {
    throw new SessionManagerError('The answer broke off; ask again.', { code: 'unreachable', cause });
  }
}

const notJson = ({ status }) =>
  new SessionManagerError('The answer is not JSON; check the address.', { code: 'bad_answer', status });

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// ---- The verbs, a route each

function verbsOver(send, limits) {
  const json = async (method, path, body, signal) => {
    const response = await send(method, path, { body, signal });
    const value = parsed(await textOf(response));
    if (value === undefined) throw notJson(response);
    return value;
  };
  const at = (who, verb) => {
    if (typeof who !== 'string' && typeof who !== 'number') {
      throw badCall('A session is named by its id or by its pid.');
    }
    return `/sessions/${encodeURIComponent(who)}/${verb}`;
  };

  return {
    health: () => json('GET', '/health'),
    sessions: () => json('GET', '/sessions'),
    recent: async (days = 7) => (await json('GET', `/sessions?scope=recent&days=${days}`)).sessions,
    start: request => json('POST', '/sessions', request),
    message: async (who, text, { uuid } = /** @type {any} */ ({})) => json('POST', at(who, 'message'), { text, uuid }),
    interrupt: async who => json('POST', at(who, 'interrupt')),
    cancel: async (who, { scope } = /** @type {any} */ ({})) => json('POST', at(who, 'cancel'), { scope }),
    setModel: async (who, model) => json('POST', at(who, 'model'), { model }),
    setPermissionMode: async (who, permissionMode) => json('POST', at(who, 'permission-mode'), { permissionMode }),
    rename: async (who, name) => json('POST', at(who, 'rename'), { name }),
    approvals: async () => (await json('GET', '/approvals')).approvals,
    decide: async (id, request) => json('POST', `/approvals/${encodeURIComponent(id)}`, request),
    rules: () => json('GET', '/rules'),
    setRules: request => json('POST', '/rules', request),
    testRule: request => json('POST', '/rules/test', request),

    async output(who, { after = 0 } = {}) {
      const response = await send('GET', `${at(who, 'output')}?after=${after}`);
      const lines = (await textOf(response)).split('\n').filter(line => line !== '');
      const events = lines.map(parsed);
      if (events.includes(undefined)) throw notJson(response);
      return events;
    },

    async *follow(who, { after = 0, deltas = false, signal } = /** @type {any} */ ({})) {
      for await (const part of parts(send, at(who, 'output'), { after, signal, ...limits })) {
        if (part.type === 'events') yield* part.events;
        if (part.type === 'delta' && deltas) yield { type: 'delta', ...part.delta };
      }
    },

    // What `follow` is made of: also tells when all that was there has been sent, and when numbers begin anew.
    parts: (who, { after = 0, signal } = /** @type {any} */ ({})) =>
      parts(send, at(who, 'output'), { after, signal, ...limits }),
  };
}

// ---- The stream of a session

// Yields what the server tells of a session, over as many connections as that takes. Each event comes once: what a
// new connection sends again is left out.
async function* parts(send, path, { after, patienceMs, silenceMs, signal }) {
  const place = placeAt(after);
  let last = null;
  let wait = RETRY_MS;
  // Since when it is tried again, by a clock that stands while the machine sleeps: nothing was tried then.
  let brokenAt = null;
  for (;;) {
    const triedAt = performance.now();
    const line = connection(silenceMs, signal);
    let retry = null;
    let why = null;
    let other = null;
    let wasHeard = false;
    place.begin();
    try {
      const headers = { accept: 'text/event-stream', ...(last === null ? {} : { 'last-event-id': last }) };
      const asked = send('GET', `${path}?follow=1&after=${place.seq}`, { headers, signal: line.signal });
      const response = await line.within(asked);
      for await (const message of messages(response.body, line)) {
        wasHeard = true;
        brokenAt = null;
        wait = RETRY_MS;
        retry = message.retry ?? retry;
        const part = message.data === '' ? undefined : parsed(message.data);
        if (part !== undefined && place.isOfOtherList(part)) {
          other = part;
          break;
        }
        if (part?.type === 'events') {
          const events = place.take(part);
          if (events.length > 0) yield { ...part, events };
        } else if (part !== undefined) {
          if (part.type === 'caught') place.catchUp(part);
          yield part;
        }
        if (signal?.aborted || part?.type === 'end') return;
        // Only now: what is thrown away half-way was not seen.
        last = message.id ?? last;
      }
    } catch (fault) {
      if (signal?.aborted) return;
      if (isFinal(fault)) throw fault;
      // Who says that there are too many is there.
      if (fault.status === 429) brokenAt = performance.now();
      why = fault;
    } finally {
      line.close();
    }
    if (other !== null) {
      place.startAnew();
      last = null;
      yield { type: 'anew', sessionId: other.sessionId };
      continue;
    }
    brokenAt ??= wasHeard ? performance.now() : triedAt;
    if (performance.now() - brokenAt > patienceMs) throw asKnown(why);
    await pause(retry ?? wait, signal);
    if (signal?.aborted) return;
    wait = Math.min(wait * 2, RETRY_MOST_MS);
  }
}

// How far a client has been told. The events of a session stand in more than one list, each with numbers of its own:
// that of its log, without a gap, while and after it is held; that of its transcript, places in a file, otherwise; and
// after `/clear` a log may be another one. The server names the list; where that changes, times say what is known.
function placeAt(after) {
  let seq = after;
  // When the newest event was, Unix milliseconds; 0 while there was none.
  let at = 0;
  // The name of the list, `null` until it is said; older servers do not.
  let numbering = null;
  // Until when all was told from another list, until the new one has caught up.
  let knownUntil = 0;
  // What was known when this connection began.
  let before = { seq, numbering };

  function isOfOtherList({ type, seq: newest, numbering: name = null }) {
    if (before.seq === 0) return false;
    if (name !== null && before.numbering !== null && name !== before.numbering) return true;
    // What was told before is not new to the list itself.
    return type === 'caught' && newest < before.seq;
  }

  return {
    get seq() {
      return seq;
    },
    begin() {
      before = { seq, numbering };
    },
    isOfOtherList,
    // What of a part is new.
    take({ events, numbering: name }) {
      numbering = name ?? numbering;
      const fresh = events.filter(event => event.seq > seq);
      seq = fresh.at(-1)?.seq ?? seq;
      const news = fresh.filter(event => event.at > knownUntil);
      at = news.reduce((newest, event) => Math.max(newest, event.at), at);
      return news;
    },
    catchUp({ numbering: name }) {
      numbering = name ?? numbering;
      knownUntil = 0;
    },
    startAnew() {
      knownUntil = at;
      seq = 0;
      numbering = null;
    },
  };
}

// One connection, which breaks off where nothing comes for so long, or with the signal.
function connection(silenceMs, signal) {
  const line = new AbortController();
  const leave = () => line.abort(signal.reason);
  if (signal?.aborted) leave();
  signal?.addEventListener('abort', leave);
  return {
    signal: line.signal,
    // Waits for what comes next. Who listens slowly is not waited for.
    within: coming => new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        line.signal.removeEventListener('abort', broken);
      };
      const broken = () => {
        end();
        reject(line.signal.reason);
      };
      const timer = setTimeout(() => line.abort(new Error('Nothing was heard of the server.')), silenceMs);
      line.signal.addEventListener('abort', broken);
      coming.then(resolve, reject).finally(end);
      if (line.signal.aborted) broken();
    }),
    close() {
      signal?.removeEventListener('abort', leave);
      line.abort();
    },
  };
}

// Whether asking again would bring the same answer.
function isFinal(fault) {
  const status = fault instanceof SessionManagerError ? fault.status : 0;
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

function asKnown(fault) {
  if (fault instanceof SessionManagerError) return fault;
  const sentence = 'The connection broke off and could not be made again; start session-manager, and come back.';
  return new SessionManagerError(sentence, { code: 'unreachable', cause: fault });
}

function pause(ms, signal) {
  return new Promise(done => {
    if (signal?.aborted) return done();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      done();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}

// Reads server-sent events (HTML standard, 9.2.6). One that the end cuts off has not arrived. A comment is a message
// without data: a sign of life.
async function* messages(body, line) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let message = { data: '' };
  let held = '';
  try {
    for (;;) {
      const { value, done } = await line.within(reader.read());
      if (done) return;
      const text = decoder.decode(value, { stream: true });
      let from = 0;
      for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
        const line = (held + text.slice(from, to)).replace(/\r$/, '');
        held = '';
        from = to + 1;
        if (line === '') {
          yield message;
          message = { data: '' };
          continue;
        }
        const [, name, content] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (name === 'data') message.data += message.data === '' ? content : `\n${content}`;
        if (name === 'id') message.id = content;
        if (name === 'retry' && /^\d+$/.test(content)) message.retry = Number(content);
      }
      // Long lines come in many pieces; each is looked at once.
      held += text.slice(from);
    }
  } finally {
    // Who stops listening lets the server know.
    reader.cancel().catch(() => {});
  }
}

// ---- Listeners

function makeBus() {
  const listeners = new Map();
  return {
    add(name, listener) {
      if (!listeners.has(name)) listeners.set(name, new Set());
      // One of its own for each call, so that each has its own end.
      const entry = { listener };
      listeners.get(name).add(entry);
      return () => {
        const all = listeners.get(name);
        const wasThere = all?.delete(entry) ?? false;
        if (wasThere && all.size === 0) listeners.delete(name);
        return wasThere;
      };
    },
    emit(event, sessionId, payload) {
      for (const name of [event, `${event}:${sessionId}`]) {
        for (const { listener } of [...listeners.get(name) ?? []]) {
          try {
            listener({ event: name, sessionId, payload });
          } catch (fault) {
            // The fault of one listener is not the others': it goes to whoever catches what nobody catches.
            queueMicrotask(() => { throw fault; });
          }
        }
      }
    },
  };
}

// ---- Functions under the names that people know

function facadeOver(verbs, bus) {
  // By session id: what this client follows or has followed, and how many listen to one by its id.
  const watched = new Map();
  const guests = new Map();

  // Goes along with a session and tells listeners. `live` leaves out what was there before; `once` ends the session
  // after its turn, as `claude -p` does.
  function watch(sessionId, { after = 0, live = false, once = false } = {}) {
    const before = watched.get(sessionId);
    if (before !== undefined && !before.ended) {
      // It is being followed, and nothing of it must come twice. The events may have been faster than the answer that
      // says when the task was given: then it is under way, or even done.
      if (!before.isOpen && before.doneAt <= after) begin(before, { hasBegun: false });
      return Object.assign(before, { isOurs: true, once: before.once || once });
    }
    const entry = {
      sessionId,
      once,
      // Given a task by us, and not only listened to.
      isOurs: !live,
      // A task is under way, something was said of it, and that was more than the prompt.
      isOpen: !live,
      hasBegun: false,
      isAnswered: false,
      // Its events tell what it is doing.
      tellsState: false,
      // The number of the last event.
      heard: after,
      // The number of the event that told of the end of the last one.
      doneAt: 0,
      // How its last turn went, `null` while nothing tells.
      success: null,
      ended: false,
      // What came of the last task is kept while others go on in the session.
      past: !live ? undefined : before?.isOurs ? before : before?.past,
      leave: new AbortController(),
      ...(live && before !== undefined ? { promise: before.promise, resolve: before.resolve } : deferred()),
    };
    watched.set(sessionId, entry);
    if (entry.isOpen) lookForRest(entry);
    run(entry, after, live).catch(fault => {
      entry.ended = true;
      bus.emit('claude-error', sessionId, fault.message);
      entry.success = false;
      complete(entry);
    });
    return entry;
  }

  async function run(entry, after, live) {
    const { sessionId, leave } = entry;
    entry.lines = lineMaker(sessionId);
    let told = !live;
    for await (const part of verbs.parts(sessionId, { after, signal: leave.signal })) {
      // Of what is over in a transcript nobody knows whether it is done.
      if (part.type === 'caught' && !told && !entry.tellsState) entry.isOpen = false;
      if (part.type === 'caught') told = true;
      if (part.type === 'anew') entry.doneAt = 0;
      // Before anybody hears of it: who listens from then on, listens to what comes next.
      if (part.type === 'end') entry.ended = true;
      if (part.type === 'end' && part.reason) bus.emit('claude-error', sessionId, part.reason);
      if (part.type !== 'events') continue;
      for (const event of part.events) {
        if (!leave.signal.aborted) tell(entry, event, entry.lines(event), told);
      }
    }
    entry.ended = true;
    entry.looking?.abort();
    if (leave.signal.aborted) entry.resolve({ sessionId, success: false, result: null });
    else if (entry.isOpen) complete(entry);
  }

  function tell(entry, event, line, told) {
    const { sessionId } = entry;
    // A session begins at rest. It has done its task once it rests again: what was queued has had its turn as well.
    const isAtRest = event.type === 'status' && event.state === 'idle';
    if (event.type === 'status') entry.tellsState = true;
    if (event.type === 'user' && !entry.isOpen) begin(entry);
    Object.assign(entry, { heard: event.seq, isAnswered: event.type !== 'user' });
    if (['user', 'usage'].includes(event.type)) entry.hasBegun = true;
    if (event.type === 'usage') entry.success = !event.isError;
    const isDone = isAtRest && entry.isOpen && entry.hasBegun;
    if (isDone) Object.assign(entry, { hasBegun: false, doneAt: event.seq });
    if (isDone && !entry.once) entry.isOpen = false;
    if (!told) return;
    bus.emit('claude-output', sessionId, JSON.stringify(line));
    if (event.type === 'status') {
      const { state, model, permissionMode } = event;
      bus.emit('claude-status', sessionId, { state, model, permissionMode });
    }
    const error = errorOf(event, line);
    if (error !== null) bus.emit('claude-error', sessionId, error);
    if (isDone) finish(entry);
  }

  function begin(entry, more) {
    Object.assign(entry, deferred(), { isOpen: true, isAnswered: false, ...more });
    lookForRest(entry);
  }

  // A transcript does not tell when its session rests. The session's row does.
  async function lookForRest(entry) {
    entry.looking?.abort();
    entry.looking = new AbortController();
    const { signal } = entry.looking;
    for (let wait = LOOK_MS; ;) {
      const { heard } = entry;
      await pause(wait, signal);
      if (signal.aborted || entry.tellsState) return;
      wait = entry.heard === heard ? Math.min(wait * 2, LOOK_MOST_MS) : LOOK_MS;
      if (entry.heard !== heard || !entry.hasBegun || !entry.isAnswered) continue;
      const rows = (await verbs.sessions().catch(() => [])).filter(row => row.sessionId === entry.sessionId);
      if (signal.aborted) return;
      if (entry.heard === heard && rows.length > 0 && rows.every(({ state }) => state === 'idle')) break;
    }
    Object.assign(entry, { hasBegun: false, doneAt: entry.heard });
    finish(entry);
  }

  function finish(entry) {
    // A transcript says nothing of how a turn went.
    entry.success ??= true;
    if (entry.once) endAfterTurn(entry);
    else complete(entry);
  }

  // The process ends, and with that the stream; only then is the task complete, and its conversation free.
  function endAfterTurn(entry) {
    verbs.cancel(entry.sessionId).catch(fault => {
      if (fault.code === 'ended') return;
      bus.emit('claude-error', entry.sessionId, fault.message);
      entry.once = false;
      complete(entry);
    });
  }

  function complete(entry) {
    const { sessionId, resolve } = entry;
    const success = entry.success ?? false;
    entry.looking?.abort();
    Object.assign(entry, { isOpen: false, success: null });
    resolve({ sessionId, success, result: entry.lines?.result() ?? null });
    bus.emit('claude-complete', sessionId, success);
  }

  // Says the prompt in a session that goes on, here where it is open already, else in a new process.
  async function goOn(request, prompt, model, { keep = false, ...more }) {
    let started;
    try {
      started = await startOnce({ ...request, ...more, model });
    } catch (fault) {
      const pid = fault.code === 'live' ? fault.body?.pid : undefined;
      if (pid === undefined) throw fault;
      return tellTheLive(fault, request.resume ?? fault.body.sessionId, prompt, model);
    }
    try {
      const { seq } = await verbs.message(started.sessionId, prompt);
      watch(started.sessionId, { after: seq, once: !keep });
      return started;
    } catch (fault) {
      // Nobody else knows of it yet.
      await verbs.cancel(started.sessionId).catch(() => {});
      throw fault;
    }
  }

  // What has just ended takes a moment to let its conversation go.
  async function startOnce(request) {
    for (let round = 0; ; round += 1) {
      try {
        return await verbs.start(request);
      } catch (fault) {
        if (fault.code !== 'busy' || round === BUSY_ROUNDS) throw fault;
      }
      await pause(BUSY_MS);
    }
  }

  // `meant` is the conversation, where it is known.
  async function tellTheLive(live, meant, prompt, model) {
    const { pid, key = null, holder = null } = live.body;
    try {
      if (meant !== undefined) await mustHaveOpen(live, meant);
      if (model !== undefined) await verbs.setModel(pid, model);
      const { sessionId, seq } = await verbs.message(pid, prompt);
      // Others may be using it: it goes on after the turn.
      watch(sessionId, { after: seq });
      return { ok: true, sessionId, pid, key, holder };
    } catch (fault) {
      // It is not ours to talk to; how to get to it is what the first answer says.
      throw fault.code === 'not_held' ? live : fault;
    }
  }

  // After `/clear` a process goes on in another conversation, where what is meant for this one must not be said.
  async function mustHaveOpen(live, meant) {
    const { pid, key } = live.body;
    const row = (await verbs.sessions()).find(one => one.pid === pid && (key === undefined || one.key === key));
    if (row?.sessionId === meant) return;
    const why = row === undefined
      ? `process ${pid}, which had the conversation open, has ended; try again.`
      : `process ${pid} has another conversation open by now; go on in a copy of this one (start it with fork).`;
    const { code, status, body } = live;
    const sentence = `Nothing was said: ${why}`;
    throw new SessionManagerError(sentence, { code, status, body: { ...body, error: sentence }, cause: live });
  }

  function leaveAsGuest(sessionId) {
    const others = guests.get(sessionId) - 1;
    if (others > 0) {
      guests.set(sessionId, others);
      return;
    }
    guests.delete(sessionId);
    const entry = watched.get(sessionId);
    if (entry === undefined || entry.isOurs) return;
    entry.leave.abort();
    if (entry.past === undefined) watched.delete(sessionId);
    else watched.set(sessionId, entry.past);
  }

  const facade = {
    async executeClaudeCode(projectPath, prompt, model, options = {}) {
      const { keep = false, ...more } = choices(options);
      const started = await verbs.start({ cwd: projectPath, prompt, model: model || undefined, ...more });
      watch(started.sessionId, { once: !keep });
      return started;
    },

    continueClaudeCode: async (projectPath, prompt, model, options = {}) =>
      goOn({ cwd: projectPath, continue: true }, prompt, model || undefined, choices(options)),

    resumeClaudeCode: async (projectPath, sessionId, prompt, model, options = {}) =>
      goOn({ cwd: projectPath, resume: sessionId }, prompt, model || undefined, choices(options)),

    whenComplete(sessionId) {
      const entry = watched.get(sessionId);
      if (entry === undefined) throw badCall(`This client did not start session ${sessionId}, nor does it follow it.`);
      return entry.promise;
    },

    async listRunningClaudeSessions({ scope } = /** @type {any} */ ({})) {
      const sessions = await verbs.sessions();
      return sessions.filter(row => scope === 'all' || isHeld(row)).map(asRunning);
    },

    async cancelClaudeExecution(who, options = {}) {
      const [id, { scope }] = typeof who === 'object' && who !== null ? [undefined, who] : [who, options];
      if (id !== undefined && id !== null) return verbs.cancel(id, { scope });
      if (scope !== 'all') {
        throw badCall('Name the session to cancel, or say { scope: "all" } to cancel every session that is held.');
      }
      // Any of them stands for all.
      const held = (await verbs.sessions()).find(row => isHeld(row));
      if (held === undefined) return { ok: true, sessions: [] };
      return verbs.cancel(held.sessionId ?? held.pid, { scope });
    },

    async getClaudeSessionOutput(sessionId) {
      const lines = (await facade.loadSessionHistory(sessionId)).map(line => `${JSON.stringify(line)}\n`);
      return lines.join('');
    },

    async loadSessionHistory(sessionId) {
      return (await verbs.output(sessionId)).map(lineMaker(sessionId));
    },

    async cleanupFinishedProcesses() {
      const ended = [...watched.values()].filter(entry => entry.ended);
      for (const { sessionId } of ended) watched.delete(sessionId);
      return ended.length;
    },

    async listProjects() {
      const projects = new Map();
      for (const { sessionId, cwd, lastActivityAt } of await verbs.recent(EVER_DAYS)) {
        if (cwd === null) continue;
        const seconds = Math.floor(lastActivityAt / 1000);
        const project = projects.get(cwd)
          ?? { id: cwd, path: cwd, sessions: [], created_at: seconds, most_recent_session: seconds };
        projects.set(cwd, project);
        project.sessions.push(sessionId);
        project.created_at = Math.min(project.created_at, seconds);
        project.most_recent_session = Math.max(project.most_recent_session, seconds);
      }
      return [...projects.values()];
    },

    async getProjectSessions(projectId) {
      const isOf = ({ cwd }) => cwd !== null && (cwd === projectId || directoryName(cwd) === projectId);
      return (await verbs.recent(EVER_DAYS)).filter(isOf).map(({ sessionId, cwd, lastActivityAt, ...known }) => ({
        id: sessionId,
        project_id: cwd,
        project_path: cwd,
        created_at: Math.floor(lastActivityAt / 1000),
        title: known.title,
        last_prompt: known.lastPrompt,
        running: known.live !== null,
      }));
    },

    on(event, listener) {
      const [, name, sessionId] = /^([^:]*)(?::(.+))?$/s.exec(event) ?? [];
      if (!EVENTS.includes(name) || sessionId === '') {
        throw badCall(`There is no event ${event}: they are ${EVENTS.join(', ')}, each also with :<session id>.`);
      }
      const off = bus.add(event, listener);
      if (sessionId === undefined) return off;
      // Of a session that somebody else started only what is new is told: the rest is its history.
      if (watched.get(sessionId)?.ended !== false) watch(sessionId, { live: true });
      guests.set(sessionId, (guests.get(sessionId) ?? 0) + 1);
      return () => {
        if (off()) leaveAsGuest(sessionId);
      };
    },

    close() {
      for (const { leave } of watched.values()) leave.abort();
      watched.clear();
    },
  };
  return facade;
}

// What may be chosen besides project, prompt and model.
function choices(options) {
  if (typeof options !== 'object' || options === null) {
    throw badCall('Options are an object: { permissionMode, effort, name, holder, worktree, keep }.');
  }
  return options;
}

const isHeld = ({ holder }) => typeof holder === 'string';

function asRunning(row) {
  return {
    run_id: row.pid,
    process_type: { ClaudeSession: { session_id: row.sessionId } },
    pid: row.pid,
    started_at: row.startedAt === null ? null : new Date(row.startedAt).toISOString(),
    project_path: row.cwd,
    task: row.title,
    model: null,
    session_id: row.sessionId,
    status: row.state,
    held: isHeld(row),
  };
}

// The directory that Claude Code keeps a project's transcripts in.
const directoryName = cwd => cwd.replace(/[^a-zA-Z0-9]/g, '-');

// What a person should be told went wrong, `null` where nothing did.
function errorOf(event, line) {
  if (event.type === 'usage' && event.isError) return line.result ?? event.subtype;
  if (event.type === 'note' && ['holder_lost', 'log_stalled'].includes(event.code)) return event.text;
  if (event.type === 'exit' && !event.cancelled && event.code !== 0) {
    const how = event.signal === null ? `with code ${event.code}` : `by signal ${event.signal}`;
    return event.stderr.trim() || `The session ended ${how}.`;
  }
  return null;
}

// Returns what makes the line that `claude --output-format stream-json` would print of each event of a session.
function lineMaker(sessionId) {
  let isFirstStatus = true;
  let result = null;
  const line = event => {
    const { seq, at, type, uuid, ...rest } = event;
    const common = { session_id: sessionId, seq, at, ...(uuid ? { uuid } : {}) };
    const parent = { parent_tool_use_id: event.parent ?? null };
    switch (type) {
      case 'user':
        return { type, message: { role: type, content: [{ type: 'text', text: event.text }] }, ...parent, ...common };
      case 'assistant': {
        if (!event.thinking && !event.parent) result = event.text;
        const block = event.thinking ? { type: 'thinking', thinking: event.text } : { type: 'text', text: event.text };
        return { type, message: said(event.messageId, block), ...parent, ...common };
      }
      case 'tool': {
        const block = { type: 'tool_use', id: event.toolUseId, name: event.name, input: event.input };
        return { type: 'assistant', message: said(event.messageId, block), ...parent, ...common };
      }
      case 'tool_result': {
        const { toolUseId, text, isError } = event;
        const block = { type, tool_use_id: toolUseId, content: text, is_error: isError };
        return { type: 'user', message: { role: 'user', content: [block] }, ...parent, ...common };
      }
      case 'usage':
        return {
          type: 'result',
          subtype: event.subtype,
          is_error: event.isError,
          result,
          duration_ms: event.durationMs,
          total_cost_usd: event.costMicroUsd === null ? null : event.costMicroUsd / 1e6,
          usage: {
            input_tokens: event.inputTokens,
            output_tokens: event.outputTokens,
            cache_read_input_tokens: event.cacheReadTokens,
            cache_creation_input_tokens: event.cacheCreationTokens,
          },
          ...common,
        };
      case 'status': {
        const subtype = isFirstStatus ? 'init' : 'status';
        isFirstStatus = false;
        return { type: 'system', subtype, ...rest, ...common };
      }
      default:
        return { type: 'system', subtype: type, ...rest, ...common };
    }
  };
  line.result = () => result;
  return line;
}

const said = (id, block) => ({ id, type: 'message', role: 'assistant', content: [block] });

function deferred() {
  let resolve;
  const promise = new Promise(done => { resolve = done; });
  return { promise, resolve };
}
