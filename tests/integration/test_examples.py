# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples do what they are there to show."""

import os
import re
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from harness import websocket
from harness.bus import PYTHON, Probe
from harness.messages import CANCELLED, END_SESSION, TERMINALS, commands, invocation, text_of
from harness.processes import PATIENCE, descendants, is_running, wait_until
from harness.receiver import Receiver

# Folders with them, the first first.
EXAMPLES = os.environ.get('RUNTIMEUSE_TEST_EXAMPLES') or str(
    Path(__file__).resolve().parents[2] / 'build/examples')
TIMEOUT = 15 * PATIENCE


def find(name):
    path = shutil.which(name, os.F_OK, EXAMPLES)
    assert path, f'no {name} in {EXAMPLES}'
    return path


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
    running = Lines(tmp_path, find('example-embed'))
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
        answers = [client.receive_terminal() for client in (first, second)]
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
        assert client.receive_terminal() == CANCELLED
    assert embed.process.wait(TIMEOUT) == 0, embed.text
    wait_until(lambda: not any(map(is_running, before)), 'processes left behind')


# How the same program is started in each language.
WATCHERS = {'python': (PYTHON, 'watch.py'), 'javascript': ('gjs', '-m', 'watch.js'),
            'vala': ('example-watch',)}


@pytest.fixture(params=WATCHERS, name='watch')
def make_watch(request):
    """The command line of one of the programs that watch."""
    *interpreter, name = WATCHERS[request.param]
    return [*interpreter, find(name)]


@pytest.fixture
def watcher(bus, watch, tmp_path):
    """One that watches from before there is a service."""
    running = Lines(tmp_path, *watch, env=bus.env)
    running.expect(r'^the service is not there$')
    yield running
    running.stop()
    assert 'CRITICAL' not in running.text and 'Traceback' not in running.text, running.text


def run_watch(bus, watch, *arguments):
    return subprocess.run([*watch, *arguments], env={**os.environ, **bus.env}, check=False,
                          capture_output=True, text=True, timeout=TIMEOUT)


def test_watch(bus, watch, watcher, start_server):
    """A session is seen from its begin to its end, and cancelled on the way."""
    server = start_server(env=bus.env)
    watcher.expect(r'^the service is there$')
    with websocket.connect(server.port) as client:
        name = watcher.expect(r'^([0-9a-f]{32}) idle$')[1]
        client.send(commands('echo started; sleep 1000', source_id='test'))
        watcher.expect(rf'^{name} busy agent test echo started; sleep 1000$')
        while client.receive().get('text') != 'started\n':
            pass
        done = run_watch(bus, watch, '--cancel', name)
        assert done.stdout in ('True\n', 'true\n') and done.returncode == 0, done
        assert client.receive_terminal() == CANCELLED
        watcher.expect(rf'^{name} cancelled \d+\.\d{{3}} s$')
        done = run_watch(bus, watch, '--cancel', name)
        assert done.stdout in ('False\n', 'false\n') and done.returncode == 0, done
        client.close()
    watcher.expect(rf'^{name} gone$')
    server.stop()
    watcher.expect(r'^the service is there\n(?:.*\n)*the service is not there$')


def test_watch_what_runs_already(bus, watch, start_server, tmp_path):
    server = start_server(env=bus.env)
    with Probe(bus) as probe:
        probe.wait_for_name()
    with websocket.connect(server.port) as client:
        client.send(commands('echo started; sleep 1000'))
        while client.receive().get('text') != 'started\n':
            pass
        running = Lines(tmp_path, *watch, env=bus.env)
        running.expect(r'^[0-9a-f]{32} busy agent echo started; sleep 1000$')
        assert run_watch(bus, watch, '--cancel-all').stdout == '1\n'
        running.expect(r'^[0-9a-f]{32} cancelled ')
        running.stop()


def test_watch_cancels_nobody(bus, watch, start_server):
    """Without a service, and a session that is not there or cannot be: an error, no more."""
    assert run_watch(bus, watch, '--cancel-all').returncode == 1
    start_server(env=bus.env)
    with Probe(bus) as probe:
        probe.wait_for_name()
    assert run_watch(bus, watch, '--cancel-all').stdout == '0\n'
    for arguments in (['--cancel', '0' * 32], ['--cancel', '../x'], ['--cancel', ''], ['--what']):
        done = run_watch(bus, watch, *arguments)
        assert done.returncode == 1 and done.stdout == '', done
        assert ('Usage: ' if arguments == ['--what'] else 'Error: ') in done.stderr, done
        assert 'CRITICAL' not in done.stderr and 'Traceback' not in done.stderr, done
