# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fixtures, and the TAP output by which meson counts the cases."""

import contextlib
import os
import socket
import tempfile
from pathlib import Path

import pytest

from harness import environment, websocket
from harness.fake_service import FakeService, StartingBus
from harness.messages import TERMINALS, commands
# Fixtures among them.
from harness.openai_mock import mock, shared_mock
from harness.processes import wait_until
from harness.receiver import Receiver
from harness.server import Server

environment.forget()

@pytest.fixture(scope='module')
def shared_server(tmp_path_factory):
    """One server for all cases of a file, with the echo agent."""
    server = Server(tmp_path_factory.mktemp('server'))
    warm_up(server)
    yield server
    server.stop()


@pytest.fixture
def server(shared_server):
    """The server of this file; nothing of a case may be left in it afterwards."""
    yield shared_server
    shared_server.check_at_rest()
    shared_server.check_log()


@pytest.fixture(scope='module')
def warm_server(shared_server, tmp_path_factory):
    """The same, with what it keeps from the first artifacts on."""
    receiver = Receiver()
    upload_something(shared_server, receiver, tmp_path_factory.mktemp('warm'))
    receiver.close()
    shared_server.check_at_rest(descriptors=False)
    sockets = shared_server.base['socket:']
    wait_until(lambda: shared_server.count_descriptors()['socket:'] == sockets,
               'the end of the connections')
    shared_server.base = shared_server.count_descriptors()
    return shared_server


@pytest.fixture
def start_server(tmp_path):
    """Starts servers with other options; they are stopped and checked afterwards."""
    started = []

    def start(*arguments, **options):
        server = Server(tmp_path / f'server-{len(started)}', *arguments, **options)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def client(server):
    """An open WebSocket to the server of this file."""
    with websocket.connect(server.port) as connection:
        yield connection


@pytest.fixture
def receiver():
    """Where files can be sent to."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def bus(tmp_path):
    """A session bus that nobody else knows."""
    bus = StartingBus(tmp_path / 'bus')
    yield bus
    bus.stop()


@pytest.fixture
def service(bus):
    """What takes the place of the service on that bus."""
    service = FakeService(bus)
    yield service
    service.stop()


@pytest.fixture
def roomy_folder():
    """In memory if possible: disks are slow with many files, and with large holes."""
    with tempfile.TemporaryDirectory(dir='/dev/shm' if os.path.isdir('/dev/shm') else None) as name:
        yield Path(name)


@pytest.fixture
def full_listener():
    """A port at which nobody is accepted, for its queue is full; and what makes room in it."""
    with socket.create_server(('127.0.0.1', 0), backlog=0) as listener, \
            contextlib.ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener, stack.close


def warm_up(server):
    """Let the server make what it keeps, so that a leak can be told from it."""
    sockets = server.count_descriptors()['socket:']
    with websocket.connect(server.port) as connection:
        connection.request(commands('true'))
        connection.close()
    server.check_at_rest()
    wait_until(lambda: server.count_descriptors()['socket:'] == sockets, 'the end of the session')
    server.base = server.count_descriptors()


def upload_something(server, receiver, folder):
    """A small file and a large one, for which there is a thread."""
    with websocket.connect(server.port) as connection:
        connection.send(commands(f'cd {folder}; echo x >small; head -c 1000000 /dev/zero >large',
                                 artifacts_dirs=[str(folder)]))
        message = connection.receive()
        while message['message_type'] not in TERMINALS:
            if message['message_type'] == 'artifact_upload_request_message':
                connection.send({**message, 'message_type': 'artifact_upload_response_message',
                                 'presigned_url': f'{receiver.url}/x', 'content_type': 'a/b'})
            message = connection.receive()
        connection.close()


def pytest_addoption(parser):
    parser.addoption('--tap', type=int, metavar='FD', help='write TAP to a descriptor, for meson')


def pytest_configure(config):
    if config.getoption('--tap') is not None:
        config.pluginmanager.register(TapWriter(config.getoption('--tap')))


# Of what was wrong; messages can be long.
LINE_LENGTH = 1000


class TapWriter:
    """Says how each case went, in the words that meson understands."""

    def __init__(self, descriptor):
        self.stream = os.fdopen(descriptor, 'w', buffering=1)
        self.count = 0

    def write_comment(self, text):
        for line in text.splitlines():
            self.stream.write(f'# {line[:LINE_LENGTH]}\n')

    def write_case(self, report, end=''):
        name = report.nodeid.split('::', 1)[-1].replace('#', '')
        self.count += 1
        verdict = 'not ok' if report.failed else 'ok'
        self.stream.write(f'{verdict} {self.count} - /{name}{end}\n')

    def pytest_collection_finish(self, session):
        self.stream.write(f'1..{len(session.items)}\n')

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.write_comment(report.longreprtext)
        # What goes wrong after a case fails the whole file, by its exit status.
        if report.when == 'call' or (report.when == 'setup' and not report.passed):
            self.write_case(report, f' # SKIP {report.longrepr[2]}' if report.skipped else '')
