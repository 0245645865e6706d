// What stands around wasm-bindgen's glue in the page's module.
//
// The host imports the module from a blob, awaits `mount` and calls `unmount` when the person leaves the tab:
// perhaps before the wasm is ready, perhaps twice, and from one plugin to the next with the same container.
// Every visit of the tab imports it anew, and a browser never lets go of a module, so what is heavy is kept
// once for the whole document; an updated page has another name and starts for itself.

const name = Symbol.for("session-manager /* id */");
const page = (globalThis[name] ??= begin());

function begin() {
const glue = (() => {
/* glue */
return { start: __wbg_init, mount, unmount };
})();

// Begins with the import, so that it is mostly done when the host calls `mount`.
const started = (async () => {
  const packed = unpack("/* wasm */", /* size */);
  const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  await glue.start({ module_or_path: await new Response(inflated).arrayBuffer() });
})();

// Five digits to the base of 85 are four bytes; `digits85.rs` says which characters they are.
function unpack(text, size) {
  const bytes = new DataView(new ArrayBuffer(text.length / 5 * 4));
  for (let at = 0; at < text.length; at += 5) {
    let word = 0;
    for (let digit = at; digit < at + 5; digit += 1) {
      const code = text.charCodeAt(digit);
      word = word * 85 + code - (code > 92 ? 36 : 35);
    }
    bytes.setUint32(at / 5 * 4, word);
  }
  return new Uint8Array(bytes.buffer, 0, size);
}

// A failure is told by `mount`, where the host shows it; until then it must not count as unhandled. The next
// visit tries again.
started.catch(() => { delete globalThis[name]; });

// `waiting`: the mount that each container waits for. A later one, or an unmount, takes its place.
return { glue, started, ready: false, waiting: new WeakMap() };
}

export async function mount(container, api) {
const ticket = {};
page.waiting.set(container, ticket);
await page.started;
page.ready = true;
if (page.waiting.get(container) === ticket) await page.glue.mount(container, api);
}

export function unmount(container) {
page.waiting.delete(container);
if (page.ready) page.glue.unmount(container);
}
