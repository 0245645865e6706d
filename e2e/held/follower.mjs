// A client that follows what a session says, and comes back where it is cut off.
//
// Knows server-sent events. Keeps everything that it was told, also what it should not have been.

import { get } from 'node:http';

import { until } from '../claude/until.mjs';

// Follows the session of this id from the event after `after`. `events` are all that came, in the order in which they came;
// `deltas` the pieces of what is being written. Where the connection ends the client returns after the last id it had, to the
// port of the server that `at` names now.
export function follow(at, id, after = 0) {
  const self = {
    events: [], deltas: [], caught: 0, visits: 0, end: undefined,
    close() {
      isOver = true;
      clearTimeout(timer);
      request?.destroy();
    },
    // Waits until it was told of an event.
    told: (what, matches) => until(`a follower is told of ${what}`, () => self.events.find(matches)),
  };
  let isOver = false;
  let last;
  let request;
  let timer;

  const heard = block => {
    const fields = Object.fromEntries(block.split('\n').map(line => line.match(/^(\w*): ?(.*)$/)?.slice(1) ?? []));
    if (fields.id !== undefined) last = fields.id;
    const data = fields.data && JSON.parse(fields.data);
    if (fields.event === 'events') self.events.push(...data.events);
    if (fields.event === 'delta') self.deltas.push(data.delta);
    if (fields.event === 'caught') self.caught += 1;
    if (fields.event === 'end') {
      self.end = data;
      self.close();
    }
  };
  const again = () => {
    if (!isOver) timer = setTimeout(visit, 100);
  };
  const visit = () => {
    let text = '';
    request = get({
      host: '127.0.0.1', port: at().port, path: `/sessions/${id}/output?follow=1&after=${after}`, agent: false,
      headers: last === undefined ? {} : { 'last-event-id': last },
    }, response => {
      if (response.statusCode === 200) self.visits += 1;
      response.setEncoding('utf8').on('data', part => {
        if (response.statusCode !== 200) return;
        const blocks = (text + part).split('\n\n');
        text = blocks.pop();
        blocks.forEach(heard);
      });
      response.on('error', () => {}).on('close', again);
    });
    request.on('error', again);
  };
  visit();
  return self;
}
