# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent openai ends as the published ones did when a service gave the same answers.

What they were answered and how they ended was recorded; where the recordings do not lie beside the
project, nothing can be compared.
"""

import json
from pathlib import Path

import pytest
from harness import websocket
from harness.messages import invocation
from harness.openai_mock import Status, answer, message

RECORDINGS = Path(__file__).resolve().parents[3] / 'shared/fixtures/openai'
SUCCESS = 'after retry'


def outcomes():
    """The cases whose answer was recorded whole: those that were no stream."""
    for path in sorted(RECORDINGS.glob('outcome-matrix.*.json')):
        for name, case in json.loads(path.read_text()).items():
            if 'headers' in (case['mock_response'] or {}):
                yield pytest.param(case, id=f'{path.stem.removeprefix("outcome-matrix.")}-{name}')


@pytest.fixture
def server(start_server, mock):
    return start_server('--openai-api', 'responses', agent='openai', env={
        'OPENAI_BASE_URL': mock.url, 'OPENAI_API_KEY': 'sk-test-0123456789abcdef'})


@pytest.mark.parametrize('case', outcomes())
def test_outcome(mock, server, case):
    recorded = case['mock_response']
    failure = Status(recorded['status'], recorded['body'], **recorded['headers'])
    error = case['outcome'].get('error')
    mock.answers = [failure] if error else [failure, answer(message(SUCCESS))]
    with websocket.connect(server.port) as client:
        last = client.request(invocation('Say hi', model='model-1'))[-1]

    assert len(mock.requests) == case['requests']
    if error:
        assert last['message_type'] == 'error_message' and last['error'] == error['message']
        for member in 'status', 'code', 'type':
            assert last['metadata'].get(member) == error.get(member), member
    else:
        assert last['data'] == {'type': 'text', 'text': case['outcome']['ok']['text']}
