#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Invoke the agent of a runtime and show everything as it comes.

Speaks the wire protocol (docs/protocol.md) with nothing but libsoup, so that
it can serve as a pattern for clients in other languages. Without --url it
starts a server of its own on a free loopback port and stops it at the end.
"""

import argparse
import json
import os
import signal
import subprocess
import sys

import gi

gi.require_version("Soup", "3.0")
from gi.repository import GLib, Soup  # noqa: E402

TERMINALS = ("result_message", "error_message")
READY = "listening on port "


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--url", help="where a runtime listens, as ws://HOST:PORT")
    parser.add_argument("--program", default="runtimeuse", help="what to start without --url")
    parser.add_argument("--agent", default="shell", help="the agent of the started program")
    parser.add_argument("--before", action="append", default=[], help="command before the agent")
    parser.add_argument("--after", action="append", default=[], help="command after the agent")
    parser.add_argument("--secret", action="append", default=[], metavar="NAME",
                        help="variable of this environment that the agent gets and nobody sees")
    parser.add_argument("prompt")
    return parser.parse_args()


def make_invocation(options):
    secrets = {name: os.environ[name] for name in options.secret}
    return {
        "message_type": "invocation_message",
        "system_prompt": "",
        "user_prompt": options.prompt,
        "model": "",
        "agent_env": secrets,
        "secrets_to_redact": list(secrets.values()),
        "pre_agent_invocation_commands": [{"command": text} for text in options.before],
        "post_agent_invocation_commands": [{"command": text} for text in options.after],
    }


class Call:
    """One connection, one invocation, one answer."""

    def __init__(self, url, invocation):
        self.invocation = invocation
        self.loop = GLib.MainLoop()
        self.command = None
        self.status = None
        self.connection = None

        message = Soup.Message.new("GET", url)
        self.session = Soup.Session()
        self.session.websocket_connect_async(message, None, None, GLib.PRIORITY_DEFAULT, None,
                                             self.on_connected)

    def run(self):
        self.loop.run()
        return self.status

    def on_connected(self, session, result):
        try:
            self.connection = session.websocket_connect_finish(result)
        except GLib.Error as error:
            self.finish(f"cannot connect: {error.message}", 2)
            return

        self.connection.props.max_incoming_payload_size = 1 << 20
        self.connection.connect("message", self.on_message)
        self.connection.connect("closed", self.on_closed)
        self.connection.send_text(json.dumps(self.invocation))

    def on_message(self, _connection, _kind, data):
        message = json.loads(data.get_data())
        show = getattr(self, "show_" + message["message_type"], None)
        if show:
            show(message)
        if message["message_type"] in TERMINALS:
            self.connection.close(Soup.WebsocketCloseCode.NORMAL, None)

    def on_closed(self, _connection):
        self.finish("the connection ended before an answer came", 2)

    def finish(self, trouble, status):
        if self.status is None:
            print(trouble, file=sys.stderr)
            self.status = status
        self.loop.quit()

    def show_command_output_message(self, message):
        if message["command"] != self.command:
            self.command = message["command"]
            print(f"$ {self.command}")
        print(message["text"], end="", flush=True)

    def show_assistant_message(self, message):
        for block in message["text_blocks"]:
            print(f"agent: {block.rstrip()}", flush=True)

    def show_result_message(self, message):
        data = message["data"]
        text = data["text"] if data["type"] == "text" else json.dumps(data["structured_output"])
        print("result:", text.rstrip().replace("\n", "\n        "))
        self.status = 0

    def show_error_message(self, message):
        print("error:", message["error"], file=sys.stderr)
        self.status = 1


def start_server(program, agent):
    """Start PROGRAM on a port that is free and return it with its address."""
    server = subprocess.Popen([program, "--port", "0", "--agent", agent],
                              stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    if READY not in line:
        server.terminate()
        sys.exit(f"{program} did not start")
    print(line, end="")
    return server, "ws://127.0.0.1:" + line.split(READY)[1].strip()


def main():
    options = parse_arguments()
    invocation = make_invocation(options)
    if options.url:
        return Call(options.url, invocation).run()

    server, url = start_server(options.program, options.agent)
    try:
        return Call(url, invocation).run()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=10)


if __name__ == "__main__":
    sys.exit(main())
