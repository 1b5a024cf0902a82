// SPDX-License-Identifier: LGPL-2.1-or-later
// The published JavaScript client makes real calls, and raw frames make every mistake.
// Prints TAP. Usage: node test_frames.mjs, with RUNTIMEUSE_PROGRAM and
// RUNTIMEUSE_TEST_NODE_MODULES set.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import assert from 'node:assert/strict';

const modules = process.env.RUNTIMEUSE_TEST_NODE_MODULES;
const WebSocket = createRequire(path.join(modules, 'none.js'))('ws');
const PATIENCE = Number(process.env.RUNTIMEUSE_TEST_PATIENCE ?? 1);
const TIMEOUT = 15000 * PATIENCE;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
const TERMINALS = ['result_message', 'command_execution_result_message', 'error_message'];

const tests = [];
const test = (name, run) => tests.push({ name, run });

function withTimeout(promise, what) {
  let timer;
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out: ${what}`)), TIMEOUT);
  });
  return Promise.race([promise, expired]).finally(() => clearTimeout(timer));
}

// Messages

const commands = (...texts) => ({
  message_type: 'command_execution_message',
  secrets_to_redact: [],
  commands: texts.map((command) => ({ command })),
});

const invocation = (prompt, members = {}) => ({
  message_type: 'invocation_message',
  system_prompt: 's',
  user_prompt: prompt,
  secrets_to_redact: [],
  model: 'm',
  ...members,
});

const textResult = (text) => ({
  message_type: 'result_message', metadata: {}, data: { type: 'text', text },
});

const CANCEL = { message_type: 'cancel_message' };
const CANCELLED = { message_type: 'error_message', error: 'Request cancelled', metadata: {} };

// The published client

class Client {
  static async open(port, options = {}) {
    const client = new Client();
    client.socket = new WebSocket(`ws://127.0.0.1:${port}`, options);
    client.messages = [];
    client.waiting = null;
    client.closed = new Promise((resolve) => {
      client.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    client.socket.on('message', (data, isBinary) => {
      assert.equal(isBinary, false);
      client.messages.push(JSON.parse(data));
      client.waiting?.();
    });
    await withTimeout(once(client.socket, 'open'), 'open');
    return client;
  }

  send(message) {
    this.socket.send(JSON.stringify(message));
  }

  async receive() {
    while (this.messages.length === 0) {
      await withTimeout(new Promise((resolve) => { this.waiting = resolve; }), 'a message');
    }
    return this.messages.shift();
  }

  async request(message) {
    const received = [];
    this.send(message);
    do {
      received.push(await this.receive());
    } while (!TERMINALS.includes(received.at(-1).message_type));
    return received;
  }

  async close(code = 1000) {
    this.socket.close(code);
    return withTimeout(this.closed, 'close');
  }
}

test('ws: text, commands and an error in one session', async (port) => {
  const client = await Client.open(port);
  assert.deepEqual(await client.request(invocation('ECHO:hellö')), [textResult('hellö')]);
  const messages = await client.request(commands('echo out; echo err >&2; exit 3'));
  assert.deepEqual(messages.at(-1), {
    message_type: 'command_execution_result_message',
    results: [{ command: 'echo out; echo err >&2; exit 3', exit_code: 3, stdout: 'out\n' }],
  });
  const [error] = await client.request(invocation('ERROR:broken'));
  assert.equal(error.error, 'broken');
  assert.deepEqual(await client.close(), { code: 1000, reason: '' });
});

test('ws: structured output', async (port) => {
  const client = await Client.open(port);
  const [result] = await client.request(invocation('STRUCTURED:{"answer":42}'));
  assert.deepEqual(result.data, { type: 'structured_output', structured_output: { answer: 42 } });
  await client.close();
});

test('ws: streaming', async (port) => {
  const client = await Client.open(port);
  const messages = await client.request(invocation('STREAM:1000'));
  assert.equal(messages.length, 1001);
  assert.deepEqual(messages[999].text_blocks, ['message 1000 of 1000']);
  await client.close();
});

test('ws: cancel, then the next request', async (port) => {
  const client = await Client.open(port);
  client.send(commands('echo started; sleep 60'));
  assert.equal((await client.receive()).text, 'started\n');
  client.send(CANCEL);
  assert.deepEqual(await client.receive(), CANCELLED);
  assert.deepEqual(await client.request(invocation('ECHO:next')), [textResult('next')]);
  await client.close();
});

test('ws: end of session', async (port) => {
  const client = await Client.open(port);
  client.send({ message_type: 'end_session_message' });
  assert.deepEqual(await client.receive(), { message_type: 'end_session_confirm_message' });
  const { code } = await withTimeout(client.closed, 'close');
  assert.ok(code === 1005 || code === 1000, `code ${code}`);
});

test('ws: a sub-protocol is accepted', async (port) => {
  const client = await new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, ['one', 'two']);
    socket.on('open', () => resolve(socket));
    socket.on('error', reject);
  });
  assert.equal(client.protocol, 'one');
  client.close();
});

