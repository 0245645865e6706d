// dist/server.js: which binary it starts, how, and what it says when there is none.

import assert from "node:assert/strict";
import { chmod, rm, stat } from "node:fs/promises";
import { test } from "node:test";

import { launch, plugin, wrote } from "./plugin.mjs";

const WITHOUT_EXECVE = "delete process.execve;";
const WITH_EXECVE = `
  process.execve = (file, args, env) => {
    console.log(JSON.stringify({ file, args, home: env.HOME }));
    process.exit(0);
  };`;

test("where node has execve, the server takes the launcher's place", async (t) => {
  const { directory, server } = await plugin(t);
  const launched = await launch(t, { directory }, {
    args: ["--port", "0"],
    preload: WITH_EXECVE,
    env: { HOME: "/nowhere" },
  });
  assert.deepEqual(await launched.ended, { code: 0, signal: null });
  assert.deepEqual(JSON.parse(launched.stdout), {
    file: server,
    args: [server, "serve", "--port", "0"],
    home: "/nowhere",
  });
});

test("by this node, the server gets arguments, environment and standard output", async (t) => {
  const { directory } = await plugin(t, { script: 'echo "$1 $WHO"; exit 3' });
  const launched = await launch(t, { directory }, { env: { WHO: "me" } });
  assert.deepEqual(await launched.ended, { code: 3, signal: null });
  assert.equal(launched.stdout, "serve me\n");
  assert.equal(launched.stderr, "");
});

test("without execve, the server is told whose death it must not survive", async (t) => {
  const { directory } = await plugin(t, { script: 'echo "$PPID: $*"' });
  const launched = await launch(t, { directory }, { args: ["--port", "0"], preload: WITHOUT_EXECVE });
  assert.deepEqual(await launched.ended, { code: 0, signal: null });
  const { pid } = launched.child;
  assert.equal(launched.stdout, `${pid}: serve --die-with-parent ${pid} --port 0\n`);
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
  test(`without execve, ${signal} reaches the server and its exit code comes back`, async (t) => {
    const name = signal.slice(3);
    const script = `trap 'echo got ${name}; exit 9' ${name}; echo up; for i in $(seq 200); do sleep 0.05; done`;
    const launched = await launch(t, await plugin(t, { script }), { preload: WITHOUT_EXECVE });
    await wrote(launched, "up\n");
    launched.child.kill(signal);
    assert.deepEqual(await launched.ended, { code: 9, signal: null });
    assert.equal(launched.stdout, `up\ngot ${name}\n`);
  });
}

test("without execve, a server that a signal ended ends the launcher the same way", async (t) => {
  const launched = await launch(t, await plugin(t, { script: "kill -TERM $$" }), {
    preload: WITHOUT_EXECVE,
  });
  assert.deepEqual(await launched.ended, { code: null, signal: "SIGTERM" });
});

const OTHERS = [
  { platform: "darwin", arch: "arm64" },
  { platform: "win32", arch: "x64" },
  { platform: "linux", arch: "riscv64" },
];
for (const { platform, arch } of OTHERS) {
  test(`${platform} on ${arch} is refused in one sentence`, async (t) => {
    const preload = `
      Object.defineProperty(process, "platform", { value: "${platform}" });
      Object.defineProperty(process, "arch", { value: "${arch}" });`;
    const launched = await launch(t, await plugin(t), { preload });
    assert.deepEqual(await launched.ended, { code: 1, signal: null });
    assert.equal(
      launched.stderr,
      `session-manager: there is no server for ${platform} on ${arch}; it runs on Linux on x64 and arm64 only.\n`,
    );
    assert.equal(launched.stdout, "");
  });
}

for (const arch of ["x64", "arm64"]) {
  test(`${arch} has a server of its own`, async (t) => {
    const { directory, server } = await plugin(t, { arch });
    const preload = `Object.defineProperty(process, "arch", { value: "${arch}" });${WITH_EXECVE}`;
    const launched = await launch(t, { directory }, { preload });
    await launched.ended;
    assert.equal(JSON.parse(launched.stdout).file, server);
  });
}

test("a missing server is named", async (t) => {
  const { directory, server } = await plugin(t);
  await rm(server);
  const launched = await launch(t, { directory });
  assert.deepEqual(await launched.ended, { code: 1, signal: null });
  assert.equal(launched.stderr, `session-manager: ${server} is missing; install the plugin again.\n`);
});

test("a lost executable bit is restored", async (t) => {
  const { directory, server } = await plugin(t, { script: "echo up" });
  await chmod(server, 0o644);
  const launched = await launch(t, { directory });
  assert.deepEqual(await launched.ended, { code: 0, signal: null });
  assert.equal(launched.stdout, "up\n");
  assert.equal((await stat(server)).mode & 0o777, 0o755);
});

test("a lost executable bit that can't be restored is told", async (t) => {
  const { directory, server } = await plugin(t);
  await chmod(server, 0o644);
  const preload = `require("node:fs").chmodSync = () => {
    throw Object.assign(new Error("read-only file system"), { code: "EROFS" });
  };`;
  const launched = await launch(t, { directory }, { preload });
  assert.deepEqual(await launched.ended, { code: 1, signal: null });
  assert.equal(
    launched.stderr,
    `session-manager: ${server} can't be executed: its executable bit is missing and can't be set (EROFS); ` +
      "install the plugin in another place.\n",
  );
});

test("a file system without execution is told", async (t) => {
  const { directory, server } = await plugin(t);
  // What access(2) answers on a noexec mount, whatever the file's mode.
  const preload = `require("node:fs").accessSync = () => {
    throw Object.assign(new Error("permission denied"), { code: "EACCES" });
  };`;
  const launched = await launch(t, { directory }, { preload });
  assert.deepEqual(await launched.ended, { code: 1, signal: null });
  assert.equal(
    launched.stderr,
    `session-manager: ${server} can't be executed: its file system is mounted noexec; ` +
      "install the plugin in another place.\n",
  );
});
