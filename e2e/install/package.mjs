// Installs one npm package into a folder of the cache, once.
//
// Knows where the cache is and how to leave it whole when two installs meet or one is interrupted.
// Does not know what the packages are for.

import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const CACHE = process.env.SESSION_MANAGER_E2E_CACHE ?? join(import.meta.dirname, '../.cache');

// Returns the `node_modules` that holds `spec`. `folder` names it in the cache.
export async function installPackage(spec, folder, environment = {}) {
  const place = join(CACHE, folder);
  const modules = join(place, 'node_modules');
  if (await exists(modules)) return modules;

  await mkdir(CACHE, { recursive: true });
  const draft = await mkdtemp(join(CACHE, '.installing-'));
  // What is installed may be run by other users, and mkdtemp lets nobody else in.
  await chmod(draft, 0o755);
  try {
    await writeFile(join(draft, 'package.json'), '{"private":true}\n');
    await npm(['install', '--no-audit', '--no-fund', '--save-exact', spec], draft, environment);
    await rename(draft, place).catch(async fault => {
      // Somebody else was faster: theirs is as good.
      if (!await exists(modules)) throw fault;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return modules;
}

async function npm(words, cwd, environment) {
  const log = await open(join(cwd, 'install.log'), 'w+');
  try {
    const child = spawn('npm', words, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ['ignore', log.fd, log.fd],
    });
    const code = await new Promise((done, fail) => child.on('error', fail).on('close', done));
    if (code !== 0) {
      const { buffer, bytesRead } = await log.read({ position: 0 });
      throw new Error(`npm ${words.join(' ')} ended with ${code}:\n${buffer.subarray(0, bytesRead)}`);
    }
  } finally {
    await log.close();
  }
}

const exists = path => stat(path).then(() => true, () => false);