test('ws: an origin is refused', async (port) => {
  await assert.rejects(Client.open(port, { origin: 'https://evil.example' }), /403/);
});

test('ws: fragments with pings between', async (port) => {
  const client = await Client.open(port);
  const text = JSON.stringify(invocation('ECHO:äöü✓😀'));
  const bytes = Buffer.from(text);
  const pongs = [];
  client.socket.on('pong', (data) => pongs.push(data.toString()));
  for (let i = 0; i < bytes.length; i += 7) {
    client.socket.ping(`ping ${i}`);
    client.socket.send(bytes.subarray(i, i + 7), { binary: false, fin: i + 7 >= bytes.length });
  }
  assert.deepEqual(await client.receive(), textResult('äöü✓😀'));
  assert.equal(pongs.length, Math.ceil(bytes.length / 7));
  await client.close();
});

test('ws: pong while a command runs', async (port) => {
  const client = await Client.open(port);
  client.send(commands('echo started; sleep 60'));
  await client.receive();
  const pong = once(client.socket, 'pong');
  client.socket.ping('now');
  assert.equal((await withTimeout(pong, 'pong'))[0].toString(), 'now');
  client.send(CANCEL);
  assert.deepEqual(await client.receive(), CANCELLED);
  await client.close();
});

test('ws: a client that pauses loses nothing', async (port) => {
  const client = await Client.open(port);
  client.send(commands('seq 1 500000'));
  await client.receive();
  client.socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.socket.resume();
  let last;
  do {
    const message = await client.receive();
    last = message.message_type === 'command_output_message' ? message.text : last;
    if (TERMINALS.includes(message.message_type)) break;
  } while (true);
  assert.ok(last.endsWith('500000\n'));
  await client.close();
});

for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 3000, 4999]) {
  test(`ws: close with ${code}`, async (port) => {
    const client = await Client.open(port);
    assert.equal((await client.close(code)).code, code);
  });
}

test('ws: terminate in the middle of everything', async (port) => {
  for (let i = 0; i < 20; i += 1) {
    const client = await Client.open(port);
    client.send(i % 2 ? commands('yes') : invocation('STREAM:100000'));
    await client.receive();
    client.socket.terminate();
  }
  const client = await Client.open(port);
  assert.deepEqual(await client.request(invocation('ECHO:x')), [textResult('x')]);
  await client.close();
});

// Raw frames

function frame(opcode, payload = Buffer.alloc(0), options = {}) {
  const { fin = true, mask = true, reserved = 0, length = payload.length } = options;
  const head = [(fin ? 0x80 : 0) | (reserved << 4) | opcode];
  const bit = mask ? 0x80 : 0;
  if (length < 126) {
    head.push(bit | length);
  } else if (length < 65536) {
    head.push(bit | 126, length >> 8, length & 0xff);
  } else {
    const long = Buffer.alloc(8);
    long.writeBigUInt64BE(BigInt(length));
    head.push(bit | 127, ...long);
  }
  if (!mask) {
    return Buffer.concat([Buffer.from(head), payload]);
  }
  const key = randomBytes(4);
  const masked = Buffer.from(payload.map((byte, i) => byte ^ key[i % 4]));
  return Buffer.concat([Buffer.from(head), key, masked]);
}

const message = (value) => Buffer.from(JSON.stringify(value));

