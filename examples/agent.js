#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
// A server with an agent of its own, and a client that asks it.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import RuntimeUse from 'gi://RuntimeUse?version=1';
import system from 'system';

Gio._promisify(RuntimeUse.Client.prototype, 'query_async', 'query_finish');
Gio._promisify(RuntimeUse.Server.prototype, 'stop_async', 'stop_finish');

// An agent that counts the words of its prompt.
const WordCounter = GObject.registerClass({
    Implements: [RuntimeUse.AgentHandler],
}, class WordCounter extends GObject.Object {
    vfunc_run(invocation) {
        // The answer may come at any time later; this returns at once.
        this._answer(invocation).catch(logError);
        return true;
    }

    async _answer(invocation) {
        const words = invocation.get_user_prompt().split(/\s+/).filter(word => word);
        await null;
        invocation.send_assistant_message([`counting ${words.length} words`]);
        invocation.return_text(`${words.length} words`, null);
    }
});

async function main(prompt) {
    const server = new RuntimeUse.Server({handler: new WordCounter(), port: 0});
    server.start();

    try {
        const client = RuntimeUse.Client.new(`ws://localhost:${server.get_port()}`);
        client.connect('assistant-message', (_client, blocks) => print(...blocks));
        const message = new RuntimeUse.InvocationMessage({
            user_prompt: prompt, system_prompt: '', model: '',
        });
        const result = await client.query_async(message, null);
        print(result.get_text());
        return 0;
    } catch (error) {
        printerr(`Error: ${error.message}`);
        return 1;
    } finally {
        await server.stop_async(null);
    }
}

const loop = GLib.MainLoop.new(null, false);
let status = 1;
main(ARGV[0] ?? 'how many words are these')
    .then(result => (status = result), logError)
    .finally(() => loop.quit());
loop.run();
system.exit(status);
