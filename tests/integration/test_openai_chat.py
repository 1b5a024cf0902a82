# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent openai with Chat Completions, and what the published client makes of both APIs."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from harness.messages import output
# Fixtures among them.
from harness.openai_agent import (KEY, SCHEMA, ask, chat_server, error_of, responses_server,
                                  result_of, said, server, shared_chat_server, start_service,
                                  structured)
from harness.openai_mock import (CHAT_USAGE, USAGE, Status, Stream, answer, chat_calls, chat_text,
                                 chunk, error, message, reasoning, shell_call)
from harness.processes import PATIENCE


def test_chat(mock, chat_server):
    mock.answers = [Stream(chat_text('Hi there.'))]
    messages = ask(chat_server)
    assert said(messages) == ['Hi there.'] and result_of(messages)['text'] == 'Hi there.'
    assert messages[-1]['metadata']['usage'] == {
        'inputTokens': 11, 'outputTokens': 7, 'totalTokens': 18,
        'inputTokensDetails': {'cachedTokens': 2}}
    path, _, body = mock.requests[0]
    assert path == '/v1/chat/completions'
    assert body['messages'] == [{'role': 'system', 'content': 'You are a test assistant.'},
                                {'role': 'user', 'content': 'Say hi'}]
    assert body['stream'] is True and body['stream_options'] == {'include_usage': True}
    assert [tool['function']['name'] for tool in body['tools']] == ['shell']


def test_chat_shell(mock, chat_server):
    mock.answers = [Stream(chat_calls(['echo one', 'exit 3'], ['echo two'])),
                    Stream(chat_text('Done.'))]
    messages = ask(chat_server)
    assert output(messages) == 'one\ntwo\n' and result_of(messages)['text'] == 'Done.'
    first, second = mock.bodies()
    assistant, one, two = second['messages'][len(first['messages']):]
    assert assistant['role'] == 'assistant' and assistant['content'] is None
    assert [call['id'] for call in assistant['tool_calls']] == ['call_0', 'call_1']
    assert json.loads(assistant['tool_calls'][0]['function']['arguments']) == {
        'commands': ['echo one', 'exit 3']}
    assert (one['role'], one['tool_call_id']) == ('tool', 'call_0')
    assert json.loads(one['content']) == [
        {'stdout': 'one\n', 'stderr': '', 'outcome': {'type': 'exit', 'exit_code': 0}},
        {'stdout': '', 'stderr': '', 'outcome': {'type': 'exit', 'exit_code': 3}}]
    assert two['tool_call_id'] == 'call_1'


def call_delta(arguments, name=None, **members):
    return chunk({'tool_calls': [{
        **members, 'function': {**({'name': name} if name else {}), 'arguments': arguments}}]})


def shell_deltas(word, first, later):
    """A call that comes in two pieces."""
    return [call_delta('{"commands": ["echo ', 'shell', **first),
            call_delta(f'{word}"]}}', **later)]


@pytest.mark.parametrize('events', [
    [event for word in 'abc' for event in shell_deltas(word, {'index': 0, 'id': word},
                                                       {'index': 0})],
    [event for word in 'abc' for event in shell_deltas(word, {'index': 0, 'id': word},
                                                       {'index': 0, 'id': word})],
    [event for word in 'abc' for event in shell_deltas(word, {'id': word}, {})],
    [event for word in 'abc' for event in shell_deltas(word, {'id': word}, {'id': None})],
    [event for word in 'abc' for event in shell_deltas(word, {'id': word}, {'id': ''})],
    [event for word in 'abc' for event in shell_deltas(word, {}, {})],
    [event for pair in zip(*(shell_deltas(word, {'id': word}, {'id': word}) for word in 'abc'))
     for event in pair],
    [event for pair in zip(*(shell_deltas(word, {'index': i, 'id': word}, {'index': i})
                             for i, word in enumerate('abc'))) for event in pair],
    [chunk({'tool_calls': [{'id': word, 'function': {
        'name': 'shell', 'arguments': json.dumps({'commands': [f'echo {word}']})}}
        for word in 'abc']})]],
    ids=['index 0', 'id each time', 'no index', 'null', 'empty', 'names only', 'mixed by id',
         'mixed by index', 'whole'])
def test_chat_calls_are_told_apart(mock, chat_server, events):
    mock.answers = [Stream([*events, chunk({}, 'tool_calls'), '[DONE]']),
                    Stream(chat_text('Done.'))]
    assert output(ask(chat_server)) == 'a\nb\nc\n'
    assert len(mock.bodies()[1]['messages'][-4]['tool_calls']) == 3


