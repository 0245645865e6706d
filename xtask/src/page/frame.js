// What stands around wasm-bindgen's glue in the page's module.
//
// The host imports the module from a blob, awaits `mount` and calls `unmount` when the person leaves the tab:
// perhaps before the wasm is ready, perhaps twice, and from one plugin to the next with the same container.

const glue = (() => {
/* glue */
return { start: __wbg_init, mount, unmount };
})();

// Begins with the import, so that it is mostly done when the host calls `mount`.
const started = (async () => {
  const text = atob("/* wasm */");
  const packed = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  await glue.start({ module_or_path: await new Response(inflated).arrayBuffer() });
})();

// A failure is told by `mount`, where the host shows it; until then it must not count as unhandled.
started.catch(() => {});

let ready = false;

// The mount that each container waits for. A later one, or an unmount, takes its place.
const waiting = new WeakMap();

export async function mount(container, api) {
const ticket = {};
waiting.set(container, ticket);
await started;
ready = true;
if (waiting.get(container) === ticket) await glue.mount(container, api);
}

export function unmount(container) {
waiting.delete(container);
if (ready) glue.unmount(container);
}
