// SPDX-License-Identifier: LGPL-2.1-or-later
// Loads a handler written in JavaScript or TypeScript and runs it for a runtime.
// Usage: node runtimeuse-host.mjs /path/to/handler.js, or the same with bun.
//
// Speaks the JSON lines of docs/handlers.md: reads descriptor 3, writes descriptor 4.
// The syntax is that of 2018, so that an old Node.js gets as far as saying that it is too old.

import asyncHooks from 'async_hooks';
import childProcess from 'child_process';
import fs from 'fs';
import builtins from 'module';
import net from 'net';
import path from 'path';
import url from 'url';
import util from 'util';

const INPUT = 3;
const OUTPUT = 4;
const PROTOCOL = 1;
const OLDEST_NODE = 18;
const WHAT_TO_DO = 'install bun, or Node.js 22.18 or later';

// A longer line, or one with more levels, would make the runtime end this process with all that
// it runs. A line has up to four levels around the value of a handler.
const MAX_LINE = 8 * 1024 * 1024;
const MAX_LEVELS = 60;
// Of log lines and of the text of an error, in characters.
const MAX_TEXT = 64 * 1024;
// What a paused handler may say that does not wait, in characters. Beyond it, it is written all
// the same, and the runtime holds up the whole process by not reading.
const MAX_HELD = 1024 * 1024;
const MAX_RETRY_WAIT = 1;
// From the end of the input to the end of the process, in milliseconds.
const END_TIMEOUT = 200;

// What is kept of an exception.
const ERROR_LEVELS = 4;
const ERROR_ITEMS = 20;
const ERROR_CHARACTERS = 4000;

const SENT = Promise.resolve();

const current = asyncHooks.AsyncLocalStorage ? new asyncHooks.AsyncLocalStorage() : null;
const originals = { exit: process.exit, reallyExit: process.reallyExit, abort: process.abort };
const running = new Map();
let handler = null;
let ending = false;

// --- the end of this process ---

function forbidExit() {
  for (const name of Object.keys(originals)) {
    process[name] = (status) => {
      throw new Error(`process.${name}(${status === undefined ? '' : status}) was called: ` +
                      'a handler must not end the process that runs it');
    };
  }
  // Also for those who import { exit } from 'process'.
  if (builtins.syncBuiltinESMExports)
    builtins.syncBuiltinESMExports();
}

function quit(status) {
  Object.assign(process, originals);
  try {
    process.exit(status);
  } finally {
    // A listener of the handler has thrown.
    process.reallyExit(status);
  }
}

function quitWhenDone() {
  if (ending && running.size === 0)
    quit(0);
}

function end() {
  if (ending)
    return;
  ending = true;
  for (const run of Array.from(running.values()))
    run.cancel();
  setTimeout(() => quit(0), END_TIMEOUT);
  quitWhenDone();
}

// --- writing lines ---

// JSON.stringify leaves a surrogate without its other half as an escape, and only that.
function repairSurrogates(line) {
  if (!line.includes('\\ud'))
    return line;
  return line.replace(/\\(?:\\|ud[89a-f][0-9a-f]{2})/g,
                      (text) => (text === '\\\\' ? text : '\ufffd'));
}

function encode(message) {
  const data = Buffer.from(repairSurrogates(JSON.stringify(message)) + '\n');
  if (data.length > MAX_LINE)
    throw new RangeError(`${data.length} bytes in one message, more than ${MAX_LINE}`);
  return data;
}

function waitABit() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MAX_RETRY_WAIT);
}

// Waits until the runtime has taken all of it: that is how a fast handler is held up.
function write(data) {
  let written = 0;
  while (written < data.length) {
    try {
      written += fs.writeSync(OUTPUT, data, written, data.length - written);
    } catch (error) {
      if (error.code === 'EPIPE')
        quit(0);
      else if (error.code === 'EAGAIN')
        waitABit();
      else if (error.code !== 'EINTR')
        throw error;
    }
  }
}

function shorten(text, limit) {
  if (text.length <= limit)
    return text;
  return `${text.slice(0, limit)}... [truncated ${text.length - limit} chars]`;
}

function log(run, level, text) {
  const message = { type: 'log', level, message: shorten(text, MAX_TEXT) };
  if (run && !run.ended)
    message.id = run.id;
  write(encode(message));
}

function fatal(text) {
  write(encode({ type: 'fatal', error: shorten(text, MAX_TEXT) }));
  quit(1);
}

// --- values that can be written as JSON ---

function formatPath(steps) {
  return steps.map((step, index) => {
    if (typeof step === 'number')
      return `[${step}]`;
    return index === 0 ? step : `.${step}`;
  }).join('');
}

