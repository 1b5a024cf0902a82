# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent openai and the service itself, where the environment has a key for it."""

import json
import os

import pytest
from harness import websocket
from harness.messages import CANCEL, CANCELLED, invocation, output
from harness.server import Server

MODEL = os.environ.get('RUNTIMEUSE_TEST_OPENAI_MODEL', 'gpt-5-mini')

pytestmark = pytest.mark.skipif(not os.environ.get('OPENAI_API_KEY'),
                                reason='OPENAI_API_KEY is not set')


@pytest.fixture(scope='module', params=['responses', 'chat'])
def server(request, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp('server'), '--openai-api', request.param,
                    agent='openai')
    yield server
    server.stop()


def ask(server, prompt, **members):
    with websocket.connect(server.port) as client:
        client.socket.settimeout(120)
        messages = client.request(invocation(prompt, **{'model': MODEL, **members}))
    assert os.environ['OPENAI_API_KEY'] not in json.dumps(messages) + server.log
    return messages


def test_text(server):
    messages = ask(server, 'Answer with the one word: pear', stream_deltas=True)
    assert 'pear' in messages[-1]['data']['text'].lower()
    assert messages[-1]['metadata']['usage']['totalTokens'] > 0
    assert any(message['message_type'] == 'assistant_delta_message' for message in messages)


def test_shell(server):
    (server.work / 'secret-word').write_text('kumquat')
    messages = ask(server, 'Read the file secret-word with the shell, and say the word in it.')
    assert 'kumquat' in output(messages) and 'kumquat' in messages[-1]['data']['text'].lower()


def test_structured_output(server):
    messages = ask(server, 'What is 6 times 7?', output_format_json_schema_str=json.dumps({
        'type': 'object', 'properties': {'answer': {'type': 'integer'}}, 'required': ['answer'],
        'additionalProperties': False}))
    assert messages[-1]['data']['structured_output'] == {'answer': 42}


def test_bad_key(server):
    messages = ask(server, 'x', agent_env={'OPENAI_API_KEY': 'sk-of-nobody-at-all'})
    assert messages[-1]['error'].startswith('401 ')


def test_cancel(server):
    with websocket.connect(server.port) as client:
        client.socket.settimeout(120)
        client.send(invocation('Count to 1000 in words.', model=MODEL, stream_deltas=True))
        client.receive()
        client.send(CANCEL)
        assert client.receive_until_terminal()[-1] == CANCELLED


def test_cancel_while_a_command_runs(server):
    with websocket.connect(server.port) as client:
        client.socket.settimeout(120)
        client.send(invocation('Run the command "echo begun; sleep 60" with the shell.',
                               model=MODEL))
        while client.receive()['message_type'] != 'command_output_message':
            pass
        client.send(CANCEL)
        assert client.receive_until_terminal()[-1] == CANCELLED
    server.check_at_rest(descriptors=False)
