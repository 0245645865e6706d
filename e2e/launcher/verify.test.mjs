// `npm run build`: it accepts what was built, names what was not, and changes nothing.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { checkout } from "./plugin.mjs";

const FILES = { "index.js": "page", "server.js": "launcher", "bin/a/session-manager": "binary" };

async function built(t) {
  const directory = await mkdtemp(path.join(tmpdir(), "verify-"));
  t.after(() => rm(directory, { recursive: true }));
  const sums = [];
  for (const [name, text] of Object.entries(FILES)) {
    const file = path.join(directory, "dist", name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    sums.push(`${createHash("sha256").update(text).digest("hex")}  ${name}\n`);
  }
  await writeFile(path.join(directory, "dist/SHA256SUMS"), sums.join(""));
  await mkdir(path.join(directory, "scripts"));
  await copyFile(path.join(checkout, "scripts/verify.js"), path.join(directory, "scripts/verify.js"));
  await copyFile(path.join(checkout, "package.json"), path.join(directory, "package.json"));
  return directory;
}

function verify(directory) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/verify.js"], {
    cwd: directory,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("what was built is accepted and left as it is", async (t) => {
  const directory = await built(t);
  assert.deepEqual(verify(directory), {
    status: 0,
    stdout: "dist/: 3 files are as they were built.\n",
    stderr: "",
  });
  for (const [name, text] of Object.entries(FILES)) {
    assert.equal(await readFile(path.join(directory, "dist", name), "utf8"), text);
  }
});

const DAMAGES = [
  ["a changed file", (dist) => writeFile(path.join(dist, "index.js"), "pagf"), /^session-manager: dist\/index\.js is not the file/],
  ["a missing binary", (dist) => unlink(path.join(dist, "bin/a/session-manager")), /^session-manager: dist\/bin\/a\/session-manager can't be read \(ENOENT\)/],
  ["missing sums", (dist) => unlink(path.join(dist, "SHA256SUMS")), /^session-manager: dist\/SHA256SUMS is missing/],
  ["empty sums", (dist) => writeFile(path.join(dist, "SHA256SUMS"), ""), /^session-manager: dist\/SHA256SUMS is damaged/],
];
for (const [what, damage, sentence] of DAMAGES) {
  test(`${what} fails the build in one sentence`, async (t) => {
    const directory = await built(t);
    await damage(path.join(directory, "dist"));
    const { status, stdout, stderr } = verify(directory);
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr, sentence);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
  });
}
