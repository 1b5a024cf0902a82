// SPDX-License-Identifier: LGPL-2.1-or-later
// An agent in TypeScript: finds the largest files of the folder that the prompt names.
// Usage: runtimeuse --handler examples/handler.ts
// Needs bun, or Node.js 22.18 or later, which strips the types and compiles nothing.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

interface Invocation {
  systemPrompt: string;
  userPrompt: string;
  outputFormat?: unknown;
  model: string;
  secrets: string[];
  env?: Record<string, string>;
  signal: AbortSignal;
  logger: Record<'debug' | 'info' | 'warn' | 'error' | 'log', (...values: unknown[]) => void>;
}

interface Sender {
  sendAssistantMessage(textBlocks: string[]): Promise<void>;
  sendErrorMessage(text: string, metadata?: object): void;
}

type Result =
  | { type: 'text'; text: string; metadata?: object }
  | { type: 'structured_output'; structuredOutput: object; metadata?: object };

const SHOWN = 5;

export const handler = {
  async run(invocation: Invocation, sender: Sender): Promise<Result> {
    const folder = invocation.userPrompt.trim() || '.';
    const entries = await readdir(folder, { withFileTypes: true });
    const files: { name: string; size: number }[] = [];

    for (const entry of entries.filter((each) => each.isFile())) {
      invocation.signal.throwIfAborted();
      files.push({ name: entry.name, size: (await stat(join(folder, entry.name))).size });
    }

    files.sort((a, b) => b.size - a.size);
    await sender.sendAssistantMessage([`${folder} has ${files.length} files`]);

    const largest = files.slice(0, SHOWN);
    if (invocation.outputFormat)
      return { type: 'structured_output', structuredOutput: { folder, largest } };
    return { type: 'text', text: largest.map((file) => `${file.name} ${file.size}`).join('\n') };
  },
};
