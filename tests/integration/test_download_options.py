# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a request and the command line say about downloads."""

import pytest
from harness import websocket
from harness.http_server import HALF, SIZE, Halves, ZipServer
from harness.messages import commands


@pytest.fixture
def halves():
    with Halves() as server:
        yield server


def request(server, folder, **members):
    return commands('true', pre_execution_downloadables=[
        {'download_url': f'{server.url}/file', 'working_dir': str(folder)}], **members)


def test_progress_is_told(server, halves, tmp_path):
    with websocket.connect(server.port) as client:
        client.send(request(halves, tmp_path, report_progress=True))
        seen = client.receive()
        while seen['received'] < HALF:
            seen = client.receive()
        assert seen == {'message_type': 'download_progress_message', 'index': 0,
                        'received': HALF, 'total': SIZE}
        halves.go_on.set()
        rest = client.receive_until_terminal()
    assert rest[-2] == {**seen, 'received': SIZE}
    assert rest[-1]['message_type'] == 'command_execution_result_message'


def test_nobody_hears_of_it_who_did_not_ask(server, halves, tmp_path):
    halves.go_on.set()
    with websocket.connect(server.port) as client:
        messages = client.request(request(halves, tmp_path))
    assert [message['message_type'] for message in messages] == [
        'command_execution_result_message']


def test_progress_must_be_a_boolean(server, halves, tmp_path):
    with websocket.connect(server.port) as client:
        answer = client.request(request(halves, tmp_path, report_progress='yes'))
    assert 'report_progress' in answer[-1]['error']


@pytest.mark.parametrize('host', [
    '127.0.0.1', 'localhost', '[::1]', '10.0.0.1', '[::ffff:127.0.0.1]'])
def test_no_local_downloads(start_server, tmp_path, host):
    server = start_server('--no-local-downloads')
    with websocket.connect(server.port) as client:
        answer = client.request(commands(f'touch {tmp_path}/ran', pre_execution_downloadables=[
            {'download_url': f'http://{host}:9/file', 'working_dir': str(tmp_path)}]))
    assert answer[-1]['message_type'] == 'error_message'
    assert 'not public' in answer[-1]['error'], answer
    assert not (tmp_path / 'ran').exists()


def test_size_limit(start_server, halves, tmp_path):
    halves.go_on.set()
    server = start_server('--limit', f'max-download-size={HALF}')
    with websocket.connect(server.port) as client:
        answer = client.request(request(halves, tmp_path / 'in'))
    assert answer[-1]['message_type'] == 'error_message'
    assert str(HALF) in answer[-1]['error'], answer
    assert list((tmp_path / 'in').iterdir()) == []


def test_idle_limit(start_server, halves, tmp_path):
    server = start_server('--limit', 'download-idle-timeout=1')
    with websocket.connect(server.port) as client:
        answer = client.request(request(halves, tmp_path / 'in'))
    assert answer[-1]['message_type'] == 'error_message'
    assert 'fetch failed' in answer[-1]['error'] and '1' in answer[-1]['error'], answer


def test_connect_limit(start_server, full_listener, tmp_path):
    server = start_server('--limit', 'download-connect-timeout=1')
    url = f'http://127.0.0.1:{full_listener[0].getsockname()[1]}/file'
    with websocket.connect(server.port) as client:
        answer = client.request(commands('true', pre_execution_downloadables=[
            {'download_url': url, 'working_dir': str(tmp_path / 'in')}]))
    assert answer[-1]['message_type'] == 'error_message'
    assert 'fetch failed' in answer[-1]['error'] and ' 1 ' in answer[-1]['error'], answer


@pytest.mark.parametrize('limit, fits', [(2, False), (3, True)])
def test_entries_limit(start_server, tmp_path, limit, fits):
    server = start_server('--limit', f'max-download-entries={limit}')
    with ZipServer(3) as archive, websocket.connect(server.port) as client:
        answer = client.request(commands('true', pre_execution_downloadables=[
            {'download_url': f'{archive.url}/a.zip', 'working_dir': str(tmp_path / 'in')}]))
    assert fits or '(max-entries)' in answer[-1]['error'], answer
    assert (answer[-1]['message_type'] == 'command_execution_result_message') == fits