def test_chat_structured_output(mock, chat_server):
    mock.answers = [Stream(chat_text('{"answer": "x"}')),
                    Stream(chat_text('```json\n{"answer": 3}\n```'))]
    messages = structured(chat_server)
    assert result_of(messages)['structured_output'] == {'answer': 3}
    assert mock.bodies()[0]['response_format'] == {'type': 'json_schema', 'json_schema': {
        'name': 'output', 'strict': True, 'schema': SCHEMA}}
    assert '/answer' in mock.bodies()[1]['messages'][-1]['content']


@pytest.mark.parametrize('events, words', [
    (chat_text('Hi.')[:-3], 'did not produce a final response'),
    ([{'choices': [{'delta': {'content': 'Hi'}, 'finish_reason': 'length'}]}], 'length'),
    ([{'error': {'message': 'It broke.'}}], 'It broke.'), ([{'error': 'Plain.'}], 'Plain.'),
    (chat_calls(['ls'], name='weather'), 'weather'),
    ([{'choices': [{'delta': {'refusal': 'No.'}, 'finish_reason': 'stop'}]}], 'refused: No.')])
def test_chat_answer_that_is_no_answer(mock, chat_server, events, words):
    mock.answers = [Stream(events)]
    assert words in error_of(ask(chat_server))['error']


def test_chat_without_done(mock, chat_server):
    mock.answers = [Stream(chat_text('Hi.')[:-1])]
    assert result_of(ask(chat_server))['text'] == 'Hi.'


def test_api_is_found_out(mock, start_server):
    """A server without the Responses API is asked in the other way, and later at once."""
    server = start_service(start_server, mock)
    mock.answers = [Status(404, {'detail': 'Not Found'}), Stream(chat_text('Hi.'))]
    assert result_of(ask(server))['text'] == 'Hi.'
    assert result_of(ask(server))['text'] == 'Hi.'
    assert [path for path, _, _ in mock.requests] == [
        '/v1/responses', '/v1/chat/completions', '/v1/chat/completions']


def test_neither_api(mock, start_server):
    server = start_service(start_server, mock)
    mock.answers = [Status(404, {'detail': 'Not Found'})]
    assert error_of(ask(server))['error'].startswith('404 ')
    assert [path for path, _, _ in mock.requests] == ['/v1/responses', '/v1/chat/completions']


def test_responses_only(mock, server):
    mock.answers = [Status(404, {'detail': 'Not Found'})]
    assert error_of(ask(server))['error'].startswith('404 ')
    assert len(mock.requests) == 1


# The published client of the service as a referee: what the answers here mean is not our invention


def referee(mock, kind):
    done = subprocess.run(
        ['node', str(Path(__file__).with_name('openai_referee.mjs')), kind],
        env={**os.environ, 'OPENAI_BASE_URL': mock.url, 'OPENAI_API_KEY': KEY},
        capture_output=True, check=True, timeout=30 * PATIENCE)
    return json.loads(done.stdout)


def test_referee_reads_a_response(mock):
    items = [reasoning(), message('Hi there, 😀.'), shell_call('echo hi', 'pwd', timeout_ms=5)]
    mock.answers = [answer(*items)]
    seen = referee(mock, 'responses')
    assert seen['said'] == seen['text'] == 'Hi there, 😀.' and seen['usage'] == USAGE
    # It adds what it has parsed.
    assert [item['type'] for item in seen['output']] == [item['type'] for item in items]
    assert seen['output'][2]['action'] == items[2]['action']


def test_referee_reads_a_completion(mock):
    mock.answers = [Stream(chat_text('Hi there.'))]
    seen = referee(mock, 'chat')
    assert seen['said'] == seen['message']['content'] == 'Hi there.'
    assert seen['usage'] == CHAT_USAGE


def test_referee_reads_calls(mock):
    mock.answers = [Stream(chat_calls(['echo one'], ['pwd']))]
    calls = referee(mock, 'chat')['message']['tool_calls']
    assert [json.loads(call['function']['arguments']) for call in calls] == [
        {'commands': ['echo one']}, {'commands': ['pwd']}]
    assert [call['id'] for call in calls] == ['call_0', 'call_1']


def test_referee_reads_an_error(mock, server):
    """And words it as we do."""
    mock.answers = [error(401, 'Incorrect API key provided: sk-x.', 'invalid_api_key')]
    seen = referee(mock, 'responses')
    assert seen['status'] == 401 and seen['code'] == 'invalid_api_key'
    assert seen['error'] == error_of(ask(server))['error']
