// The stream of a session through client.js: nothing is lost and nothing comes twice, whatever becomes of connections.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { createClient } from '../../client/client.js';
import { failure, startStandIn } from './stand-in.mjs';
import { assistant, exit, turn, user } from './turns.mjs';

const ID = '607b503a-f1d9-4125-9748-6f1933188683';

describe('follow', () => {
  let standIn, client, log;
  before(async () => { standIn = await startStandIn(); });
  after(() => standIn?.close());
  beforeEach(() => {
    standIn.asked.length = 0;
    client = createClient({ url: standIn.url, patienceMs: 2_000 });
    log = standIn.session(ID);
  });

  // Follows in the background. `seen` are the numbers so far.
  function following(options) {
    const seen = [];
    const texts = [];
    const done = (async () => {
      for await (const event of client.follow(ID, options)) {
        seen.push(event.seq);
        texts.push(event.text);
      }
    })();
    return { seen, texts, done, has: count => until(() => seen.length >= count) };
  }

  test('what was there, what comes, and the end', async () => {
    log.push(...turn('one', 'two'));
    const stream = following();
    await stream.has(5);
    log.push(...turn('three', 'four'), exit());
    log.end();
    await stream.done;
    assert.deepEqual(stream.seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert.equal(log.connections, 1);
  });

  test('after an event that is known', async () => {
    log.push(...turn('one', 'two'));
    log.end();
    const stream = following({ after: 3 });
    await stream.done;
    assert.deepEqual(stream.seen, [4, 5]);
  });

  test('a stream that ends before the session does is taken up again', async () => {
    const stream = following();
    await until(() => log.connections === 1);
    log.push(user('one'), assistant('two'));
    await stream.has(2);
    log.cut();
    log.push(user('three'));
    await stream.has(3);
    log.end();
    await stream.done;
    assert.deepEqual(stream.seen, [1, 2, 3]);
    const again = standIn.asked.at(-1);
    assert.equal(again.headers['last-event-id'], '2');
    assert.equal(again.path, `/sessions/${ID}/output?follow=1&after=2`);
  });

  test('a message that was cut off is asked for again', async () => {
    log.push(user('one'), user('two'));
    const stream = following();
    await stream.has(2);
    log.cut({ halfway: true });
    log.push(user('three'));
    log.end();
    await stream.done;
    assert.deepEqual(stream.texts, ['one', 'two', 'three']);
  });

  test('what a server sends again comes once', async () => {
    log.resend = 1000;
    log.push(user('one'), user('two'));
    const stream = following();
    await stream.has(2);
    for (let round = 0; round < 5; round += 1) {
      log.push(user(`more ${round}`));
      log.cut();
      await until(() => log.connections === round + 2);
    }
    log.end();
    await stream.done;
    assert.deepEqual(stream.seen, [1, 2, 3, 4, 5, 6, 7]);
  });

  describe('where its numbers begin anew', () => {
    const at = (time, event, more) => ({ ...event, ...more, at: time });
    const place = (seq, time, text) => at(time, user(text), { seq });

    test('after those of a transcript, all that is new comes, once', async () => {
      log.push(place(1, 1000, 'one'), place(90_001, 2000, 'two'));
      const stream = following();
      await stream.has(2);
      log.become(undefined, at(1000, user('one')), at(2000, user('two')), at(3000, user('three')));
      await stream.has(3);
      log.push(at(3100, user('four')));
      await stream.has(4);
      log.cut();
      log.push(at(3200, user('five')));
      await stream.has(5);
      log.end();
      await stream.done;
      assert.deepEqual(stream.texts, ['one', 'two', 'three', 'four', 'five']);
      assert.deepEqual(stream.seen, [1, 90_001, 3, 4, 5]);
    });

    test('before anything new was said', async () => {
      log.push(place(1, 1000, 'one'), place(90_001, 2000, 'two'));
      const stream = following();
      await stream.has(2);
      log.become(undefined, at(1000, user('one')), at(2000, user('two')));
      await until(() => log.open() === 1);
      log.push(at(3000, user('three')));
      await stream.has(3);
      log.end();
      await stream.done;
      assert.deepEqual(stream.texts, ['one', 'two', 'three']);
    });

    test('after those of a log, nothing comes twice', async () => {
      log.numbering = `log:${ID}`;
      log.push(at(1010, user('one')), at(2010, user('two')), at(3010, user('three')));
      const stream = following();
      await stream.has(3);
      const same = [place(1, 1000, 'one'), place(501, 2000, 'two'), place(902, 3000, 'three')];
      log.become(`transcript:${ID}`, ...same, place(1403, 4000, 'four'));
      await stream.has(4);
      log.end();
      await stream.done;
      assert.deepEqual(stream.texts, ['one', 'two', 'three', 'four']);
    });

    test('with numbers that were given before, where the server says so', async () => {
      log.numbering = 'log:1';
      log.push(at(1000, user('one')), at(2000, user('two')));
      const stream = following();
      await stream.has(2);
      log.become('log:2', at(3000, user('three')), at(3000, user('four')), at(3000, user('five')));
      await stream.has(5);
      log.end();
      await stream.done;
      assert.deepEqual(stream.texts, ['one', 'two', 'three', 'four', 'five']);
    });

    test('is said in the parts', async () => {
      log.push(place(90_001, 2000, 'one'));
      const seen = [];
      const done = (async () => {
        for await (const part of client.parts(ID)) seen.push(part.type);
      })();
      await until(() => seen.length === 2);
      log.become(undefined, at(3000, user('two')));
      await until(() => seen.length === 5);
      log.end();
      await done;
      assert.deepEqual(seen, ['events', 'caught', 'anew', 'events', 'caught', 'end']);
    });

    test('before it was followed', async () => {
      log.push(user('one'), user('two'));
      log.end();
      const stream = following({ after: 90_001 });
      await stream.done;
      assert.deepEqual(stream.texts, ['one', 'two']);
    });
  });

  describe('a connection that says nothing', () => {
    const impatient = more => createClient({ url: standIn.url, silenceMs: 200, patienceMs: 100, ...more });

    test('is left, and made again', async () => {
      client = impatient();
      const stream = following();
      await until(() => log.open() === 1);
      log.lose();
      log.push(user('one'));
      await stream.has(1);
      assert.equal(log.left, 1);
      log.end();
      await stream.done;
      assert.deepEqual(stream.seen, [1]);
      assert.equal(log.connections, 2);
    });

    test('is left where the answer never came', async () => {
      let asked = 0;
      const silent = (place, request) => {
        asked += 1;
        return asked > 1 ? fetch(place, request) : new Promise((_, fail) => {
          request.signal?.addEventListener('abort', () => fail(request.signal.reason));
        });
      };
      client = impatient({ fetch: silent, patienceMs: 2000 });
      log.push(user('one'));
      log.end();
      await following().done;
      assert.equal(asked, 2);
    });

    test('is kept where signs of life come', async () => {
      client = impatient({ silenceMs: 1000 });
      const stream = following();
      await until(() => log.open() === 1);
      for (let round = 0; round < 30; round += 1) {
        log.beat();
        await new Promise(done => setTimeout(done, 50));
      }
      log.push(user('one'));
      log.end();
      await stream.done;
      assert.deepEqual([stream.seen, log.connections], [[1], 1]);
    });

    test('is not the fault of who listens slowly', async () => {
      client = impatient();
      log.push(user('one'), user('two'));
      log.end();
      const seen = [];
      for await (const { seq } of client.follow(ID)) {
        seen.push(seq);
        await new Promise(done => setTimeout(done, 400));
      }
      assert.deepEqual([seen, log.connections], [[1, 2], 1]);
    });
  });

  test('who stops in the middle of a message and comes back misses nothing', async () => {
    log.push(user('one'), user('two'), user('three'), user('four'));
    const seen = [];
    for await (const { seq } of client.follow(ID)) {
      seen.push(seq);
      if (seq === 1) break;
    }
    log.end();
    for await (const { seq } of client.follow(ID, { after: seen.at(-1) })) seen.push(seq);
    assert.deepEqual(seen, [1, 2, 3, 4]);
  });

  test('a server that is away for a moment, or too busy, is asked again', async () => {
    log.refuse = [[503, failure('fault', 'Not now.')], [429, failure('too_many', 'Too many.')]];
    log.push(user('one'));
    log.end();
    const stream = following();
    await stream.done;
    assert.deepEqual(stream.seen, [1]);
    assert.equal(log.connections, 3);
  });

  test('a refusal is final', async () => {
    await assert.rejects(async () => {
      for await (const _ of client.follow('deadbeef')) assert.fail();
    }, { name: 'SessionManagerError', code: 'no_conversation', status: 404, sentence: 'No such session.' });
    assert.equal(standIn.asked.length, 1);
  });

  test('patience has an end', async () => {
    const client = createClient({ url: 'http://127.0.0.1:9', patienceMs: 50 });
    await assert.rejects(async () => {
      for await (const _ of client.follow(ID)) assert.fail();
    }, { code: 'unreachable', status: 0 });
  });

  test('a signal ends it, and the server sees that', async () => {
    const leave = new AbortController();
    const stream = following({ signal: leave.signal });
    await until(() => log.connections === 1);
    log.push(user('one'));
    await stream.has(1);
    leave.abort();
    await stream.done;
    assert.deepEqual(stream.seen, [1]);
    await until(() => log.open() === 0);
  });

  test('deltas come to those who ask for them', async () => {
    const seen = [];
    const stream = (async () => {
      for await (const part of client.follow(ID, { deltas: true })) seen.push(part.type === 'delta' ? part.text : part.seq);
    })();
    await until(() => log.connections === 1);
    log.delta('wo');
    log.delta('rd');
    log.push(assistant('word'));
    log.end();
    await stream;
    assert.deepEqual(seen, ['wo', 'rd', 1]);
  });

  test('a long event in many pieces, in any alphabet', async () => {
    const text = '日本語 ✓ '.repeat(300_000);
    log.push(user(text), user('after'));
    log.end();
    const stream = following();
    await stream.done;
    assert.equal(stream.texts[0], text);
    assert.equal(stream.texts[1], 'after');
  });

  test('output is what was there', async () => {
    log.push(...turn('one', 'two'));
    assert.deepEqual((await client.output(ID)).map(({ seq }) => seq), [1, 2, 3, 4, 5]);
    assert.deepEqual((await client.output(ID, { after: 4 })).map(({ type }) => type), ['status']);
  });
});

async function until(probe, ms = 10_000) {
  const deadline = performance.now() + ms;
  while (!probe()) {
    assert.ok(performance.now() < deadline, 'waited in vain');
    await new Promise(done => setTimeout(done, 5));
  }
}
