// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks a service with the published client of OpenAI, and prints what that makes of the answers.
// Usage: node openai_referee.mjs responses|chat, with OPENAI_BASE_URL, OPENAI_API_KEY and
// RUNTIMEUSE_TEST_NODE_MODULES set.

import { createRequire } from 'node:module';
import path from 'node:path';

const modules = process.env.RUNTIMEUSE_TEST_NODE_MODULES;
const { default: OpenAI } = createRequire(path.join(modules, 'none.js'))('openai');
const client = new OpenAI({ maxRetries: 0 });

async function askResponses() {
  const stream = client.responses.stream({ model: 'model-1', input: 'Say hi' });
  let said = '';
  stream.on('response.output_text.delta', (event) => { said += event.delta; });
  const response = await stream.finalResponse();
  const texts = response.output.flatMap((item) => (item.content ?? []).map((part) => part.text));
  return { said, text: texts.join(''), output: response.output, usage: response.usage };
}

async function askChat() {
  const stream = client.chat.completions.stream({
    model: 'model-1', messages: [{ role: 'user', content: 'Say hi' }],
    stream_options: { include_usage: true },
  });
  let said = '';
  stream.on('content', (delta) => { said += delta; });
  const completion = await stream.finalChatCompletion();
  return { said, message: completion.choices[0].message, usage: completion.usage };
}

const ask = process.argv[2] === 'chat' ? askChat : askResponses;
try {
  console.log(JSON.stringify(await ask()));
} catch (error) {
  console.log(JSON.stringify({ error: error.message, status: error.status, code: error.code }));
}