class Raw {
  constructor(port) {
    this.key = randomBytes(16).toString('base64');
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.setNoDelay(true);
    this.buffer = Buffer.alloc(0);
    this.ended = false;
    this.waiting = null;
    this.socket.on('data', (data) => {
      this.buffer = Buffer.concat([this.buffer, data]);
      this.waiting?.();
    });
    for (const event of ['end', 'error', 'close']) {
      this.socket.on(event, () => { this.ended = true; this.waiting?.(); });
    }
    this.upgrade = Buffer.from([
      'GET / HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Upgrade: websocket', 'Connection: Upgrade',
      `Sec-WebSocket-Key: ${this.key}`, 'Sec-WebSocket-Version: 13', '', '',
    ].join('\r\n'));
  }

  static async open(port) {
    const raw = new Raw(port);
    raw.write(raw.upgrade);
    await raw.readHandshake();
    return raw;
  }

  write(...parts) {
    this.socket.write(Buffer.concat(parts));
  }

  async more() {
    assert.ok(!this.ended, 'the connection ended');
    await withTimeout(new Promise((resolve) => { this.waiting = resolve; }), 'data');
  }

  async read(count) {
    while (this.buffer.length < count) {
      await this.more();
    }
    const data = this.buffer.subarray(0, count);
    this.buffer = this.buffer.subarray(count);
    return data;
  }

  async readHandshake() {
    while (!this.buffer.includes('\r\n\r\n')) {
      await this.more();
    }
    const head = (await this.read(this.buffer.indexOf('\r\n\r\n') + 4)).toString();
    assert.match(head, /^HTTP\/1\.1 101 /);
    const accept = createHash('sha1').update(this.key + GUID).digest('base64');
    assert.ok(head.includes(accept));
  }

  async readFrame() {
    const [first, second] = await this.read(2);
    assert.equal(first & 0xf0, 0x80, 'one frame per message, without reserved bits');
    assert.equal(second & 0x80, 0, 'a server must not mask');
    let length = second & 0x7f;
    if (length === 126) {
      length = (await this.read(2)).readUInt16BE();
    } else if (length === 127) {
      length = Number((await this.read(8)).readBigUInt64BE());
    }
    return { opcode: first & 0xf, payload: await this.read(length) };
  }

  async readMessage() {
    const { opcode, payload } = await this.readFrame();
    assert.equal(opcode, TEXT);
    return JSON.parse(payload);
  }

  async expectClose(code) {
    const { opcode, payload } = await this.readFrame();
    assert.equal(opcode, CLOSE);
    assert.equal(payload.length === 0 ? 1005 : payload.readUInt16BE(), code);
    assert.equal(payload.subarray(2).toString(), '', 'an empty reason');
    while (!this.ended) {
      await this.more();
    }
    this.socket.destroy();
  }
}

const ECHO = message(invocation('ECHO:x'));
const close = (code, reason = '') => {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
};

const framingErrors = {
  'an unmasked frame': [1002, frame(TEXT, ECHO, { mask: false })],
  'reserved bit 1': [1002, frame(TEXT, ECHO, { reserved: 4 })],
  'reserved bit 2': [1002, frame(TEXT, ECHO, { reserved: 2 })],
  'reserved bit 3': [1002, frame(TEXT, ECHO, { reserved: 1 })],
  'opcode 3': [1002, frame(3, ECHO)],
  'opcode 7': [1002, frame(7)],
  'opcode 11': [1002, frame(11)],
  'opcode 15': [1002, frame(15)],
  'a fragmented ping': [1002, frame(PING, Buffer.from('x'), { fin: false })],
  'a fragmented close': [1002, frame(CLOSE, close(1000), { fin: false })],
  'a ping of 126 bytes': [1002, frame(PING, Buffer.alloc(126))],
  'a close of 126 bytes': [1002, frame(CLOSE, close(1000, 'x'.repeat(124)))],
  'a continuation of nothing': [1002, frame(CONTINUATION, ECHO)],
  'a message inside another': [1002, frame(TEXT, ECHO, { fin: false }), frame(TEXT, ECHO)],
  'a close of one byte': [1002, frame(CLOSE, Buffer.from('x'))],
  'close code 0': [1002, frame(CLOSE, close(0))],
  'close code 999': [1002, frame(CLOSE, close(999))],
  'close code 1004': [1002, frame(CLOSE, close(1004))],
  'close code 1005': [1002, frame(CLOSE, close(1005))],
  'close code 1006': [1002, frame(CLOSE, close(1006))],
  'close code 1015': [1002, frame(CLOSE, close(1015))],
  'close code 2999': [1002, frame(CLOSE, close(2999))],
  'close code 5000': [1002, frame(CLOSE, close(5000))],
  'invalid UTF-8': [1007, frame(TEXT, Buffer.from([0x22, 0xff, 0x22]))],
  'invalid UTF-8 at the end': [1007, frame(TEXT, Buffer.from([0x22, 0xe2, 0x82]))],
  'an encoded surrogate': [1007, frame(TEXT, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))],
  'invalid UTF-8 over two frames': [1007,
    frame(TEXT, Buffer.from([0x22, 0xe2]), { fin: false }),
    frame(CONTINUATION, Buffer.from([0x22]))],
  'a frame over the limit': [1009, frame(TEXT, Buffer.alloc(0), { length: 104857601 })],
  'a frame of 2^62 bytes': [1009, frame(TEXT, Buffer.alloc(0), { length: 2 ** 62 })],
};

