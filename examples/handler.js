// SPDX-License-Identifier: LGPL-2.1-or-later
// An agent in JavaScript: counts the words of the files that the prompt names, one per line.
// Usage: runtimeuse --handler examples/handler.js

const { readFile } = require('fs/promises');

function countWords(text) {
  return text.split(/\s+/).filter(Boolean).length;
}

exports.handler = {
  // invocation: systemPrompt, userPrompt, outputFormat, model, secrets, env, signal, logger
  async run(invocation, sender) {
    const names = invocation.userPrompt.split('\n').map((name) => name.trim()).filter(Boolean);
    const files = {};

    for (const name of names) {
      // An exception is the answer to the client; here, that of a file that cannot be read,
      // or that the client has cancelled.
      const text = await readFile(name, { encoding: 'utf8', signal: invocation.signal });
      files[name] = countWords(text);
      invocation.logger.debug('%s has %d characters', name, text.length);
      // Waits while the client reads more slowly than we speak.
      await sender.sendAssistantMessage([`${name}: ${files[name]} words`]);
    }

    // The client has asked for an object when it has sent a schema.
    if (invocation.outputFormat)
      return { type: 'structured_output', structuredOutput: { files } };

    const total = Object.values(files).reduce((sum, count) => sum + count, 0);
    return { type: 'text', text: `${total} words in ${names.length} files` };
  },
};
