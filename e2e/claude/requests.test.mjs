// What a browser on a foreign page, a broken client or a curious one may send: each gets its word, and
// the next request works.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { makeWorld } from './world.mjs';

describe('a request', () => {
  let world, server, host;
  before(async () => {
    world = await makeWorld();
    server = await world.serve();
    host = `127.0.0.1:${server.port}`;
  });
  after(() => world?.end());

  // Sends bytes as they are. Every connection is closed by the server, so that the answer has an end.
  const sends = async (lines, body, status, code) => {
    const answer = await server.raw(`${[...lines, 'connection: close'].join('\r\n')}\r\n\r\n${body}`);
    assert.deepEqual([answer.status, answer.json?.ok, answer.json?.code], [status, false, code], lines.join(' | '));
    assert.doesNotMatch(answer.head, /access-control/i);
    const next = await server.get('/health');
    assert.deepEqual([next.status, next.json.ok], [200, true]);
  };
  const asks = (headers, status, code, path = '/sessions') =>
    sends([`GET ${path} HTTP/1.1`, ...headers], '', status, code);
  const posts = (type, body, status, code, path = '/sessions/cleanup') => sends(
    [`POST ${path} HTTP/1.1`, `host: ${host}`, ...type, `content-length: ${Buffer.byteLength(body)}`], body, status, code,
  );
  const json = ['content-type: application/json; charset=utf-8'];

  test('for another host', async () => {
    await asks([], 400, 'bad_host');
    await asks([`host: ${host}`, `host: ${host}`], 400, 'bad_host');
    await asks([`host: ${host}`], 400, 'bad_host', `http://${host}/sessions`);
    for (const name of ['example.com', '127.0.0.1', '127.0.0.1:1', `127.0.0.1.example.com:${server.port}`, '']) {
      await asks([`host: ${name}`], 403, 'bad_host');
    }
  });

  test('from a page of another origin', async () => {
    for (const origin of ['http://example.com', 'null', `https://${host}`, 'http://127.0.0.1', `http://${host}.example.com`]) {
      await asks([`host: ${host}`, `origin: ${origin}`], 403, 'bad_origin');
    }
    for (const site of ['cross-site', 'same-site']) {
      await asks([`host: ${host}`, `sec-fetch-site: ${site}`], 403, 'bad_origin');
    }
  });

  test('from our own page is answered', async () => {
    for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
      const { status } = await server.request('GET', '/sessions', {
        headers: { host: `${name}:${server.port}`, origin: `http://${name}:${server.port}`, 'sec-fetch-site': 'same-origin' },
      });
      assert.equal(status, 200, name);
    }
  });

  test('for a path that is none, or by a method that does not fit', async () => {
    await asks([`host: ${host}`], 404, 'not_found', '/nowhere');
    await asks([`host: ${host}`], 404, 'not_found', '/sessions/1/context/../../../etc/passwd');
    await asks([`host: ${host}`], 405, 'bad_method', '/sessions/resume');
    await sends(['OPTIONS /sessions HTTP/1.1', `host: ${host}`], '', 405, 'bad_method');
    await sends(['DELETE /sessions/1/kill HTTP/1.1', `host: ${host}`], '', 405, 'bad_method');
  });

  test('with a body that is none of ours', async () => {
    await posts(json, '{"dryRun":', 400, 'bad_request');
    await posts(json, '[]', 400, 'bad_request');
    await posts(json, '{"dryRun":"yes"}', 400, 'bad_request');
    await posts(json, Buffer.from([0xff, 0xfe]).toString('latin1'), 400, 'bad_request');
    await posts(json, `{"dryRun":${' '.repeat(5_000)}true}`, 413, 'too_large');
    await posts(['content-type: text/plain'], '{"dryRun":true}', 415, 'not_json');
    await posts(['content-type: application/x-www-form-urlencoded'], 'dryRun=true', 415, 'not_json');
    await posts([], '{"dryRun":true}', 415, 'not_json');
  });

  test('that is soft gets its error under 200', async () => {
    const { status, json: body } = await server.post('/sessions/0/kill?soft=1', {});
    assert.deepEqual([status, body.ok, body.code], [200, false, 'bad_pid']);
  });
});
