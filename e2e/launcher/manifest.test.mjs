// What the host reads and runs before any of our code: manifest, package and lock file agree with the workspace.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { checkout } from "./plugin.mjs";

const text = (name) => readFile(path.join(checkout, name), "utf8");
const json = async (name) => JSON.parse(await text(name));

test("every file that states the version states the same one", async () => {
  const [, version] = /\[workspace\.package\]\s+version = "([^"]+)"/.exec(await text("Cargo.toml"));
  const lock = await json("package-lock.json");
  assert.equal((await json("manifest.json")).version, version);
  assert.equal((await json("package.json")).version, version);
  assert.equal(lock.version, version);
  assert.equal(lock.packages[""].version, version);
  assert.match(await text("CHANGELOG.md"), new RegExp(`^## ${version.replaceAll(".", "\\.")}\\b`, "m"));
});

test("the manifest is what the host accepts", async () => {
  const manifest = await json("manifest.json");
  assert.match(manifest.name, /^[\w-]+$/);
  assert.equal(manifest.name, "session-manager");
  assert.equal(manifest.displayName, "Sessions");
  assert.equal(manifest.type, "module");
  assert.equal(manifest.slot, "tab");
  assert.equal(manifest.entry, "dist/index.js");
  assert.equal(manifest.server, "dist/server.js");
  assert.ok(existsSync(path.join(checkout, manifest.icon)), manifest.icon);
});

test("installing fetches nothing and runs nothing", async () => {
  const manifest = await json("package.json");
  const lock = await json("package-lock.json");
  for (const kind of ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"]) {
    assert.equal(manifest[kind], undefined, kind);
  }
  assert.deepEqual(Object.keys(lock.packages), [""]);
  for (const hook of ["preinstall", "install", "postinstall", "prepare", "prebuild", "postbuild"]) {
    assert.equal(manifest.scripts[hook], undefined, hook);
  }
  // The scripts are CommonJS; what lies in dist/ are modules, of which the host imports one from a blob.
  assert.equal(manifest.type, "commonjs");
  assert.equal((await json("client/package.json")).type, "module");
});
