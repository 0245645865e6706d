// The plugin as a git repository on this machine, published under a made-up https address.
//
// Knows what the host needs for an install and an update. Does not know the host.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// The host accepts https addresses only; git is told to read this one from the folder of bare repositories.
const ADDRESS = 'https://git.test/';

// `source` is a directory with exactly what the repository is to hold; `home` is the host's home.
export async function publish({ source, folder, home }) {
  const bare = join(folder, 'bare/session-manager.git');
  const work = join(folder, 'work');
  await mkdir(bare, { recursive: true });
  await cp(source, work, { recursive: true });
  git(bare, 'init', '--quiet', '--bare', '--initial-branch=main');
  git(work, 'init', '--quiet', '--initial-branch=main');
  git(work, 'remote', 'add', 'origin', bare);
  const repository = new Repository(work, `${ADDRESS}session-manager.git`);
  repository.push('The plugin');
  const rewrite = `[url "file://${join(folder, 'bare')}/"]\n\tinsteadOf = ${ADDRESS}\n`;
  await appendFile(join(home, '.gitconfig'), rewrite);
  return repository;
}

class Repository {
  constructor(work, url) {
    this.work = work;
    this.url = url;
  }

  push(title) {
    git(this.work, 'add', '--all');
    git(this.work, 'commit', '--quiet', '--message', title);
    git(this.work, 'push', '--quiet', 'origin', 'main');
  }

  // Publishes a release: another version, and servers that are other files although they do the same.
  async release(version) {
    for (const name of ['manifest.json', 'package.json', 'package-lock.json']) {
      const path = join(this.work, name);
      const content = JSON.parse(await readFile(path, 'utf8'));
      content.version = version;
      if (content.packages?.['']) content.packages[''].version = version;
      await writeFile(path, `${JSON.stringify(content, null, 2)}\n`);
    }
    await this.rebuild(version);
    this.push(`Release ${version}`);
  }

  async rebuild(version) {
    const dist = join(this.work, 'dist');
    const names = (await readFile(join(dist, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n').map(line => line.slice(66));
    let sums = '';
    for (const name of names) {
      // What follows the last section of an executable is never read.
      if (name.startsWith('bin/')) await appendFile(join(dist, name), version);
      sums += `${await sumOf(join(dist, name))}  ${name}\n`;
    }
    await writeFile(join(dist, 'SHA256SUMS'), sums);
  }
}

export async function sumOf(path) {
  return createHash('sha256').update(await readFile(path)).digest('hex');
}

// Runs git in `cwd` without the person's own configuration and returns what it prints.
export function git(cwd, ...words) {
  return execFileSync('git', words, {
    cwd,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_SYSTEM: '/dev/null',
      GIT_AUTHOR_NAME: 'Test',
      GIT_AUTHOR_EMAIL: 'test@example.org',
      GIT_COMMITTER_NAME: 'Test',
      GIT_COMMITTER_EMAIL: 'test@example.org',
    },
  });
}
