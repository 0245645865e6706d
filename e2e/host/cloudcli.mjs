// A running CloudCLI host with a home of its own.
//
// Knows how the host is started, spoken to and ended. Does not know what our plugin does in it.

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { installHost } from '../install/host.mjs';
import { descendants } from './process.mjs';

export const USER = 'dev';
export const PASSWORD = 'correct-horse-1';

// `path` is the host's PATH: the first `node` on it runs the plugins. The host itself runs under the
// Node that it was installed with, whatever that one is.
export async function startCloudcli({ home, path }) {
  const entry = await installHost();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [entry], {
    cwd: home,
    env: { PATH: path, HOME: home, LANG: 'C.UTF-8', HOST: '127.0.0.1', SERVER_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: what a killed host leaves behind can still be ended by the group's id.
    detached: true,
  });
  const host = new Cloudcli(child, url);
  try {
    await host.ready();
    await host.signIn();
  } catch (fault) {
    await host.close();
    throw new Error(`${fault.message}\n${host.log}`, { cause: fault });
  }
  return host;
}

class Cloudcli {
  log = '';
  token = null;

  constructor(child, url) {
    this.child = child;
    this.url = url;
    this.exited = new Promise(done => child.once('exit', (code, signal) => done({ code, signal })));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => { this.log += text; });
    }
    child.once('error', fault => { this.log += `${fault}\n`; });
  }

  async ready() {
    const end = Date.now() + 60_000;
    for (;;) {
      const up = await fetch(`${this.url}/health`).then(answer => answer.ok, () => false);
      if (up) return;
      if (this.child.exitCode !== null) throw new Error(`the host ended with ${this.child.exitCode}`);
      if (Date.now() > end) throw new Error('the host was not up after a minute');
      await sleep(100);
    }
  }

  async signIn() {
    const person = { username: USER, password: PASSWORD };
    const { needsSetup } = await this.json('GET', '/api/auth/status');
    const verb = needsSetup ? 'register' : 'login';
    this.token = (await this.json('POST', `/api/auth/${verb}`, person)).token;
    await this.json('POST', '/api/user/complete-onboarding', {});
  }

  // One request as the signed-in person.
  call(method, path, body) {
    return fetch(this.url + path, {
      method,
      headers: {
        ...(this.token && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  // As `call`, but anything other than a success is an error that shows the answer.
  async json(method, path, body) {
    const answer = await this.call(method, path, body);
    const text = await answer.text();
    // The reason of a failed install or update stands in the host's log only.
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}\n${this.log.slice(-2_000)}`);
    return JSON.parse(text);
  }

  rpc(method, path, body) {
    return this.json(method, `/api/plugins/session-manager/rpc${path}`, body);
  }

  async plugin() {
    const { plugins } = await this.json('GET', '/api/plugins');
    return plugins.find(one => one.name === 'session-manager');
  }

  // The processes of our plugin's server: the launcher and the binary, or the binary alone.
  serverProcesses() {
    return descendants(this.child.pid).filter(one => /\/session-manager\/dist\//.test(one.command));
  }

  // Ends the host as a person would and then whatever its group still holds.
  async close() {
    if (this.child.pid === undefined) return;
    this.child.kill('SIGTERM');
    const patience = new AbortController();
    await Promise.race([this.exited, sleep(10_000, null, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch (fault) {
      // No such group: nothing was left.
      if (fault.code !== 'ESRCH') throw fault;
    }
    await this.exited;
  }
}

async function freePort() {
  const probe = createServer();
  await new Promise(done => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise(done => probe.close(done));
  return port;
}
