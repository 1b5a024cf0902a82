# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples do what they are there to show."""

import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from harness import websocket
from harness.messages import CANCELLED, END_SESSION, TERMINALS, commands, invocation, text_of
from harness.processes import PATIENCE, descendants, is_running, wait_until
from harness.receiver import Receiver

EXAMPLES = Path(os.environ.get('RUNTIMEUSE_TEST_EXAMPLES') or
                Path(__file__).resolve().parents[2] / 'build/examples')
TIMEOUT = 15 * PATIENCE


class Lines:
    """A program that is read line by line, each with a deadline."""

    def __init__(self, folder, *command, env=None):
        self.path = folder / f'{Path(command[-1]).name}.log'
        with open(self.path, 'wb') as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})})

    @property
    def text(self):
        return self.path.read_text(errors='replace')

    def expect(self, pattern):
        wait_until(lambda: re.search(pattern, self.text, re.MULTILINE) or
                   self.process.poll() is not None, f'{pattern} in {self.path}', 15)
        match = re.search(pattern, self.text, re.MULTILINE)
        assert match, f'no {pattern!r} in {self.text!r}'
        return match

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        try:
            return self.process.wait(TIMEOUT)
        finally:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def embed(tmp_path):
    running = Lines(tmp_path, str(EXAMPLES / 'example-embed'))
    running.port = int(running.expect(r'^listening on port (\d+)$')[1])
    yield running
    running.stop()
    assert 'CRITICAL' not in running.text and 'Sanitizer' not in running.text, running.text


def read_page(port, target='/'):
    with urllib.request.urlopen(f'http://127.0.0.1:{port}{target}', timeout=TIMEOUT) as answer:
        return answer.read().decode()


def open_agent(port):
    connection = websocket.Connection(port)
    connection.check_accept(connection.ask(target='/agent'))
    return connection


def test_embed_serves_pages_and_agents(embed):
    assert read_page(embed.port) == '0 sessions, 0 files sent\n'
    with open_agent(embed.port) as first, open_agent(embed.port) as second:
        first.send(invocation('echo $((40 + 2))'))
        second.send(invocation('echo two'))
        answers = []
        for client in (first, second):
            answers.append(client.receive())
            while answers[-1]['message_type'] not in TERMINALS:
                answers[-1] = client.receive()
        assert [text_of(answer).strip() for answer in answers] == ['42', 'two']
        assert read_page(embed.port) == '2 sessions, 0 files sent\n'
        for client in (first, second):
            client.send(END_SESSION)
    wait_until(lambda: read_page(embed.port) == '0 sessions, 0 files sent\n', 'the end of both')


def test_embed_counts_files_of_all_sessions(embed, tmp_path):
    receiver = Receiver()
    for name in ('a', 'b'):
        with open_agent(embed.port) as client:
            folder = tmp_path / name
            client.send(commands(f'echo {name} >{folder}/x', artifacts_dirs=[str(folder)]))
            message = client.receive()
            while message['message_type'] not in TERMINALS:
                if message['message_type'] == 'artifact_upload_request_message':
                    client.send({**message, 'message_type': 'artifact_upload_response_message',
                                 'presigned_url': f'{receiver.url}/{name}', 'content_type': 'a/b'})
                message = client.receive()
    assert read_page(embed.port).endswith('2 files sent\n')
    assert receiver.files == {'/a': b'a\n', '/b': b'b\n'}
    receiver.close()


def test_embed_refuses_pages_of_others(embed):
    with websocket.Connection(embed.port) as connection:
        assert connection.ask(target='/agent', Origin='http://example.com').status == 403
    with websocket.Connection(embed.port) as connection:
        assert connection.ask(target='/nothing').status != 101
    assert read_page(embed.port) == '0 sessions, 0 files sent\n'


def test_embed_ends_with_all_that_runs(embed):
    with open_agent(embed.port) as client:
        client.send(commands('echo started; sleep 1000'))
        while client.receive().get('text') != 'started\n':
            pass
        before = descendants(embed.process.pid)
        assert before
        embed.process.terminate()
        message = client.receive()
        while message['message_type'] not in TERMINALS:
            message = client.receive()
        assert message == CANCELLED
    assert embed.process.wait(TIMEOUT) == 0, embed.text
    wait_until(lambda: not any(map(is_running, before)), 'processes left behind')
