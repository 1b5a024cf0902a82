// SPDX-License-Identifier: LGPL-2.1-or-later
// An echo handler with types, which an interpreter of JavaScript has to strip.

import echo from './echo-handler.cjs';

interface Invocation {
  readonly userPrompt: string;
  readonly signal: AbortSignal;
}

interface Sender {
  sendAssistantMessage(textBlocks: string[]): Promise<void>;
}

type Result = { type: 'text'; text: string; metadata?: Record<string, unknown> };

async function stream(count: number, sender: Sender): Promise<string> {
  for (let i: number = 1; i <= count; i++)
    await sender.sendAssistantMessage([`message ${i} of ${count}`]);
  return `streamed ${count} messages`;
}

export const handler = {
  async run(invocation: Invocation, sender: Sender): Promise<Result> {
    const [name, text] = invocation.userPrompt.split(':') as [string, string | undefined];
    if (name === 'STREAM')
      return { type: 'text', text: await stream(Number(text), sender), metadata: {} };
    if (name === 'ECHO' && text !== undefined)
      return { type: 'text', text: invocation.userPrompt.slice('ECHO:'.length), metadata: {} };
    return await echo.run(invocation, sender) as Result;
  },
};
