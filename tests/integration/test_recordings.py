# SPDX-License-Identifier: LGPL-2.1-or-later
"""Conversations of the published client, played again."""

import json
from pathlib import Path

import pytest
from harness import websocket

RECORDINGS = sorted(Path(__file__).with_name('recordings').glob('*.jsonl'))
# What we add; clients that do not know it ignore it.
ADDITIONS = {'stdout', 'stdout_truncated'}


def check_same(recorded, message, path='message'):
    """Compare a message with the recorded one, and with its members in their order."""
    assert isinstance(message, type(recorded)), path
    if path == 'message.metadata':
        return
    if isinstance(recorded, dict):
        assert list(recorded) == [name for name in message
                                  if name in recorded or name not in ADDITIONS], path
        for name, value in recorded.items():
            check_same(value, message[name], f'{path}.{name}')
    elif isinstance(recorded, list):
        assert len(recorded) == len(message), path
        for number, value in enumerate(recorded):
            check_same(value, message[number], f'{path}[{number}]')
    else:
        assert message == recorded, path


def check_close(client, codes):
    received, _ = codes['rcvd']
    if received == 1000:
        assert client.close() == 1000
    else:
        assert client.expect_close() == received


@pytest.mark.parametrize('path', RECORDINGS, ids=lambda path: path.stem)
def test_recording(client, path):
    """What the client sent on end comes at once, before the answer to any of it."""
    pending = b''
    for line in path.read_text().splitlines():
        step = json.loads(line)
        if step['dir'] == 'client->server':
            pending += websocket.make_frame(websocket.TEXT, json.dumps(step['msg']).encode())
            continue
        client.write(pending)
        pending = b''
        if step['dir'] == 'server->client':
            check_same(step['msg'], client.receive())
        else:
            check_close(client, step['msg'])


def test_there_are_recordings():
    assert len(RECORDINGS) >= 14
