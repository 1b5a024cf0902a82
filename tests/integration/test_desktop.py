# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files and models are reached the same way whatever desktop the runtime was started on."""

import pytest
from harness import websocket
from harness.messages import commands, invocation
from harness.openai_mock import answer, message

# Nobody listens there.
NOWHERE = 'http://127.0.0.1:9'

# The tests run without a proxy otherwise, and without settings that are kept.
AS_ON_A_DESKTOP = ['env', '-u', 'GIO_USE_PROXY_RESOLVER', '-u', 'GSETTINGS_BACKEND']

DESKTOPS = [
    {'XDG_CURRENT_DESKTOP': 'GNOME', 'XDG_DATA_DIRS': '/nonexistent'},
    {'XDG_CURRENT_DESKTOP': '', 'http_proxy': NOWHERE, 'all_proxy': NOWHERE},
]


@pytest.mark.parametrize('desktop', DESKTOPS, ids=['no schemas', 'proxy'])
@pytest.mark.parametrize('size', [1, 1_000_000])
def test_upload(start_server, receiver, tmp_path, desktop, size):
    server = start_server(env=desktop, prefix=AS_ON_A_DESKTOP)
    folder = tmp_path / 'out'
    with websocket.connect(server.port) as client:
        client.send(commands(f'head -c {size} /dev/zero >{folder}/a', artifacts_dirs=[str(folder)]))
        request = client.receive()
        while request['message_type'] != 'artifact_upload_request_message':
            request = client.receive()
        client.send({**request, 'message_type': 'artifact_upload_response_message',
                     'presigned_url': f'{receiver.url}/a', 'content_type': 'a/b'})
        results = client.receive_until_terminal()
    assert any(result.get('ok') for result in results), results
    assert receiver.files['/a'] == bytes(size)


@pytest.mark.parametrize('desktop', DESKTOPS, ids=['no schemas', 'proxy'])
def test_model(start_server, mock, desktop):
    server = start_server(agent='openai', prefix=AS_ON_A_DESKTOP, env={
        'OPENAI_BASE_URL': mock.url, 'OPENAI_API_KEY': '', **desktop})
    mock.answers = [answer(message('Hi.'))]
    with websocket.connect(server.port) as client:
        messages = client.request(invocation('Say hi', model='m'))
    assert messages[-1]['message_type'] == 'result_message', messages
    assert messages[-1]['data']['text'] == 'Hi.'


@pytest.mark.parametrize('desktop', [{}, DESKTOPS[0]], ids=['none', 'no schemas'])
def test_model_by_a_proxy(start_server, mock, desktop):
    """A name that does not resolve is reached by the proxy, which is the service itself here."""
    server = start_server(agent='openai', prefix=AS_ON_A_DESKTOP, env={
        'OPENAI_BASE_URL': 'http://model.invalid/v1', 'OPENAI_API_KEY': '',
        'http_proxy': mock.url.removesuffix('/v1'), **desktop})
    mock.answers = [answer(message('Hi.')), answer(message('Ho.'))]
    for text in ('Hi.', 'Ho.'):
        with websocket.connect(server.port) as client:
            messages = client.request(invocation('Say hi', model='m'))
        assert messages[-1]['message_type'] == 'result_message', messages
        assert messages[-1]['data']['text'] == text
    path, headers, _ = mock.requests[0]
    assert path == 'http://model.invalid/v1/responses' and headers['Host'] == 'model.invalid'


def test_proxy_that_is_none(start_server, mock):
    server = start_server(agent='openai', env={
        'OPENAI_BASE_URL': mock.url, 'OPENAI_API_KEY': '', 'https_proxy': 'ftp://me:word@proxy'})
    with websocket.connect(server.port) as client:
        messages = client.request(invocation('Say hi', model='m'))
    assert messages[-1]['error'].startswith('https_proxy '), messages
    assert 'word' not in messages[-1]['error'] and not mock.requests