for (const [name, [code, ...frames]] of Object.entries(framingErrors)) {
  test(`raw: ${name} closes with ${code}`, async (port) => {
    const raw = await Raw.open(port);
    raw.write(...frames);
    await raw.expectClose(code);
  });
}

test('raw: invalid UTF-8 in the reason of a close', async (port) => {
  const raw = await Raw.open(port);
  raw.write(frame(CLOSE, Buffer.from([0x03, 0xe8, 0xff])));
  await raw.expectClose(1007);
});

test('raw: a framing error ends a running command', async (port) => {
  const raw = await Raw.open(port);
  raw.write(frame(TEXT, message(commands('echo started; sleep 60'))));
  assert.equal((await raw.readMessage()).text, 'started\n');
  raw.write(frame(TEXT, ECHO, { mask: false }));
  await raw.expectClose(1002);
});

test('raw: a length with its highest bit set', async (port) => {
  const raw = await Raw.open(port);
  const bad = frame(TEXT, Buffer.alloc(0), { length: 2 ** 62 });
  bad[2] = 0xff;
  raw.write(bad);
  const { opcode, payload } = await raw.readFrame();
  assert.equal(opcode, CLOSE);
  assert.ok([1002, 1009].includes(payload.readUInt16BE()));
  raw.socket.destroy();
});

test('raw: fragments over the limit close with 1009', async (port) => {
  const raw = await Raw.open(port);
  const part = Buffer.alloc(50 * 1024 * 1024, 'x');
  raw.write(frame(TEXT, part, { fin: false }));
  raw.write(frame(CONTINUATION, part, { fin: false }));
  raw.write(frame(CONTINUATION, Buffer.alloc(0), { fin: true, length: 1 }));
  await raw.expectClose(1009);
});

test('raw: in one segment with the upgrade', async (port) => {
  const raw = new Raw(port);
  raw.write(raw.upgrade, frame(TEXT, ECHO), frame(PING, Buffer.from('p')));
  await raw.readHandshake();
  const answers = [await raw.readFrame(), await raw.readFrame()];
  const text = answers.find((answer) => answer.opcode === TEXT);
  const pong = answers.find((answer) => answer.opcode === PONG);
  assert.deepEqual(JSON.parse(text.payload), textResult('x'));
  assert.equal(pong.payload.toString(), 'p');
  raw.socket.destroy();
});

test('raw: every byte a fragment, a ping between each', async (port) => {
  const raw = await Raw.open(port);
  const parts = [];
  for (let i = 0; i < ECHO.length; i += 1) {
    parts.push(frame(i ? CONTINUATION : TEXT, ECHO.subarray(i, i + 1),
                     { fin: i === ECHO.length - 1 }));
    parts.push(frame(PING, Buffer.from([i])));
  }
  raw.write(...parts);
  let pongs = 0;
  let text;
  while (pongs < ECHO.length || text === undefined) {
    const { opcode, payload } = await raw.readFrame();
    if (opcode === PONG) {
      assert.equal(payload[0], pongs & 0xff);
      pongs += 1;
    } else {
      text = JSON.parse(payload);
    }
  }
  assert.deepEqual(text, textResult('x'));
  raw.socket.destroy();
});

test('raw: every byte a segment', async (port) => {
  const raw = await Raw.open(port);
  for (const byte of frame(TEXT, message(invocation('ECHO:slow')))) {
    raw.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await raw.readMessage(), textResult('slow'));
  raw.socket.destroy();
});

