// Counts what a script of the page holds: timers, intervals, listeners, sockets, observers.
//
// Runs inside the page, before anything else (`addInitScript`). Only calls that come from a module
// imported from a blob are counted: that is how the host loads a plugin, and nothing else.

export function keepLedger() {
  const held = { interval: new Set(), timeout: new Set(), frame: new Set() };
  const listeners = [];
  const things = [];
  const ours = () => /\bblob:|wasm:\/\//.test(new Error().stack ?? '');
  // A stack has ten lines unless told otherwise: our frame may be deeper.
  Error.stackTraceLimit = 60;

  const timers = (kind, set, clear, once) => {
    const [start, stop] = [window[set], window[clear]];
    window[set] = function (callback, ...rest) {
      if (!ours() || typeof callback !== 'function') return start.call(window, callback, ...rest);
      const id = start.call(window, (...values) => {
        if (once) held[kind].delete(id);
        return callback(...values);
      }, ...rest);
      held[kind].add(id);
      return id;
    };
    window[clear] = id => {
      held[kind].delete(id);
      return stop.call(window, id);
    };
  };
  timers('interval', 'setInterval', 'clearInterval', false);
  timers('timeout', 'setTimeout', 'clearTimeout', true);
  timers('frame', 'requestAnimationFrame', 'cancelAnimationFrame', true);

  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const phase = options => Boolean(typeof options === 'object' ? options?.capture : options);
  const find = (target, type, callback, options) => listeners.findIndex(one => one.target.deref() === target
    && one.type === type && one.callback.deref() === callback && one.capture === phase(options));
  EventTarget.prototype.addEventListener = function (type, callback, options) {
    const target = this ?? window;
    if (callback && ours() && find(target, type, callback, options) < 0) {
      const entry = { target: new WeakRef(target), type, callback: new WeakRef(callback), capture: phase(options) };
      listeners.push(entry);
      const drop = () => { if (listeners.includes(entry)) listeners.splice(listeners.indexOf(entry), 1); };
      if (options?.once) addEventListener.call(target, type, drop, options);
      options?.signal?.addEventListener('abort', drop);
    }
    return addEventListener.call(target, type, callback, options);
  };
  EventTarget.prototype.removeEventListener = function (type, callback, options) {
    const target = this ?? window;
    const at = callback ? find(target, type, callback, options) : -1;
    if (at >= 0) listeners.splice(at, 1);
    return removeEventListener.call(target, type, callback, options);
  };

  const counted = (name, isOpen, close) => {
    const Original = window[name];
    window[name] = class extends Original {
      constructor(...words) {
        super(...words);
        if (ours()) things.push({ name, thing: this, isOpen });
      }
    };
    if (close) {
      const stop = Original.prototype[close];
      Original.prototype[close] = function (...words) {
        const entry = things.find(one => one.thing === this);
        if (entry) things.splice(things.indexOf(entry), 1);
        return stop.apply(this, words);
      };
    }
  };
  counted('WebSocket', socket => socket.readyState < 2);
  counted('EventSource', source => source.readyState < 2);
  counted('MutationObserver', () => true, 'disconnect');
  counted('ResizeObserver', () => true, 'disconnect');
  counted('IntersectionObserver', () => true, 'disconnect');

  // wasm memories are seen as they are made; one that nothing refers to any more is not counted.
  const memories = [];
  const instantiate = WebAssembly.instantiate;
  WebAssembly.instantiate = async (...words) => {
    const made = await instantiate.apply(WebAssembly, words);
    const instance = made.instance ?? made;
    if (instance.exports?.memory) memories.push(new WeakRef(instance.exports.memory));
    return made;
  };

  window.ledger = () => ({
    interval: held.interval.size,
    timeout: held.timeout.size,
    frame: held.frame.size,
    // A listener on a node that has left the document goes with the node.
    listeners: listeners.filter(one => {
      const target = one.target.deref();
      return target && (!(target instanceof Node) || target.isConnected)
        // What is listened to on a socket or a request ends with it.
        && (target instanceof Node || target === window || target instanceof MediaQueryList);
    }).map(one => one.type).sort(),
    things: things.filter(one => one.isOpen(one.thing)).map(one => one.name).sort(),
    wasmBytes: memories.map(one => one.deref()?.buffer.byteLength ?? 0).reduce((sum, one) => sum + one, 0),
  });
}
