# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent claude and the service itself, where the environment has a key for it."""

import json
import os

import pytest
from harness import websocket
from harness.claude import VERSIONS, make_home, remove_leavings
from harness.messages import CANCEL, CANCELLED, invocation, output, text_of
from harness.processes import wait_until
from harness.server import Server

MODEL = os.environ.get('RUNTIMEUSE_TEST_CLAUDE_MODEL', 'haiku')

pytestmark = pytest.mark.skipif(not os.environ.get('ANTHROPIC_API_KEY'),
                                reason='ANTHROPIC_API_KEY is not set')


@pytest.fixture(scope='module', params=VERSIONS)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('claude')
    env = make_home(folder, request.param, os.environ['ANTHROPIC_API_KEY'])
    server = Server(folder / 'server', agent='claude', env=env)
    yield server
    remove_leavings(server)
    server.stop()


def ask(server, prompt, **members):
    with websocket.connect(server.port) as client:
        client.socket.settimeout(120)
        messages = client.request(invocation(prompt, **{'model': MODEL, **members}))
    assert os.environ['ANTHROPIC_API_KEY'] not in json.dumps(messages) + server.log
    return messages


def test_text(server):
    messages = ask(server, 'Answer with the one word: pear', stream_deltas=True)
    assert 'pear' in text_of(messages[-1]).lower()
    assert messages[-1]['metadata']['totalCostUsd'] > 0
    assert any(message['message_type'] == 'assistant_delta_message' for message in messages)


def test_tool(server):
    messages = ask(server, 'Run the command "echo $((1200 + 34))" and tell what it printed.')
    assert '1234' in output(messages)
    assert '1234' in text_of(messages[-1]).replace(',', '')


def test_structured_output(server):
    messages = ask(server, 'What is 6 times 7?', output_format_json_schema_str=json.dumps({
        'type': 'object', 'properties': {'answer': {'type': 'integer'}}, 'required': ['answer'],
        'additionalProperties': False}))
    assert messages[-1]['data']['structured_output'] == {'answer': 42}


def test_bad_key(server):
    error = ask(server, 'x', agent_env={'ANTHROPIC_API_KEY': 'sk-ant-of-nobody-at-all',
                                        'CLAUDE_CODE_MAX_RETRIES': '0'})[-1]
    assert error['metadata']['apiErrorStatus'] == 401


def test_cancel(server):
    with websocket.connect(server.port) as client:
        client.socket.settimeout(120)
        client.send(invocation('Count from 1 to 1000, each number on a line of its own.',
                               model=MODEL, stream_deltas=True))
        client.receive()
        client.send(CANCEL)
        assert client.receive_until_terminal()[-1] == CANCELLED
    server.check_at_rest()


def test_cancel_while_a_command_runs(server):
    with websocket.connect(server.port) as client:
        client.socket.settimeout(120)
        client.send(invocation('Run the command "touch begun; sleep 60".', model=MODEL))
        wait_until((server.work / 'begun').exists, 'the command', timeout=60)
        client.send(CANCEL)
        assert client.receive_until_terminal()[-1] == CANCELLED
    server.check_at_rest()
