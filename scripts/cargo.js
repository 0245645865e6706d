// Finds cargo, which a fresh shell may not have on its PATH, and runs it with the arguments given.

"use strict";

const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { homedir } = require("node:os");
const path = require("node:path");

const HOMES = [
  process.env.CARGO_HOME,
  path.join(homedir(), ".cargo"),
  // HOME may have been set to an empty directory; the password file still knows where rustup put cargo.
  path.join(require("node:os").userInfo().homedir, ".cargo"),
  "/usr/local/cargo",
];

function cargoDirectory() {
  const onPath = (process.env.PATH ?? "").split(path.delimiter);
  const inHomes = HOMES.filter(Boolean).map((home) => path.join(home, "bin"));
  return [...onPath, ...inHomes].find((directory) => existsSync(path.join(directory, "cargo")));
}

// rustup looks for its toolchains below HOME, and finds none where HOME is not the one it was installed in.
function rustupHome(cargo) {
  if (process.env.RUSTUP_HOME) return {};
  const beside = path.join(path.dirname(path.dirname(cargo)), ".rustup");
  return existsSync(beside) ? { RUSTUP_HOME: beside } : {};
}

const directory = cargoDirectory();
if (directory === undefined) {
  console.error(
    "session-manager: cargo was not found; install Rust with `curl https://sh.rustup.rs -sSf | sh -s -- -y`, " +
      "then run this again. Starting the server (`npm start`) needs no Rust.",
  );
  process.exit(1);
}
const { status, signal } = spawnSync(path.join(directory, "cargo"), process.argv.slice(2), {
  stdio: "inherit",
  cwd: path.join(__dirname, ".."),
  env: {
    ...process.env,
    ...rustupHome(directory),
    PATH: [directory, process.env.PATH].join(path.delimiter),
  },
});
if (signal !== null) process.kill(process.pid, signal);
process.exit(status ?? 1);
