// SPDX-License-Identifier: LGPL-2.1-or-later
// Does what the prompt says, for tests.

const fs = require('fs');

const delay = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function waitFor(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new Error('aborted'));
    });
  });
}

const actions = {
  ECHO: (text) => text,
  STRUCTURED: (text) => JSON.parse(text),
  STREAM: (text, invocation, sender) => {
    const count = Number(text);
    for (let i = 1; i <= count; i++)
      sender.sendAssistantMessage([`message ${i} of ${count}`]);
    return `streamed ${count} messages`;
  },
  SLOW: async (text) => {
    await delay(Number(text));
    return `slept ${text} ms`;
  },
  WAIT: async (text, invocation) => {
    await waitFor(Number(text), invocation.signal);
    return `waited ${text} ms`;
  },
  ERROR: (text, invocation, sender) => {
    sender.sendErrorMessage(text, { source: 'echo_handler' });
    throw new Error(text);
  },
  CRASH: () => process.kill(process.pid, 'SIGKILL'),
  HANG: (text) => {
    while (text === 'busy');
    return new Promise(() => {});
  },
  WRITE: (text) => {
    const end = text.indexOf(':');
    fs.writeFileSync(text.slice(0, end), text.slice(end + 1));
    return `wrote ${text.slice(0, end)}`;
  },
};

exports.handler = {
  async run(invocation, sender) {
    const prompt = invocation.userPrompt.replace(/^SAY:/, '');
    if (prompt !== invocation.userPrompt)
      sender.sendAssistantMessage(['asked']);
    const [, name, text] = /^([A-Z]+)(?::([^]*))?$/.exec(prompt) || [];
    if (!Object.keys(actions).includes(name))
      return { type: 'text', text: prompt, metadata: {} };
    const outcome = await actions[name](text, invocation, sender);
    if (name === 'STRUCTURED')
      return { type: 'structured_output', structuredOutput: outcome, metadata: {} };
    return { type: 'text', text: outcome, metadata: {} };
  },
};
