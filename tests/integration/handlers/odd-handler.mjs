// SPDX-License-Identifier: LGPL-2.1-or-later
// Does what a handler should not do; the prompt says what.

import { exit as importedExit } from 'process';
import { spawnSync } from 'child_process';

const forever = () => new Promise(() => {});
const delay = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const text = (value) => ({ type: 'text', text: String(value) });
const structured = (value) => ({ type: 'structured_output', structuredOutput: value });

function cyclic() {
  const value = { name: 'x' };
  value.self = value;
  return value;
}

function nested(levels) {
  return levels === 0 ? 1 : { a: nested(levels - 1) };
}

class Odd extends Error {
  constructor() {
    super('odd', { cause: new TypeError('why') });
    this.code = 'E_ODD';
    this.name = 'Odd';
    this.metadata = { hint: 'none', error_name: 'Own' };
  }
}

const results = {
  unknown: () => ({ type: 'picture' }),
  none: () => undefined,
  string: () => 'text',
  'no-text': () => ({ type: 'text' }),
  'number-text': () => ({ type: 'text', text: 7 }),
  'list-metadata': () => ({ type: 'text', text: 'x', metadata: [] }),
  'no-structure': () => ({ type: 'structured_output' }),
  list: () => structured([]),
  cyclic: () => structured(cyclic()),
  big: () => structured({ a: [1, 10n] }),
  function: () => structured({ a: { b: () => 1 } }),
  nan: () => structured({ a: [0, NaN] }),
  deep: () => structured(nested(100)),
  'deep-enough': () => structured(nested(50)),
  large: () => text('x'.repeat(9 * 1024 * 1024)),
  map: () => structured({ a: new Map() }),
  metadata: () => ({ type: 'text', text: 'x', metadata: { f: Symbol('s') } }),
  date: () => structured({ at: new Date(0), gone: undefined }),
  prototype: () => structured(JSON.parse('{"__proto__": {"a": 1}}')),
  surrogate: () => text('a\ud800b\\ud800\ud83d\ude00'),
};

const throws = {
  string: () => { throw 'only text'; },
  object: () => { throw { code: 7, list: new Array(30).fill(1) }; },
  undefined: () => { throw undefined; },
  null: () => { throw null; },
  number: () => { throw 42; },
  error: () => { throw new Odd(); },
  deep: () => { throw Object.assign(new Error('x'), { a: { b: { c: { d: { e: 1 } } } } }); },
  long: () => { throw Object.assign(new Error('x'), { note: 'y'.repeat(5000) }); },
  cyclic: () => { throw cyclic(); },
  getter: () => {
    throw Object.defineProperty(new Error('x'), 'bad', {
      enumerable: true, get() { throw new Error('in the getter'); },
    });
  },
  frozen: () => { throw Object.freeze({ toString() { throw new Error('no'); } }); },
};

const exits = {
  exit: () => process.exit(3),
  reallyExit: () => process.reallyExit(3),
  abort: () => process.abort(),
  imported: () => importedExit(3),
};

const sends = {
  string: (sender) => sender.sendAssistantMessage('one block'),
  number: (sender) => sender.sendAssistantMessage(7),
  item: (sender) => sender.sendAssistantMessage(['a', null]),
  error: (sender) => sender.sendErrorMessage({}),
  metadata: (sender) => sender.sendErrorMessage('x', [1]),
  large: (sender) => sender.sendAssistantMessage(['x'.repeat(9 * 1024 * 1024)]),
};

function show(invocation) {
  return JSON.stringify({
    ...invocation,
    names: Object.keys(invocation).sort(),
    outputFormat: invocation.outputFormat === undefined ? 'undefined' : invocation.outputFormat,
    env: invocation.env === undefined ? 'undefined' : invocation.env,
    signal: invocation.signal instanceof AbortSignal,
  });
}

async function streamPaused(count, sender) {
  for (let i = 1; i <= count; i++) {
    await sender.sendAssistantMessage([`${i}`]);
    await delay(1);
  }
  return text('done');
}

function streamWithoutWaiting(count, sender) {
  for (let i = 1; i <= count; i++)
    sender.sendAssistantMessage([`${i}`]);
  return text('done');
}

const actions = {
  RESULT: (name) => results[name](),
  THROW: (name) => throws[name](),
  EXIT: (name) => exits[name](),
  SEND: async (name, invocation, sender) => {
    await sends[name](sender);
    return text('sent');
  },
  SHOW: (name, invocation) => text(show(invocation)),
  LOG: (name, { logger }) => {
    for (const level of ['debug', 'info', 'log', 'warn', 'error'])
      logger[level]('%s is', level, { a: 1 });
    return text('logged');
  },
  PRINT: () => {
    console.log('to stdout');
    console.error('to stderr');
    process.stdout.write('{"type":"fatal","error":"no"}\n');
    return text('printed');
  },
  CHILD: () => text(spawnSync('sh', ['-c', 'ls -l /proc/self/fd']).stdout),
  TIMER: () => {
    setTimeout(() => { throw new Odd(); }, 1);
    return forever();
  },
  REJECT: () => {
    delay(1).then(() => { throw new Odd(); });
    return forever();
  },
  'TIMER-EXIT': () => {
    setTimeout(() => process.exit(5), 1);
    return forever();
  },
  LATE: async (name, { logger }, sender) => {
    setTimeout(() => {
      sender.sendAssistantMessage(['late']);
      sender.sendErrorMessage('late');
      logger.info('late');
      throw new Error('too late');
    }, 20);
    return text('early');
  },
  LISTEN: (name, { signal }) => new Promise((resolve) => {
    signal.addEventListener('abort', () => { throw new Odd(); });
    signal.addEventListener('abort', () => resolve(text('aborted')));
  }),
  SHOUT: (name, { signal }, sender) => new Promise((resolve) => {
    const timer = setInterval(() => sender.sendAssistantMessage(['shout']), 1);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      resolve(text('quiet'));
    });
  }),
  CLEANUP: (name) => {
    process.on('exit', () => console.log(`cleaned ${name}`));
    return forever();
  },
  PACED: (name, invocation, sender) => streamPaused(Number(name), sender),
  UNPACED: async (name, { signal }, sender) => {
    await delay(50);
    return streamWithoutWaiting(Number(name), sender);
  },
};

export default {
  run(invocation, sender) {
    const [name, argument] = invocation.userPrompt.split(':');
    return actions[name](argument, invocation, sender);
  },
};
