// SPDX-License-Identifier: LGPL-2.1-or-later
// What the agent "echo" does, as far as the measurements need it.

export default {
  async run(invocation, sender) {
    const prompt = invocation.userPrompt;
    if (!prompt.startsWith('STREAM:'))
      return { type: 'text', text: prompt };
    const count = Number(prompt.slice('STREAM:'.length));
    for (let i = 1; i <= count; i++)
      sender.sendAssistantMessage([`message ${i} of ${count}`]);
    return { type: 'text', text: `streamed ${count} messages` };
  },
};
