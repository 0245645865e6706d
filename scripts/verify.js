// Checks that everything in dist/ is what was built: `npm run build`, which the host runs after installing.
//
// It changes no file. A host that updates by `git pull` would refuse to do so over a change.

"use strict";

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const dist = path.join(__dirname, "../dist");

function main() {
  let sums;
  try {
    sums = fs.readFileSync(path.join(dist, "SHA256SUMS"), "utf8");
  } catch {
    return "dist/SHA256SUMS is missing: the download is incomplete, so install the plugin again";
  }
  const files = sums.trimEnd().split("\n");
  for (const line of files) {
    const [, sum, name] = /^([0-9a-f]{64}) {2}([\w./-]+)$/.exec(line) ?? [];
    if (name === undefined) {
      return "dist/SHA256SUMS is damaged: install the plugin again";
    }
    let bytes;
    try {
      bytes = fs.readFileSync(path.join(dist, name));
    } catch (error) {
      return `dist/${name} can't be read (${error.code}): install the plugin again`;
    }
    if (createHash("sha256").update(bytes).digest("hex") !== sum) {
      return `dist/${name} is not the file that was built: install the plugin again, or run \`cargo xtask dist\` after a change`;
    }
  }
  console.log(`dist/: ${files.length} files are as they were built.`);
  return undefined;
}

const mistake = main();
if (mistake !== undefined) {
  console.error(`session-manager: ${mistake}.`);
  process.exitCode = 1;
}
