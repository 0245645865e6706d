// A WebSocket client (RFC 6455), as far as the feed needs one.
//
// Knows the handshake and the frames of the protocol, and holds the server to them. Does not know
// what is said. Node 20 has no client of its own that is on by default.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CONTINUATION = 0, TEXT = 1, CLOSE = 8, PING = 9, PONG = 10;

// How long the server may take for its side of the handshake; far more than it needs.
const PATIENCE_MS = 20_000;

// Connects and calls `heard(text, at)` for each message. `closed` is settled with the close code, or
// fails where the server breaks the protocol; a refused upgrade fails at once.
export async function openSocket({ host, port }, path, heard, { headers = {} } = {}) {
  const key = randomBytes(16).toString('base64');
  const outgoing = request({
    host, port, path, agent: false,
    headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': key, ...headers },
  });
  outgoing.setTimeout(PATIENCE_MS, () => outgoing.destroy(new Error(`no answer to the upgrade of ${path}`)));
  outgoing.end();
  const [response, socket, head] = await Promise.race([
    once(outgoing, 'upgrade'),
    once(outgoing, 'response').then(([{ statusCode }]) => {
      outgoing.destroy();
      throw new Error(`the upgrade of ${path} was answered with ${statusCode}`);
    }),
  ]);
  const accept = createHash('sha1').update(key + GUID).digest('base64');
  if (response.headers['sec-websocket-accept'] !== accept) {
    socket.destroy();
    throw new Error('the server accepted another key than ours');
  }

  socket.setTimeout(0);
  const send = (opcode, payload) => socket.writable && socket.write(frame(opcode, payload));
  let code = null;
  const closed = new Promise((done, fail) => {
    const read = framesOf((opcode, payload) => {
      if (opcode === TEXT) heard(new TextDecoder('utf-8', { fatal: true }).decode(payload), Date.now());
      else if (opcode === PING) send(PONG, payload);
      else if (opcode === CLOSE) {
        code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
        send(CLOSE, payload.subarray(0, 2));
        socket.end();
      } else if (opcode !== PONG) throw new Error(`a frame of the kind ${opcode}`);
    });
    const take = bytes => {
      try {
        read(bytes);
      } catch (fault) {
        fail(fault);
        socket.destroy();
      }
    };
    socket.on('data', take);
    socket.on('error', fail);
    socket.on('close', () => done(code ?? 1006));
    if (head.length > 0) take(head);
  });
  // Whoever cares asks `closed`; nobody may, and that is no fault of the test's.
  closed.catch(() => {});

  return {
    closed,
    // At most 125 bytes.
    say: text => send(TEXT, Buffer.from(text)),
    async close() {
      send(CLOSE, Buffer.from([0x03, 0xe8]));
      const timer = setTimeout(() => socket.destroy(), 2_000);
      await closed.catch(() => {});
      clearTimeout(timer);
    },
  };
}

// A frame of a client: whole, and masked.
function frame(opcode, payload) {
  const mask = randomBytes(4);
  const masked = payload.map((byte, at) => byte ^ mask[at % 4]);
  // Control frames carry 125 bytes at most, and what a client says no more.
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, masked]);
}

// Returns a function that takes bytes as they come and calls `take(opcode, payload)` for each whole
// message and control frame.
function framesOf(take) {
  let rest = Buffer.alloc(0);
  let parts = null;
  return bytes => {
    rest = Buffer.concat([rest, bytes]);
    for (let found; (found = firstFrame(rest));) {
      rest = rest.subarray(found.length);
      const { final, opcode, payload } = found;
      if (opcode >= CLOSE) {
        if (!final || payload.length > 125) throw new Error('a control frame that is not whole, or too long');
        take(opcode, payload);
        continue;
      }
      if ((opcode === CONTINUATION) !== (parts !== null)) throw new Error('a continuation out of place');
      parts ??= { opcode, payloads: [] };
      parts.payloads.push(payload);
      if (!final) continue;
      const whole = parts;
      parts = null;
      take(whole.opcode, Buffer.concat(whole.payloads));
    }
  };
}

// Returns the frame that `bytes` begin with, null while it is not complete.
function firstFrame(bytes) {
  if (bytes.length < 2) return null;
  const [first, second] = bytes;
  if (first & 0x70) throw new Error('a frame with an extension that was not agreed upon');
  if (second & 0x80) throw new Error('a masked frame from a server');
  let [size, start] = [second & 0x7f, 2];
  if (size === 126) {
    if (bytes.length < 4) return null;
    [size, start] = [bytes.readUInt16BE(2), 4];
  } else if (size === 127) {
    if (bytes.length < 10) return null;
    [size, start] = [Number(bytes.readBigUInt64BE(2)), 10];
  }
  if (bytes.length < start + size) return null;
  return { final: (first & 0x80) !== 0, opcode: first & 0x0f, payload: bytes.subarray(start, start + size), length: start + size };
}
