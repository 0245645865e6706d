// The list as a client of the server reads it.
//
// Knows `GET /sessions`. Does not know what is right.

import assert from 'node:assert/strict';

import { until } from './until.mjs';

export async function rowsOf(server) {
  const { status, json } = await server.get('/sessions');
  assert.equal(status, 200);
  return json;
}

// Returns the row of a process, undefined where it is not listed.
export const rowOf = async (server, pid) => (await rowsOf(server)).find(row => row.pid === pid);

// Waits until the row of `pid` is in `state`, and asserts that it stays so.
export async function settled(server, pid, state) {
  await until(`${pid} is ${state}`, async () => (await rowOf(server, pid))?.state === state);
  const row = await rowOf(server, pid);
  assert.equal(row.state, state);
  return row;
}

export const gone = (server, pid) => until(`${pid} has left the list`, async () => !await rowOf(server, pid));
