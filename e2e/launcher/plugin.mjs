// A plugin directory with the real launcher and a shell script in the server's place.

import { spawn } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const checkout = fileURLToPath(new URL("../../", import.meta.url));

const TARGETS = { x64: "x86_64-unknown-linux-musl", arm64: "aarch64-unknown-linux-musl" };

/** Builds the directory and removes it after the test. `script` is the body of the server, in sh. */
export async function plugin(test, { script = "exit 0", arch = process.arch } = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), "launcher-"));
  test.after(() => rm(directory, { recursive: true }));
  const server = path.join(directory, "dist/bin", TARGETS[arch], "session-manager");
  await mkdir(path.dirname(server), { recursive: true });
  await copyFile(path.join(checkout, "launcher/server.js"), path.join(directory, "dist/server.js"));
  await copyFile(path.join(checkout, "client/package.json"), path.join(directory, "dist/package.json"));
  await copyFile(path.join(checkout, "package.json"), path.join(directory, "package.json"));
  await writeFile(server, `#!/bin/sh\n${script}\n`);
  await chmod(server, 0o755);
  return { directory, server };
}

/**
 * Starts the launcher. `preload` is JavaScript that runs first, in the same process: it can make node look like
 * another one. Ends the launcher after the test, if it still runs.
 */
export async function launch(test, { directory }, { args = [], preload = "", env = {} } = {}) {
  const before = path.join(directory, "preload.cjs");
  await writeFile(before, preload);
  const child = spawn(
    process.execPath,
    ["--require", before, path.join(directory, "dist/server.js"), ...args],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } },
  );
  const launched = { child, stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (launched.stdout += data));
  child.stderr.on("data", (data) => (launched.stderr += data));
  launched.ended = new Promise((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  test.after(() => child.kill("SIGKILL"));
  return launched;
}

/** Waits until the launcher or its server has written `text` to stdout. */
export async function wrote(launched, text) {
  while (!launched.stdout.includes(text)) {
    await Promise.race([
      new Promise((resolve) => launched.child.stdout.once("data", resolve)),
      launched.ended.then((end) => {
        if (!launched.stdout.includes(text)) {
          throw new Error(`ended (${JSON.stringify(end)}) before it wrote ${text}: ${launched.stderr}`);
        }
      }),
    ]);
  }
}
