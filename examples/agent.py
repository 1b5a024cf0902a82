#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server with an agent of its own, and a client that asks it."""

import sys

import gi

gi.require_version('RuntimeUse', '1')
from gi.repository import GLib, GObject, RuntimeUse  # noqa: E402


class WordCounter(GObject.Object, RuntimeUse.AgentHandler):
    """An agent that counts the words of its prompt."""

    def do_run(self, invocation):
        # The answer may come at any time later; this returns at once.
        GLib.idle_add(self.answer, invocation)
        return True

    def answer(self, invocation):
        words = invocation.get_user_prompt().split()
        invocation.send_assistant_message([f'counting {len(words)} words'])
        invocation.return_text(f'{len(words)} words', None)


def on_answer(client, result, loop, answers):
    try:
        answers.append(client.query_finish(result).get_text())
    except GLib.Error as error:
        print(f'Error: {error.message}', file=sys.stderr)
    loop.quit()


def on_stopped(server, result, loop):
    server.stop_finish(result)
    loop.quit()


def main(prompt):
    loop = GLib.MainLoop()
    answers = []

    server = RuntimeUse.Server(handler=WordCounter(), port=0)
    server.start()

    client = RuntimeUse.Client.new(f'ws://localhost:{server.get_port()}')
    client.connect('assistant-message', lambda client, blocks: print(*blocks))
    message = RuntimeUse.InvocationMessage(user_prompt=prompt, system_prompt='', model='')
    client.query_async(message, None, on_answer, loop, answers)
    loop.run()

    server.stop_async(None, on_stopped, loop)
    loop.run()

    for answer in answers:
        print(answer)
    return 0 if answers else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else 'how many words are these'))
