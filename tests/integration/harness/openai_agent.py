# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers with the agent openai, and what they are asked."""

import functools
import json

import pytest

from . import websocket
from .messages import invocation
from .server import Server

KEY = 'sk-test-0123456789abcdef'
SCHEMA = {'type': 'object', 'properties': {'answer': {'type': 'integer'}},
          'required': ['answer'], 'additionalProperties': False}


def start_service(start, mock, *arguments, key=KEY):
    """A server whose environment has the key."""
    return start(*arguments, agent='openai', env={
        'OPENAI_BASE_URL': mock.url, 'OPENAI_API_KEY': key, 'OPENAI_ORG_ID': '',
        'OPENAI_PROJECT_ID': ''})


def serve(folder, mock, api):
    """For a fixture that all cases of a file share."""
    server = start_service(functools.partial(Server, folder), mock, '--openai-api', api)
    yield server
    server.stop()


@pytest.fixture(scope='module')
def responses_server(shared_mock, tmp_path_factory):
    yield from serve(tmp_path_factory.mktemp('server'), shared_mock, 'responses')


@pytest.fixture
def server(responses_server):
    """That of this file, in place of the one with the echo agent."""
    yield responses_server
    responses_server.check_at_rest(descriptors=False)


@pytest.fixture(scope='module')
def shared_chat_server(shared_mock, tmp_path_factory):
    yield from serve(tmp_path_factory.mktemp('chat'), shared_mock, 'chat')


@pytest.fixture
def chat_server(shared_chat_server):
    yield shared_chat_server
    shared_chat_server.check_at_rest(descriptors=False)


def ask(server, prompt='Say hi', **members):
    """All that the client gets; nothing of the service's key may be in it."""
    with websocket.connect(server.port) as client:
        messages = client.request(invocation(prompt, **{'model': 'model-1', **members}))
    check_secret(server, messages)
    return messages


def structured(server, schema=SCHEMA, **members):
    return ask(server, output_format_json_schema_str=json.dumps(schema), **members)


def check_secret(server, messages):
    assert KEY not in json.dumps(messages) and KEY not in server.log


def said(messages):
    return [text for message in messages if message['message_type'] == 'assistant_message'
            for text in message['text_blocks']]


def result_of(messages):
    assert messages[-1]['message_type'] == 'result_message', messages[-1]
    return messages[-1]['data']


def error_of(messages):
    assert messages[-1]['message_type'] == 'error_message', messages[-1]
    return messages[-1]
