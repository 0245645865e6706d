// What every test of the host needs: a home, the plugin's repository and a host that has installed it.
//
// Knows the order in which they are built and taken down. Does not know what is tested.

import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { startCloudcli } from './cloudcli.mjs';
import { publish } from './repository.mjs';
import { pathWithoutRust } from './search-path.mjs';

// A directory with exactly what the plugin's repository holds; `cargo xtask plugin-dir` writes one.
export const PLUGIN_DIR = process.env.SM_PLUGIN_DIR;

// `home` may be one that is there already; otherwise a new one is made and removed with the stage.
// `tools` are directories that come first on the host's PATH.
export async function setStage({ home, tools = [] } = {}) {
  if (!PLUGIN_DIR) throw new Error('SM_PLUGIN_DIR must name the directory that `cargo xtask plugin-dir` wrote');
  const folder = await mkdtemp(join(tmpdir(), 'sm-host-'));
  const stage = new Stage(folder, home ?? join(folder, 'home'));
  try {
    await mkdir(stage.home, { recursive: true });
    stage.path = [...tools, await pathWithoutRust(folder)].join(delimiter);
    stage.repository = await publish({ source: PLUGIN_DIR, folder, home: stage.home });
    await stage.startHost();
  } catch (fault) {
    await stage.close();
    throw fault;
  }
  return stage;
}

class Stage {
  host = null;

  constructor(folder, home) {
    this.folder = folder;
    this.home = home;
  }

  get pluginDir() {
    return join(this.home, '.claude-code-ui/plugins/session-manager');
  }

  // Also starts it again after a test has ended it.
  async startHost({ path = this.path } = {}) {
    await this.host?.close();
    this.host = await startCloudcli({ home: this.home, path });
    return this.host;
  }

  install() {
    return this.host.json('POST', '/api/plugins/install', { url: this.repository.url });
  }

  // The host shows tabs for a selected project only, and a transcript makes its directory one.
  async addProject(name) {
    const cwd = join(this.home, name);
    const sessionId = randomUUID();
    const folder = join(this.home, '.claude/projects', cwd.replace(/[^a-zA-Z0-9]/g, '-'));
    await mkdir(cwd, { recursive: true });
    await mkdir(folder, { recursive: true });
    const line = {
      type: 'user',
      sessionId,
      cwd,
      uuid: randomUUID(),
      timestamp: new Date().toISOString(),
      message: { role: 'user', content: `Say what ${name} does` },
    };
    await writeFile(join(folder, `${sessionId}.jsonl`), `${JSON.stringify(line)}\n`);
    return { cwd, sessionId };
  }

  async close() {
    await this.host?.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