function refuse(steps, what) {
  throw new TypeError(`${formatPath(steps)} ${what}`);
}

function nameOf(value) {
  if (value === null || value === undefined || typeof value === 'number')
    return String(value);
  if (Array.isArray(value))
    return 'an array';
  const name = typeof value === 'object' && value.constructor && value.constructor.name;
  if (typeof name === 'string' && name && name !== 'Object')
    return `a ${name}`;
  return `${/^[aeiou]/.test(typeof value) ? 'an' : 'a'} ${typeof value}`;
}

function losesContent(value) {
  return value instanceof Map || value instanceof Set || value instanceof WeakMap ||
    value instanceof WeakSet || value instanceof Promise || ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer;
}

function copyMembers(value, steps, above) {
  const copy = Object.create(null);
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (member === undefined)
      continue;
    steps.push(name);
    copy[name] = copyValue(member, steps, above);
    steps.pop();
  }
  return copy;
}

function copyItems(value, steps, above) {
  const copy = [];
  for (let index = 0; index < value.length; index++) {
    steps.push(index);
    copy.push(copyValue(value[index], steps, above));
    steps.pop();
  }
  return copy;
}

function copyObject(value, steps, above) {
  if (above.includes(value))
    refuse(steps, 'contains itself');
  if (above.length >= MAX_LEVELS)
    refuse(steps.slice(0, 1), `has more than ${MAX_LEVELS} levels`);
  if (typeof value.toJSON !== 'function' && losesContent(value))
    refuse(steps, `is ${nameOf(value)}, which JSON cannot express`);

  above.push(value);
  let copy;
  if (typeof value.toJSON === 'function')
    copy = copyValue(value.toJSON(), steps, above);
  else
    copy = Array.isArray(value) ? copyItems(value, steps, above) : copyMembers(value, steps, above);
  above.pop();
  return copy;
}

// Copies a value of the handler, or throws an error that says what in it JSON cannot express.
function copyValue(value, steps, above) {
  const type = typeof value;
  if (value === null || type === 'string' || type === 'boolean' || Number.isFinite(value))
    return value;
  if (type !== 'object')
    refuse(steps, `is ${nameOf(value)}, which JSON cannot express`);
  return copyObject(value, steps, above);
}

