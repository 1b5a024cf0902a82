# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one session fetches and unpacks neither keeps others waiting nor silences its own."""

import pytest
from harness import websocket
from harness.http_server import HALF, Halves, ZipServer
from harness.messages import commands, invocation
from harness.processes import wait_until

MEMBERS = 30000


@pytest.fixture
def server(start_server):
    return start_server('--limit', 'heartbeat-interval=20')


@pytest.fixture
def halves():
    with Halves() as server:
        yield server


@pytest.fixture(scope='module')
def archive():
    with ZipServer(MEMBERS) as server:
        yield server


def fetch(url, folder):
    return commands('true', report_progress=True, pre_execution_downloadables=[
        {'download_url': url, 'working_dir': str(folder)}])


def is_unpacking(folder):
    """Whether there is a folder for what is not complete, which is moved away in the end."""
    return any(path.is_dir() for path in folder.glob('.runtimeuse-*'))


def stall(client, halves, folder):
    client.send(fetch(f'{halves.url}/file', folder))
    while client.receive().get('received', 0) < HALF:
        pass


def check_served(server):
    with websocket.connect(server.port) as client:
        messages = client.request(invocation('ECHO:still here'))
    assert messages[-1]['data']['text'] == 'still here'


def check_done(client):
    messages = client.receive_until_terminal()
    assert messages[-1]['message_type'] == 'command_execution_result_message', messages[-1]


def test_heartbeats_while_a_download_stalls(server, halves, tmp_path):
    with websocket.connect(server.port) as client:
        stall(client, halves, tmp_path)
        beats = [client.receive() for _ in range(5)]
        halves.go_on.set()
        check_done(client)
    assert {beat['message_type'] for beat in beats} == {'heartbeat_message'}
    assert len({beat['elapsed_ms'] for beat in beats}) == 5


def test_heartbeats_while_an_archive_is_unpacked(server, archive, roomy_folder):
    seen = 0
    with websocket.connect(server.port) as client:
        client.send(fetch(f'{archive.url}/many.zip', roomy_folder))
        message = client.receive()
        while message['message_type'] != 'command_execution_result_message':
            if message['message_type'] == 'heartbeat_message' and is_unpacking(roomy_folder):
                seen += 1
            message = client.receive()
    assert seen >= 3
    assert len(list(roomy_folder.rglob('*'))) == MEMBERS + 100


def test_others_are_served_while_a_download_stalls(server, halves, tmp_path):
    with websocket.connect(server.port) as client:
        stall(client, halves, tmp_path)
        check_served(server)
        halves.go_on.set()
        check_done(client)


def test_others_are_served_while_an_archive_is_unpacked(server, archive, roomy_folder):
    """It takes a fraction of a second, so the machine may be late for it."""
    with websocket.connect(server.port) as client:
        for attempt in range(5):
            folder = roomy_folder / str(attempt)
            folder.mkdir()
            client.send(fetch(f'{archive.url}/many.zip', folder))
            wait_until(lambda folder=folder: is_unpacking(folder), 'a folder to unpack to')
            check_served(server)
            in_time = is_unpacking(folder)
            check_done(client)
            if in_time:
                return
    raise AssertionError('they were never served in time')
