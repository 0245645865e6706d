// What a client sees, over and over: the list by GET on one kept connection, and the list of the feed.
//
// Knows when a sample was asked for and when it was there. Does not know what is right.

import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

// Asks `server` for the list every `ms`. Each sample is `{ askedAt, at, rows }`, rows by key; an answer
// that takes longer than `ms` delays the next question. `see` is shown each as soon as it is there.
export function sampleList(server, ms, see) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sampler = sampling(ms, () => get(agent, server.port), see);
  return { ...sampler, stop: () => sampler.stop().finally(() => agent.destroy()) };
}

// Looks every `ms` at the rows that a follower of the feed has.
export const sampleFeed = (feed, ms) => sampling(ms, async () => new Map(feed.rows));

function sampling(ms, take, see = () => {}) {
  const samples = [];
  let over = false;
  const loop = (async () => {
    for (let next = Date.now(); !over; next = Math.max(next + ms, Date.now())) {
      await sleep(next - Date.now());
      const askedAt = Date.now();
      const rows = await take();
      samples.push({ askedAt, at: Date.now(), rows });
      see(rows);
    }
  })();
  // The one who stops it hears of it.
  loop.catch(() => {});
  return {
    samples,
    // Those that were asked for and answered within this time, and so tell of nothing else.
    between: (from, to) => samples.filter(sample => sample.askedAt >= from && sample.at <= to),
    async stop() {
      over = true;
      await loop;
    },
  };
}

function get(agent, port) {
  return new Promise((done, fail) => {
    const outgoing = request({ host: '127.0.0.1', port, path: '/sessions', agent }, async response => {
      try {
        const parts = [];
        for await (const part of response) parts.push(part);
        if (response.statusCode !== 200) throw new Error(`GET /sessions was answered with ${response.statusCode}`);
        done(new Map(JSON.parse(Buffer.concat(parts)).map(row => [row.key, row])));
      } catch (fault) {
        fail(fault);
      }
    });
    outgoing.setTimeout(20_000, () => outgoing.destroy(new Error('no answer to GET /sessions')));
    outgoing.on('error', fail);
    outgoing.end();
  });
}