function copyPlainObject(value, name) {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${name} is ${nameOf(value)}, not an object`);
  const copy = copyValue(value, [name], []);
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy))
    throw new TypeError(`${name} becomes ${nameOf(copy)} in JSON, not an object`);
  return copy;
}

function copyMetadata(metadata) {
  return metadata === undefined || metadata === null ?
    undefined : copyPlainObject(metadata, 'metadata');
}

function encodableResult(result) {
  if (typeof result !== 'object' || result === null)
    throw new TypeError(`run returned ${nameOf(result)}, not an object with a type`);
  const metadata = copyMetadata(result.metadata);
  if (result.type === 'text') {
    if (typeof result.text !== 'string')
      throw new TypeError(`text is ${nameOf(result.text)}, not a string`);
    return { type: 'text', text: result.text, metadata };
  }
  if (result.type === 'structured_output') {
    const value = copyPlainObject(result.structuredOutput, 'structuredOutput');
    return { type: 'structured_output', structured_output: value, metadata };
  }
  const type = typeof result.type === 'string' ? JSON.stringify(result.type) : nameOf(result.type);
  throw new TypeError(`type is ${type}, neither "text" nor "structured_output"`);
}

// --- exceptions ---

function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

// Also for objects whose toString throws, or that have none.
function textOf(value) {
  try {
    return String(value);
  } catch (error) {
    return '[no text]';
  }
}

function boundMembers(value, level) {
  const copy = Object.create(null);
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  for (const name of names.slice(0, ERROR_ITEMS))
    copy[shorten(name, ERROR_CHARACTERS)] = bound(value[name], level + 1);
  return copy;
}

function boundObject(value, level) {
  if (level >= ERROR_LEVELS)
    return '[max depth reached]';
  if (isError(value))
    return describeCause(value, level);
  if (Array.isArray(value))
    return value.slice(0, ERROR_ITEMS).map((item) => bound(item, level + 1));
  if (typeof value.toJSON === 'function')
    return bound(value.toJSON(), level + 1);
  return boundMembers(value, level);
}

// Keeps of any value what is small enough and can be written.
function bound(value, level) {
  if (value === null || typeof value === 'boolean' || Number.isFinite(value))
    return value;
  if (typeof value === 'function')
    return `[function ${textOf(value.name)}]`;
  if (typeof value !== 'object')
    return shorten(textOf(value), ERROR_CHARACTERS);
  try {
    return boundObject(value, level);
  } catch (error) {
    return '[unreadable]';
  }
}

const COVERED = ['name', 'message', 'stack', 'cause', 'metadata'];

function detailsOf(error, level) {
  const details = {};
  for (const name of Object.keys(error).filter((key) => !COVERED.includes(key)))
    details[name] = error[name];
  // Of an AggregateError; cannot be enumerated.
  if (Array.isArray(error.errors))
    details.errors = error.errors;
  return boundMembers(details, level);
}

function describeError(error, level) {
  const metadata = Object.create(null);
  metadata.error_name = shorten(textOf(error.name), ERROR_CHARACTERS);
  if (error.cause !== undefined)
    metadata.cause = bound(error.cause, level + 1);
  const details = detailsOf(error, level);
  if (Object.keys(details).length > 0)
    metadata.error_details = details;
  if (typeof error.metadata === 'object' && error.metadata !== null)
    Object.assign(metadata, boundMembers(error.metadata, level));
  return metadata;
}

function describeCause(error, level) {
  return Object.assign(describeError(error, level),
                       { message: shorten(textOf(error.message), ERROR_CHARACTERS) });
}

function describeObject(value) {
  const details = bound(value, 0);
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    text = JSON.stringify(details);
  }
  return {
    message: shorten(String(text), MAX_TEXT),
    metadata: { error_type: 'object', error_details: details },
  };
}

// Whatever was thrown, as the "error" of a "failed" message.
function describeThrown(value) {
  if (typeof value === 'object' && value !== null) {
    if (!isError(value))
      return describeObject(value);
    const name = shorten(textOf(value.name), ERROR_CHARACTERS);
    const text = shorten(textOf(value.message), MAX_TEXT);
    return { name, message: text || name, metadata: describeError(value, 0) };
  }
  const nothing = value === undefined || value === null;
  const text = nothing ? `the handler threw ${value}` : shorten(textOf(value), MAX_TEXT);
  return { message: text, metadata: { error_type: value === null ? 'null' : typeof value } };
}

function describeSafely(value) {
  try {
    return describeThrown(value);
  } catch (error) {
    return { message: 'the handler threw an error that cannot be read', metadata: {} };
  }
}

function stackOf(value) {
  try {
    return typeof value.stack === 'string' && value.stack ? value.stack : util.inspect(value);
  } catch (error) {
    return describeSafely(value).message;
  }
}

// --- one invocation ---

class Run {
  constructor(id) {
    this.id = id;
    this.controller = new AbortController();
    this.ended = false;
    this.held = [];
    this.heldSize = 0;
    this.resumed = null;
    this.resume = null;
  }

  start(fields) {
    running.set(this.id, this);
    current.run(this, () => {
      let outcome;
      try {
        outcome = handler.run(this.makeInvocation(fields), this.makeSender());
      } catch (error) {
        this.fail(error);
        return;
      }
      Promise.resolve(outcome).then((result) => this.complete(result),
                                    (error) => this.fail(error));
    });
  }

  makeInvocation(fields) {
    const env = fields.env || {};
    return {
      systemPrompt: fields.system_prompt,
      userPrompt: fields.user_prompt,
      outputFormat: fields.output_format === null ? undefined : fields.output_format,
      model: fields.model,
      secrets: fields.secrets || [],
      env: Object.keys(env).length > 0 ? env : undefined,
      signal: this.controller.signal,
      logger: this.makeLogger(),
    };
  }

  makeLogger() {
    const at = (level) => (...values) => log(this, level, util.format(...values));
    return {
      debug: at('debug'), info: at('info'), log: at('info'), warn: at('warning'),
      error: at('error'),
    };
  }

  makeSender() {
    return {
      sendAssistantMessage: (blocks) => this.sendAssistantMessage(blocks),
      sendErrorMessage: (text, metadata) => this.sendErrorMessage(text, metadata),
    };
  }

  sendAssistantMessage(blocks) {
    const list = typeof blocks === 'string' ? [blocks] : blocks;
    if (!Array.isArray(list))
      throw new TypeError(`sendAssistantMessage takes an array of strings, not ${nameOf(list)}`);
    const wrong = list.findIndex((block) => typeof block !== 'string');
    if (wrong >= 0) {
      throw new TypeError('sendAssistantMessage takes an array of strings, ' +
                          `but item ${wrong} is ${nameOf(list[wrong])}`);
    }
    if (this.ended)
      return SENT;
    this.send(encode({ type: 'assistant_message', id: this.id, text_blocks: list }));
    return this.resumed || SENT;
  }

  sendErrorMessage(text, metadata) {
    if (typeof text !== 'string')
      throw new TypeError(`sendErrorMessage takes a string, not ${nameOf(text)}`);
    const data = encode({
      type: 'error_message', id: this.id, error: text, metadata: copyMetadata(metadata),
    });
    if (!this.ended)
      write(data);
  }

  send(data) {
    if (this.resumed && this.heldSize + data.length <= MAX_HELD) {
      this.held.push(data);
      this.heldSize += data.length;
    } else {
      this.flush();
      write(data);
    }
  }

  flush() {
    this.held.forEach(write);
    this.held = [];
    this.heldSize = 0;
  }

  pause() {
    if (this.resumed || this.ended || this.controller.signal.aborted)
      return;
    this.resumed = new Promise((resolve) => {
      this.resume = resolve;
    });
  }

  // What is held goes first; an end that had to wait for it goes last.
  goOn() {
    if (!this.resumed)
      return;
    this.flush();
    this.resumed = null;
    this.resume();
    if (this.ended)
      this.leave();
  }

  complete(result) {
    let data;
    try {
      data = encode({ type: 'result', id: this.id, result: encodableResult(result) });
    } catch (error) {
      const problem = describeSafely(error);
      this.finish({
        type: 'failed', error: Object.assign(problem, { message: `result: ${problem.message}` }),
      });
      return;
    }
    this.finishWith(data);
  }

  fail(thrown) {
    if (this.ended)
      return;
    const cancelled = this.controller.signal.aborted;
    log(this, cancelled ? 'debug' : 'error', stackOf(thrown));
    this.finish(cancelled ? { type: 'cancelled' } :
      { type: 'failed', error: describeSafely(thrown) });
  }

  finish(message) {
    this.finishWith(encode(Object.assign({ id: this.id }, message)));
  }

  finishWith(data) {
    if (this.ended)
      return;
    this.ended = true;
    if (this.held.length > 0) {
      this.held.push(data);
      this.resume();
      return;
    }
    write(data);
    if (this.resumed)
      this.resume();
    this.leave();
  }

  leave() {
    running.delete(this.id);
    quitWhenDone();
  }

  cancel() {
    current.run(this, () => this.controller.abort());
    this.goOn();
  }

  // An exception that nobody waited for; the work that still runs is told to end.
  collapse(thrown) {
    this.fail(thrown);
    current.run(this, () => this.controller.abort());
  }
}

// --- exceptions that nobody caught ---

function takeUncaught(what, thrown, run) {
  if (run && !run.ended) {
    run.collapse(thrown);
    return;
  }
  log(null, 'error', `${what}: ${stackOf(thrown)}`);
}

function watchForUncaught() {
  process.on('uncaughtException', (error) => {
    takeUncaught('exception that nobody caught', error, current.getStore());
  });
  // bun does not call this in the context of the promise, so nobody's invocation is found there.
  process.on('unhandledRejection', (reason) => {
    takeUncaught('rejection that nobody handled', reason, current.getStore());
  });
}

// --- reading lines ---

function take(message) {
  const run = running.get(message.id);
  if (message.type === 'invoke') {
    if (typeof message.id !== 'string' || run || typeof message.invocation !== 'object')
      log(null, 'error', `invoke with a wrong id or invocation: ${util.inspect(message.id)}`);
    else
      new Run(message.id).start(message.invocation || {});
    return;
  }
  if (!run)
    return;
  if (message.type === 'cancel')
    run.cancel();
  else if (message.type === 'pause')
    run.pause();
  else if (message.type === 'resume')
    run.goOn();
}

function takeLine(line) {
  let message;
  try {
    message = JSON.parse(line);
  } catch (error) {
    log(null, 'error', `a line from the runtime is not JSON: ${error.message}`);
    return;
  }
  if (typeof message === 'object' && message !== null)
    take(message);
}

function makeLineReader() {
  let pieces = [];
  return (chunk) => {
    let start = 0;
    for (;;) {
      const stop = chunk.indexOf(10, start);
      if (stop < 0)
        break;
      pieces.push(chunk.subarray(start, stop));
      start = stop + 1;
      const line = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
      pieces = [];
      takeLine(line.toString());
    }
    // A copy, since the next chunk may take the same memory.
    if (start < chunk.length)
      pieces.push(Buffer.from(chunk.subarray(start)));
  };
}

async function readWithBun(takeChunk) {
  // A socket of Node's does not work there on a pipe.
  for await (const chunk of globalThis.Bun.file(INPUT).stream())
    takeChunk(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
}

function startReading() {
  const takeChunk = makeLineReader();
  if (process.versions.bun) {
    readWithBun(takeChunk).then(end, end);
    return;
  }
  const socket = new net.Socket({ fd: INPUT, readable: true, writable: false });
  socket.on('data', takeChunk);
  socket.on('end', end);
  socket.on('error', end);
  socket.on('close', end);
}

// --- loading the handler ---

function isTypeScript(file) {
  return /\.[cm]?ts$/.test(file);
}

function loadsTypeScript() {
  return Boolean(process.versions.bun || (process.features && process.features.typescript));
}

// Node.js prints where a syntax error of an ES module is, but does not tell.
function findSyntaxError(file) {
  const check = childProcess.spawnSync(process.execPath, ['--check', file], {
    encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'], timeout: 5000,
  });
  return check.stderr || '';
}

// The first line outside this file that a stack or a complaint names.
function findPlace(text) {
  const pattern = /(?:^|[\s(])((?:file:\/\/)?\/[^\s()]+?):(\d+)(?::\d+)?\)?$/gm;
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    const file = found[1].startsWith('file:') ? url.fileURLToPath(found[1]) : found[1];
    if (file !== url.fileURLToPath(import.meta.url))
      return ` (${file}:${found[2]})`;
  }
  return '';
}

function placeOf(error, file) {
  if (error.position && error.position.line)
    return ` (${error.position.file || file}:${error.position.line})`;
  const place = findPlace(String(error.stack));
  if (place || !(error instanceof SyntaxError) || process.versions.bun)
    return place;
  return findPlace(findSyntaxError(file));
}

function hintFor(error, file) {
  if (isTypeScript(file) && !loadsTypeScript())
    return `; Node.js ${process.version} does not load TypeScript: ${WHAT_TO_DO}`;
  if (error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return `; Node.js ${process.version} only strips types: install bun, or write it without`;
  if (/\.js$/.test(file) && /import statement outside|token 'export'/.test(String(error.message)))
    return '; name the file .mjs, or write "type": "module" into package.json';
  return '';
}

function explainLoadError(reason, file) {
  // bun reports several syntax errors as one.
  const several = reason && reason.name === 'AggregateError' && reason.errors;
  const thrown = several && several[0] ? several[0] : reason;
  if (!isError(thrown) && !(thrown && typeof thrown.message === 'string'))
    return `cannot load ${file}: ${describeSafely(thrown).message}`;
  // bun says BuildMessage, which tells nobody anything.
  const name = thrown.name === 'BuildMessage' ? 'SyntaxError' : textOf(thrown.name);
  return `cannot load ${file}: ${name}: ${textOf(thrown.message)}` +
    `${placeOf(thrown, file)}${hintFor(thrown, file)}`;
}

function canRun(value) {
  return value !== null && value !== undefined && typeof value.run === 'function';
}

function findHandler(exported) {
  const inner = exported.default;
  const candidates = [inner, exported.handler];
  // A CommonJS module may be all in the default export, also one that was an ES module before.
  if (typeof inner === 'object' && inner !== null)
    candidates.push(inner.__esModule ? inner.default : undefined, inner.handler);
  return candidates.find(canRun);
}

async function load(file) {
  let found;
  try {
    found = findHandler(await import(url.pathToFileURL(file).href));
  } catch (error) {
    fatal(explainLoadError(error, file));
  }
  if (!found)
    fatal(`module at ${file} must export an AgentHandler (as default or named "handler")`);
  handler = found;
  write(encode({
    type: 'ready', protocol: PROTOCOL,
    capabilities: { cancel: true, concurrent: true, flow: true },
  }));
}

// --- start ---

function isPipe(descriptor) {
  try {
    const stat = fs.fstatSync(descriptor);
    return stat.isFIFO() || stat.isSocket();
  } catch (error) {
    return false;
  }
}

function main() {
  if (!isPipe(INPUT) || !isPipe(OUTPUT)) {
    console.error('runtimeuse-host: is started by a runtime, with pipes as descriptors 3 and 4');
    quit(1);
  }
  if (!process.argv[2])
    fatal('usage: runtimeuse-host.mjs HANDLER');
  const file = path.resolve(process.argv[2]);
  if (!process.versions.bun && parseInt(process.versions.node, 10) < OLDEST_NODE)
    fatal(`cannot load ${file}: Node.js ${process.version} is too old: ${WHAT_TO_DO}`);
  forbidExit();
  watchForUncaught();
  startReading();
  load(file);
}

main();
