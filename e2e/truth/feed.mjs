// The list as a client of the live feed has it.
//
// Knows the frames of `/ws` and applies them; holds the server to their order. Does not know what is
// right.

import assert from 'node:assert/strict';

import { until } from '../claude/until.mjs';
import { openSocket } from './socket.mjs';

// Follows the list of `server`. `rows` are by key and always the newest; `history` holds each change
// with the Unix milliseconds at which the client had it: `{ at, key, row }`, `row` null for one that
// is gone. `faults` says where the server broke its word.
export async function follow(server) {
  const rows = new Map();
  const history = [];
  const faults = [];
  let hello = null;
  let rev = null;

  const changes = (at, changed, gone) => {
    for (const row of changed) {
      rows.set(row.key, row);
      history.push({ at, key: row.key, row });
    }
    for (const key of gone) {
      if (!rows.delete(key)) faults.push(`${key} is gone and was not there`);
      history.push({ at, key, row: null });
    }
  };
  const heard = (text, at) => {
    const frame = JSON.parse(text);
    if (hello === null) {
      hello = frame;
      if (frame.type !== 'hello' || frame.protocol !== 1) faults.push(`the first frame was ${text.slice(0, 200)}`);
      return;
    }
    if (!Number.isInteger(frame.at) || !Number.isInteger(frame.rev)) faults.push(`a frame without time or number: ${text.slice(0, 200)}`);
    if (rev === null) {
      if (frame.type !== 'snapshot') faults.push(`the second frame was ${text.slice(0, 200)}`);
      changes(at, frame.sessions, []);
    } else if (frame.type === 'changes') {
      if (frame.rev <= rev) faults.push(`number ${frame.rev} came after ${rev}`);
      changes(at, frame.changed, frame.gone);
    } else {
      faults.push(`an unexpected frame: ${text.slice(0, 200)}`);
    }
    rev = frame.rev;
  };

  const socket = await openSocket({ host: '127.0.0.1', port: server.port }, '/ws', heard);
  await until('the feed has sent its snapshot', () => rev !== null);
  assert.equal(hello.auth, 'none');
  return {
    rows, history, faults, socket,
    // The list as it was after each of the changes.
    states() {
      const list = new Map();
      return history.map(({ key, row }) => {
        if (row === null) list.delete(key);
        else list.set(key, row);
        return new Map(list);
      });
    },
    // When the client knew of the first change since `from` that `matches(row)`; undefined before.
    seenAt: (key, from, matches) => history.find(entry => entry.key === key && entry.at >= from && matches(entry.row))?.at,
  };
}
