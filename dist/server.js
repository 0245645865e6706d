// Starts the server that was built for this machine, and is gone where node lets it.
//
// The host runs every plugin's server as `node <file>`. This file knows which binary suits the machine; it does
// not know what the binary does. `cargo xtask dist` copies it to dist/server.js, beside dist/bin and a package.json
// that makes it an ES module.

import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));

// Both are static, so the C library of the machine does not matter.
const TARGETS = {
  x64: "x86_64-unknown-linux-musl",
  arm64: "aarch64-unknown-linux-musl",
};

class Unstartable extends Error {}

function binary() {
  const target = process.platform === "linux" ? TARGETS[process.arch] : undefined;
  if (target === undefined) {
    throw new Unstartable(
      `there is no server for ${process.platform} on ${process.arch}; it runs on Linux on x64 and arm64 only`,
    );
  }
  const file = path.join(here, "bin", target, "session-manager");
  if (!fs.existsSync(file)) {
    throw new Unstartable(`${file} is missing; install the plugin again`);
  }
  return file;
}

function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// A copy through a zip file or another file system may have lost the bit.
function makeExecutable(file) {
  if (isExecutable(file)) return;
  let reason = "its file system is mounted noexec";
  try {
    fs.chmodSync(file, fs.statSync(file).mode | 0o111);
  } catch (error) {
    reason = `its executable bit is missing and can't be set (${error.code ?? error.message})`;
  }
  if (!isExecutable(file)) {
    throw new Unstartable(`${file} can't be executed: ${reason}; install the plugin in another place`);
  }
}

// Puts the server in the place of this process: no node stays behind, and signals go where they should.
function become(file, args) {
  // Node would call the function experimental, but only after this tick, which never ends.
  process.execve(file, [file, "serve", ...args], process.env);
}

// For a node without execve: the server runs beside this process and must end with it.
function accompany(file, args) {
  const signals = ["SIGTERM", "SIGINT", "SIGHUP"];
  // Before the server starts: a signal in between would end this process alone.
  for (const signal of signals) {
    process.on(signal, () => child.kill(signal));
  }
  // The server asks the kernel for a signal when its parent dies, and checks that the parent is still this one.
  const child = spawn(file, ["serve", "--die-with-parent", String(process.pid), ...args], {
    stdio: "inherit",
  });
  child.on("error", (error) => fail(`${file} can't be started: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    for (const handled of signals) process.removeAllListeners(handled);
    process.kill(process.pid, signal);
  });
}

function fail(sentence) {
  // Written at once: `process.stderr` may be a pipe that `process.exit` would cut off.
  fs.writeSync(2, `session-manager: ${sentence}.\n`);
  process.exit(1);
}

try {
  const file = binary();
  makeExecutable(file);
  const start = typeof process.execve === "function" ? become : accompany;
  start(file, process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Unstartable)) throw error;
  fail(error.message);
}