test('raw: empty fragments', async (port) => {
  const raw = await Raw.open(port);
  raw.write(frame(TEXT, Buffer.alloc(0), { fin: false }),
            frame(CONTINUATION, Buffer.alloc(0), { fin: false }),
            frame(CONTINUATION, ECHO, { fin: false }),
            frame(CONTINUATION, Buffer.alloc(0)));
  assert.deepEqual(await raw.readMessage(), textResult('x'));
  raw.socket.destroy();
});

test('raw: a binary message is a message', async (port) => {
  const raw = await Raw.open(port);
  raw.write(frame(BINARY, ECHO));
  assert.deepEqual(await raw.readMessage(), textResult('x'));
  raw.socket.destroy();
});

test('raw: a length in more bytes than needed', async (port) => {
  const raw = await Raw.open(port);
  const key = randomBytes(4);
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(ECHO.length));
  const masked = Buffer.from(ECHO.map((byte, i) => byte ^ key[i % 4]));
  raw.write(Buffer.from([0x81, 0xff]), long, key, masked);
  const { opcode, payload } = await raw.readFrame();
  if (opcode === CLOSE) {
    assert.equal(payload.readUInt16BE(), 1002);
  } else {
    assert.deepEqual(JSON.parse(payload), textResult('x'));
  }
  raw.socket.destroy();
});

test('raw: pings of every size', async (port) => {
  const raw = await Raw.open(port);
  for (let size = 0; size <= 125; size += 1) {
    raw.write(frame(PING, Buffer.alloc(size, 'p')));
    const { opcode, payload } = await raw.readFrame();
    assert.equal(opcode, PONG);
    assert.equal(payload.length, size);
  }
  raw.socket.destroy();
});

test('raw: an unsolicited pong is ignored', async (port) => {
  const raw = await Raw.open(port);
  raw.write(frame(PONG, Buffer.from('nobody asked')), frame(PONG), frame(TEXT, ECHO));
  assert.deepEqual(await raw.readMessage(), textResult('x'));
  raw.socket.destroy();
});

test('raw: a close without a code', async (port) => {
  const raw = await Raw.open(port);
  raw.write(frame(CLOSE));
  const { opcode, payload } = await raw.readFrame();
  assert.equal(opcode, CLOSE);
  assert.ok(payload.length === 0 || payload.readUInt16BE() === 1000);
  raw.socket.destroy();
});

test('raw: nothing is answered after a close', async (port) => {
  const raw = await Raw.open(port);
  raw.write(frame(CLOSE, close(1000)), frame(TEXT, ECHO), frame(PING));
  await raw.expectClose(1000);
});

test('raw: half a frame and then the end', async (port) => {
  const raw = await Raw.open(port);
  raw.write(frame(TEXT, ECHO).subarray(0, 20));
  raw.socket.end();
  while (!raw.ended) {
    await raw.more();
  }
});

// The server

async function startServer(folder) {
  const server = spawn(process.env.RUNTIMEUSE_PROGRAM, ['--agent', 'echo', '--port', '0'],
                       { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  server.stdout.on('data', (data) => { text += data; });
  while (!/listening on port \d+\n/.test(text)) {
    await withTimeout(once(server.stdout, 'data'), 'the ready line');
  }
  return { server, port: Number(/listening on port (\d+)/.exec(text)[1]) };
}

async function main() {
  const folder = mkdtempSync(path.join(tmpdir(), 'runtimeuse-frames-'));
  const { server, port } = await startServer(folder);
  let failed = 0;
  console.log(`1..${tests.length + 1}`);
  for (const [index, { name, run }] of tests.entries()) {
    try {
      await run(port);
      console.log(`ok ${index + 1} - /${name}`);
    } catch (error) {
      failed += 1;
      console.log(`# ${String(error.stack).replaceAll('\n', '\n# ')}`);
      console.log(`not ok ${index + 1} - /${name}`);
    }
  }

  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  const [status] = await withTimeout(ended, 'the end of the server').catch(() => [null]);
  failed += status === 0 ? 0 : 1;
  console.log(`${status === 0 ? 'ok' : 'not ok'} ${tests.length + 1} - /server ends with 0`);
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true });
  process.exit(failed ? 1 : 0);
}

main();
