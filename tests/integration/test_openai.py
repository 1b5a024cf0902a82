# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent openai against a service whose answers are written here."""

import asyncio
import json
import os
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from harness import websocket
from harness.messages import CANCEL, CANCELLED, invocation, output
from harness.openai_mock import (CHAT_USAGE, USAGE, AtOnce, Hangup, Mock, Status, Stream, answer,
                                 chat_calls, chat_text, chunk, completed, deltas, error,
                                 events_of, message, reasoning, refusal, shell_call)
from harness.processes import PATIENCE, wait_until
from harness.server import Server
from runtimeuse_client import AgentRuntimeError, QueryOptions, RuntimeUseClient

CERTIFICATES = Path(__file__).parent.parent / 'unit/certificates'
KEY = 'sk-test-0123456789abcdef'
SCHEMA = {'type': 'object', 'properties': {'answer': {'type': 'integer'}},
          'required': ['answer'], 'additionalProperties': False}


def start_service(start, mock, *arguments, key=KEY):
    """A server whose environment has the key."""
    return start(*arguments, agent='openai', env={
        'OPENAI_BASE_URL': mock.url, 'OPENAI_API_KEY': key, 'OPENAI_ORG_ID': '',
        'OPENAI_PROJECT_ID': ''})


@pytest.fixture(scope='module')
def responses_server(shared_mock, tmp_path_factory):
    def start(*arguments, **options):
        return Server(tmp_path_factory.mktemp('server'), *arguments, **options)

    server = start_service(start, shared_mock, '--openai-api', 'responses')
    yield server
    server.stop()


@pytest.fixture
def server(responses_server):
    yield responses_server
    responses_server.check_at_rest(descriptors=False)


def ask(server, prompt='Say hi', **members):
    """All that the client gets; nothing of the service's key may be in it."""
    with websocket.connect(server.port) as client:
        messages = client.request(invocation(prompt, **{'model': 'model-1', **members}))
    check_secret(server, messages)
    return messages


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


# What is sent


def test_request(mock, server):
    mock.answers = [answer(message('Hi.'))]
    messages = ask(server)
    assert result_of(messages) == {'type': 'text', 'text': 'Hi.'}
    assert said(messages) == ['Hi.']
    path, headers, body = mock.requests[0]
    assert path == '/v1/responses' and len(mock.requests) == 1
    assert headers['Authorization'] == f'Bearer {KEY}'
    assert headers['Content-Type'] == 'application/json'
    assert body == {
        'model': 'model-1', 'instructions': 'You are a test assistant.',
        'input': [{'role': 'user', 'content': 'Say hi'}], 'include': [],
        'tools': [{'type': 'web_search', 'search_context_size': 'medium'},
                  {'type': 'shell', 'environment': {'type': 'local'}}],
        'stream': True}


def test_no_instructions_without_a_system_prompt(mock, server):
    mock.answers = [answer(message('Hi.'))]
    ask(server, system_prompt='')
    assert 'instructions' not in mock.bodies()[0]


def test_texts_that_need_care(mock, server):
    text = 'quote " backslash \\ line\nbreak \u2028 \U0001f600 \x01'
    mock.answers = [answer(message(text))]
    messages = ask(server, text)
    assert mock.bodies()[0]['input'][0]['content'] == text
    assert result_of(messages)['text'] == text


def test_metadata(mock, server):
    mock.answers = [answer(shell_call('true')), answer(message('Done.'))]
    metadata = ask(server)[-1]['metadata']
    assert metadata == {
        'usage': {'inputTokens': 22, 'outputTokens': 14, 'totalTokens': 36,
                  'inputTokensDetails': {'cachedTokens': 4},
                  'outputTokensDetails': {'reasoningTokens': 2}},
        'turns': 2, 'model': 'model-1', 'responseId': 'resp_1'}


def test_variables_of_the_request_go_first(mock, server):
    other = Mock()
    try:
        other.answers = [answer(message('Hi.'))]
        messages = ask(server, agent_env={
            'OPENAI_BASE_URL': other.url + '/', 'OPENAI_API_KEY': 'sk-of-the-request',
            'OPENAI_ORG_ID': 'org-1', 'OPENAI_PROJECT_ID': 'proj-1'})
        assert result_of(messages)['text'] == 'Hi.'
        headers = other.requests[0][1]
        assert headers['Authorization'] == 'Bearer sk-of-the-request'
        assert headers['OpenAI-Organization'] == 'org-1'
        assert headers['OpenAI-Project'] == 'proj-1'
        assert mock.requests == []
    finally:
        other.close()


def start_with_project(start_server, mock):
    return start_server(agent='openai', env={
        'OPENAI_BASE_URL': mock.url, 'OPENAI_API_KEY': KEY, 'OPENAI_ORG_ID': 'org-ours',
        'OPENAI_PROJECT_ID': 'proj-ours'})


CREDENTIALS = ('Authorization', 'OpenAI-Organization', 'OpenAI-Project')


def test_key_is_not_sent_to_an_address_of_the_request(mock, start_server):
    server = start_with_project(start_server, mock)
    other = Mock()
    try:
        other.answers = [answer(message('Hi.'))]
        assert result_of(ask(server, agent_env={'OPENAI_BASE_URL': other.url}))['text'] == 'Hi.'
        assert not set(CREDENTIALS) & set(other.requests[0][1])
        ask(server, agent_env={'OPENAI_BASE_URL': other.url, 'OPENAI_API_KEY': 'sk-theirs'})
        headers = other.requests[1][1]
        assert headers['Authorization'] == 'Bearer sk-theirs'
        assert not set(CREDENTIALS[1:]) & set(headers)
        assert mock.requests == []
    finally:
        other.close()


def test_empty_variable_of_the_request_is_none(mock, start_server):
    server = start_with_project(start_server, mock)
    mock.answers = [answer(message('Hi.'))]
    ask(server, agent_env={'OPENAI_API_KEY': '', 'OPENAI_ORG_ID': ''})
    headers = mock.requests[0][1]
    assert not set(CREDENTIALS[:2]) & set(headers) and headers['OpenAI-Project'] == 'proj-ours'


def test_request_without_our_address_gets_no_key(mock, start_server):
    """It would go to OpenAI."""
    server = start_with_project(start_server, mock)
    mock.answers = [answer(message('Hi.'))]
    text = error_of(ask(server, agent_env={'OPENAI_BASE_URL': ''}))['error']
    assert 'agent_env has OPENAI_BASE_URL' in text and mock.requests == []


# What others have recorded


def recorded():
    """Exchanges with the service that the published agent had, if they lie beside the project."""
    folder = Path(__file__).resolve().parents[3] / 'shared/fixtures/openai'
    return [path for path in sorted(folder.glob('*.json'))
            if is_complete(json.loads(path.read_text()))]


def is_complete(recording):
    return isinstance(recording, dict) and 'exchanges' in recording and all(
        'response' in exchange for exchange in recording['exchanges'])


NO_RECORDINGS = pytest.param(None, id='none', marks=pytest.mark.skip(
    reason='the recordings are not part of this tree'))


@pytest.mark.parametrize('path', recorded() or [NO_RECORDINGS], ids=lambda path: path.stem)
def test_recorded(mock, server, path):
    """What was answered then is understood, and the same is said to the model."""
    exchanges = json.loads(path.read_text())['exchanges']
    mock.answers = [Stream([event['data'] for event in exchange['response']['sse']])
                    for exchange in exchanges]
    first = exchanges[0]['request']['body']
    members = {'system_prompt': first['instructions'], 'model': first['model']}
    if 'text' in first:
        members['output_format_json_schema_str'] = json.dumps(first['text']['format']['schema'])
    messages = ask(server, first['input'][0]['content'], **members)
    assert messages[-1]['message_type'] == 'result_message'
    for ours, theirs in zip(mock.bodies(), (e['request']['body'] for e in exchanges)):
        check_same_request(ours, theirs)
    assert len(mock.requests) == len(exchanges)


def check_same_request(ours, theirs):
    """But for what commands print, and for limits that the other one does not repeat."""
    assert {**ours, 'input': None, 'text': None} == {**theirs, 'input': None, 'text': None}
    assert ('text' in ours) == ('text' in theirs)
    for one, other in zip(ours['input'], theirs['input'], strict=True):
        if one.get('type') == 'shell_call_output':
            assert one['call_id'] == other['call_id']
            assert len(one['output']) == len(other['output'])
        else:
            assert one == other


# How it is told


@pytest.mark.parametrize('options', [
    {}, {'names': False}, {'end': '\r\n'}, {'size': 1}, {'size': 7, 'end': '\r\n'}, {'done': True}])
def test_framing(mock, server, options):
    text = 'Ein Satz mit ü und 😀.'
    mock.answers = [answer(reasoning(), message(text), **options)]
    messages = ask(server)
    assert said(messages) == [text] and result_of(messages)['text'] == text


def test_comments_and_unknown_events(mock, server):
    events = events_of(message('Hi.'))
    events.insert(1, {'type': 'response.something.new', 'x': [1, {'y': None}]})
    events.insert(2, {'no': 'type'})
    mock.answers = [Stream(events)]
    assert result_of(ask(server))['text'] == 'Hi.'


def test_completed_alone(mock, server):
    """Some servers tell nothing else."""
    mock.answers = [Stream([completed([shell_call('echo one')])]),
                    Stream([completed([message('Hi.')])])]
    messages = ask(server)
    assert said(messages) == ['Hi.'] and result_of(messages)['text'] == 'Hi.'
    assert output(messages) == 'one\n'


def test_two_messages(mock, server):
    """Each is sent when it is complete; the last one is the result."""
    mock.answers = [answer(message('first', 'm1'), message('second', 'm2'))]
    messages = ask(server)
    assert said(messages) == ['first', 'second'] and result_of(messages)['text'] == 'second'


def test_empty_message_behind_another(mock, server):
    mock.answers = [answer(message('first', 'm1'), message('', 'm2'))]
    messages = ask(server)
    assert said(messages) == ['first'] and result_of(messages)['text'] == 'first'
    assert len(mock.requests) == 1


def test_message_comes_before_the_end(mock, server):
    go_on = threading.Event()
    mock.answers = [answer(message('first', 'm1'), message('second', 'm2'), hold=go_on)]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1'))
        assert client.receive()['text_blocks'] == ['first']
        go_on.set()
        messages = client.receive_until_terminal()
    assert result_of(messages)['text'] == 'second'


def test_deltas(mock, server):
    go_on = threading.Event()
    item = message('The answer is 42.')
    mock.answers = [Stream([*deltas(item), *events_of(item)[-2:]], hold=go_on)]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1', stream_deltas=True))
        text = ''
        while text != 'The answer is 42.':
            piece = client.receive()
            if piece['message_type'] != 'assistant_delta_message':
                break
            text += piece['text']
        go_on.set()
        messages = client.receive_until_terminal()
    assert text == 'The answer is 42.'
    assert result_of(messages)['text'] == text


def test_deltas_that_came_together_are_told_together(mock, server):
    text = 'The answer is 42, of course. ' * 40
    mock.answers = [AtOnce(events_of(message(text)))]
    messages = ask(server, stream_deltas=True)
    pieces = [part['text'] for part in messages
              if part['message_type'] == 'assistant_delta_message']
    assert ''.join(pieces) == text and len(pieces) < len(text) / 4
    assert result_of(messages)['text'] == text


def test_no_deltas_unless_asked_for(mock, server):
    mock.answers = [answer(message('The answer is 42.'))]
    kinds = {message['message_type'] for message in ask(server)}
    assert kinds == {'assistant_message', 'result_message'}


def test_large_answer(mock, server):
    text = 'ä' * 2000000
    mock.answers = [answer(message(text[:1000], 'm1'), message(text, 'm2'))]
    messages = ask(server)
    assert ''.join(said(messages)) == text[:1000] + text
    assert 'TOO_LARGE' in json.dumps(error_of(messages)).upper().replace('-', '_')


# The shell


def test_shell(mock, server):
    mock.answers = [
        answer(reasoning(), message('Running.'),
               shell_call('echo hi; echo oops >&2; exit 3', 'pwd', call_id='call_4')),
        answer(message('Done.', 'msg_2'))]
    messages = ask(server)
    assert said(messages) == ['Running.', 'Done.'] and result_of(messages)['text'] == 'Done.'
    assert output(messages) == f'hi\n{server.work}\n' and output(messages, 'stderr') == 'oops\n'
    assert {m['command'] for m in messages if m['message_type'] == 'command_output_message'} == {
        'echo hi; echo oops >&2; exit 3', 'pwd'}

    first, second = mock.bodies()
    assert {name: value for name, value in second.items() if name != 'input'} == {
        name: value for name, value in first.items() if name != 'input'}
    assert second['input'] == [
        *first['input'], reasoning(), message('Running.'),
        shell_call('echo hi; echo oops >&2; exit 3', 'pwd', call_id='call_4'),
        {'type': 'shell_call_output', 'call_id': 'call_4', 'output': [
            {'stdout': 'hi\n', 'stderr': 'oops\n', 'outcome': {'type': 'exit', 'exit_code': 3}},
            {'stdout': f'{server.work}\n', 'stderr': '',
             'outcome': {'type': 'exit', 'exit_code': 0}}]}]


def outputs(mock, index=1):
    return mock.bodies()[index]['input'][-1]['output']


def test_several_calls_in_one_answer(mock, server):
    mock.answers = [answer(shell_call('echo 1', call_id='a'), shell_call('echo 2', call_id='b')),
                    answer(message('Done.'))]
    assert output(ask(server)) == '1\n2\n'
    assert [item['call_id'] for item in mock.bodies()[1]['input'][-2:]] == ['a', 'b']


@pytest.mark.parametrize('limit', [2000, 2000.0])
def test_timeout_of_a_command(mock, server, limit):
    """The model is told, and what the command started is gone."""
    mock.answers = [answer(shell_call('echo before; sleep 1000 & sleep 1000', timeout_ms=limit)),
                    answer(message('Done.'))]
    assert result_of(ask(server))['text'] == 'Done.'
    assert outputs(mock) == [{'stdout': 'before\n', 'stderr': '', 'outcome': {'type': 'timeout'}}]


def test_timeout_of_the_session(mock, start_server):
    server = start_service(start_server, mock, '--limit', 'command-timeout=1')
    mock.answers = [answer(shell_call('echo before; sleep 1000')), answer(message('Done.'))]
    assert result_of(ask(server))['text'] == 'Done.'
    assert outputs(mock) == [{'stdout': 'before\n', 'stderr': '', 'outcome': {'type': 'timeout'}}]


def test_killed_command(mock, server):
    mock.answers = [answer(shell_call('kill -9 $$')), answer(message('Done.'))]
    ask(server)
    assert outputs(mock)[0]['outcome'] == {'type': 'exit', 'exit_code': 137}


def test_max_output_length(mock, server):
    mock.answers = [answer(shell_call('seq 1000', max_output_length=20)), answer(message('Done.'))]
    messages = ask(server)
    assert output(messages) == ''.join(f'{i}\n' for i in range(1, 1001))
    text = outputs(mock)[0]['stdout']
    assert text.startswith('1\n2\n3\n4\n5\n\n…') and text.endswith('…\n\n999\n1000\n')
    assert mock.bodies()[1]['input'][-1]['max_output_length'] == 20


def test_large_output_is_cut_for_the_model_only(mock, server):
    mock.answers = [answer(shell_call('head -c 3000000 /dev/zero | tr "\\0" x')),
                    answer(message('Done.'))]
    messages = ask(server)
    assert len(output(messages)) == 3000000
    assert 1048576 <= len(outputs(mock)[0]['stdout']) < 1048576 + 100


@pytest.mark.parametrize('call, words', [
    ({'commands': []}, 'no commands'), ({'commands': 'ls'}, 'no list'),
    ({'commands': [3]}, 'no text'), ({'commands': ['']}, 'empty')])
def test_call_that_makes_no_sense(mock, server, call, words):
    mock.answers = [answer({**shell_call('x'), 'action': call})]
    assert words in error_of(ask(server))['error']


@pytest.mark.parametrize('item, name', [
    ({'type': 'function_call', 'call_id': 'c', 'name': 'weather', 'arguments': '{}'}, 'weather'),
    ({'type': 'local_shell_call', 'call_id': 'c', 'action': {}}, 'local_shell_call')])
def test_tool_that_was_not_offered(mock, server, item, name):
    mock.answers = [answer(item)]
    assert f'"{name}", which it was not given' in error_of(ask(server))['error']
    assert len(mock.requests) == 1


def test_key_does_not_reach_commands(mock, server):
    mock.answers = [answer(shell_call('echo "key:$OPENAI_API_KEY"; echo "url:$OPENAI_BASE_URL"')),
                    answer(message('Done.'))]
    assert output(ask(server)) == f'key:\nurl:{mock.url}\n'


def test_variables_of_the_request_reach_commands(mock, server):
    mock.answers = [answer(shell_call('echo "$WORD"; test "$OPENAI_API_KEY" = sk-mine && echo ok')),
                    answer(message('Done.'))]
    messages = ask(server, agent_env={'WORD': 'w', 'OPENAI_API_KEY': 'sk-mine'})
    assert output(messages) == 'w\nok\n'


def test_keys_for_tools(mock, start_server):
    server = start_service(start_server, mock, '--keys-for-tools')
    mock.answers = [answer(shell_call('echo "key:$OPENAI_API_KEY"')), answer(message('Done.'))]
    messages = ask(server)
    assert output(messages) == 'key:[REDACTED]\n'
    assert outputs(mock)[0]['stdout'] == 'key:[REDACTED]\n'


def test_key_is_hidden_from_commands_of_the_request_too(mock, server):
    mock.answers = [answer(message(f'The key is {KEY}.'))]
    messages = ask(server, pre_agent_invocation_commands=[
        {'command': 'echo "$OPENAI_API_KEY"', 'cwd': None, 'env': None}])
    assert output(messages) == '[REDACTED]\n'
    assert result_of(messages)['text'] == 'The key is [REDACTED].'


# Structured output


def structured(server, schema=SCHEMA, **members):
    return ask(server, output_format_json_schema_str=json.dumps(schema), **members)


@pytest.mark.parametrize('wrapped', [False, True])
def test_structured_output(mock, server, wrapped):
    mock.answers = [answer(message('{"answer": 42}'))]
    schema = {'type': 'json_schema', 'schema': SCHEMA} if wrapped else SCHEMA
    messages = structured(server, schema)
    assert result_of(messages)['structured_output'] == {'answer': 42}
    assert mock.bodies()[0]['text'] == {'format': {
        'type': 'json_schema', 'name': 'output', 'strict': True, 'schema': SCHEMA}}


def test_schema_is_passed_on_unchanged(mock, server):
    schema = {'title': 'T', 'type': 'object', 'properties': {
        'a': {'type': 'string', 'pattern': '^x'}, 'b': {'anyOf': [{'$ref': '#/$defs/n'},
                                                                  {'type': 'null'}]}},
        'required': ['a'], '$defs': {'n': {'type': 'integer', 'minimum': 3}}}
    mock.answers = [answer(message('{"a": "x1", "b": null}'))]
    assert result_of(structured(server, schema))['structured_output'] == {'a': 'x1', 'b': None}
    sent = mock.bodies()[0]['text']['format']
    assert sent['schema'] == schema and sent['strict'] is False


@pytest.mark.parametrize('wrong, words', [
    ('not json', 'no JSON'), ('{"answer": "x"}', '/answer'), ('{}', 'answer'), ('[1]', 'object'),
    ('{"answer": 1, "more": 2}', 'more')])
def test_wrong_answer_is_told_to_the_model(mock, server, wrong, words):
    mock.answers = [answer(message(wrong)), answer(message('{"answer": 1}'))]
    assert result_of(structured(server))['structured_output'] == {'answer': 1}
    told = mock.bodies()[1]['input'][-1]
    assert told['role'] == 'user' and words in told['content']
    assert mock.bodies()[1]['input'][-2] == message(wrong)


def test_wrong_answer_again_and_again(mock, server):
    mock.answers = [answer(message('{"answer": "x"}'))]
    text = error_of(structured(server))['error']
    assert 'no usable structured output' in text and '/answer' in text
    assert len(mock.requests) == 3


@pytest.mark.parametrize('schema, words', [
    ('{"type": "nonsense"}', 'type'), ('[]', 'object'), ('3', 'object')])
def test_schema_that_is_none(mock, server, schema, words):
    text = error_of(ask(server, output_format_json_schema_str=schema))['error']
    assert 'output_format_json_schema_str' in text and words in text
    assert mock.requests == []


# Connections


def test_one_connection_for_one_request_after_the_other(mock, start_server):
    server = start_service(start_server, mock)
    mock.answers = [AtOnce(events_of(shell_call('true'))), AtOnce(events_of(message('Hi.')))]
    assert [result_of(ask(server))['text'] for _ in range(2)] == ['Hi.', 'Hi.']
    assert len(mock.requests) == 3 and len(mock.connections) == 1


def test_kept_connection_that_the_service_closes(mock, start_server):
    server = start_service(start_server, mock, '--agent-limit', 'max-retries=0')
    mock.answers = [AtOnce(events_of(shell_call('true'))), Hangup(), answer(message('Hi.'))]
    assert result_of(ask(server))['text'] == 'Hi.'
    _, second, third = mock.bodies()
    assert second == third and len(mock.connections) == 2


def test_user_and_password_in_the_address(mock, start_server):
    server = start_service(start_server, mock, '--agent-limit', 'max-retries=0')
    mock.answers = [Status(401, {}, www_authenticate='Basic realm="x"'), answer(message('Hi.'))]
    url = mock.url.replace('://', '://me:secret@')
    assert result_of(ask(server, agent_env={'OPENAI_BASE_URL': url}))['text'] == 'Hi.'
    assert mock.bodies()[0] == mock.bodies()[1]


@pytest.mark.parametrize('url', ['ftp://me:hunter2@host/v1', 'me:hunter2@host/v1',
                                 'https://me:hunter2@/v1', 'https://me:hunter2/x@host/v1?'])
def test_password_in_an_address_that_cannot_be_used(server, url):
    answered = error_of(ask(server, agent_env={'OPENAI_BASE_URL': url}))
    assert 'OPENAI_BASE_URL must be' in answered['error']
    assert '@' not in answered['error'] and '[REDACTED]' not in answered['error']
    assert 'hunter2' not in json.dumps(answered) and 'hunter2' not in server.log


def test_password_in_the_address_is_hidden(mock, start_server):
    ours = mock.url.replace('://', '://me:hunter%32@')
    server = start_server(agent='openai', env={'OPENAI_BASE_URL': ours, 'OPENAI_API_KEY': KEY})
    mock.answers = [answer(shell_call('echo "$OPENAI_BASE_URL"')),
                    answer(message('hunter2 hunter%32 p@ss p%40ss'))]
    messages = ask(server)
    assert output(messages) == ours.replace('hunter%32', '[REDACTED]') + '\n'
    assert result_of(messages)['text'] == '[REDACTED] [REDACTED] p@ss p%40ss'
    messages = ask(server, agent_env={'OPENAI_BASE_URL': mock.url.replace('://', '://me:p%40ss@')})
    assert result_of(messages)['text'] == ' '.join(['[REDACTED]'] * 4)


def test_new_connection_that_the_service_closes(mock, start_server):
    server = start_service(start_server, mock, '--agent-limit', 'max-retries=0')
    mock.answers = [Hangup()]
    assert 'Cannot reach 127.0.0.1' in error_of(ask(server))['error']
    assert len(mock.requests) == 1


# Trouble


@pytest.mark.parametrize('status, text, code', [
    (401, 'Incorrect API key provided: sk-x.', 'invalid_api_key'),
    (400, 'Unsupported parameter.', 'unsupported_parameter'),
    (403, 'Not for you.', 'forbidden'), (404, 'No such model.', 'model_not_found')])
def test_refused(mock, server, status, text, code):
    mock.answers = [error(status, text, code, x_request_id='req_1')]
    answered = error_of(ask(server))
    assert answered['error'] == f'{status} {text}'
    assert answered['metadata']['status'] == status and answered['metadata']['code'] == code
    assert answered['metadata']['request_id'] == 'req_1'
    assert len(mock.requests) == 1


@pytest.mark.parametrize('status', [408, 409, 429, 500, 503])
def test_tried_again(mock, server, status):
    mock.answers = [error(status, 'Later.', retry_after_ms='1'),
                    error(status, 'Later.', retry_after_ms='1'), answer(message('Hi.'))]
    assert result_of(ask(server))['text'] == 'Hi.'
    assert len(mock.requests) == 3


def test_given_up(mock, server):
    mock.answers = [error(500, 'The server had an error', retry_after_ms='1')]
    assert error_of(ask(server))['error'] == '500 The server had an error'
    assert len(mock.requests) == 3


def test_service_says_whether_to_try_again(mock, server):
    mock.answers = [error(500, 'For good.', x_should_retry='false')]
    assert error_of(ask(server))['error'] == '500 For good.'
    assert len(mock.requests) == 1
    mock.answers = [error(400, 'Once more.', x_should_retry='true', retry_after_ms='1'),
                    answer(message('Hi.'))]
    assert result_of(ask(server))['text'] == 'Hi.'


def test_retry_after(mock, server):
    mock.answers = [error(429, 'Later.', retry_after='1'), answer(message('Hi.'))]
    start = time.monotonic()
    assert result_of(ask(server))['text'] == 'Hi.'
    assert time.monotonic() - start >= 1


@pytest.mark.parametrize('body', [b'', b'<html>no</html>', b'{"error": "plain"}',
                                  b'{"message": "plain"}', b'\xff\xfe'])
def test_error_of_another_form(mock, server, body):
    mock.answers = [Status(400, body)]
    assert error_of(ask(server))['error'].startswith('400 ')


def test_https(start_server):
    mock = Mock(CERTIFICATES / 'server.pem')
    mock.answers = [answer(message('Hi.'))]
    trust = {'OPENAI_BASE_URL': mock.url, 'OPENAI_API_KEY': KEY}
    server = start_server(agent='openai', env=trust | {
        'SSL_CERT_FILE': str(CERTIFICATES / 'authority.pem')})
    assert result_of(ask(server)) == {'type': 'text', 'text': 'Hi.'}
    asked = len(mock.requests)

    for file, words in (('', 'its issuer is not known; add that to the certificates'),
                        ('/none', 'certificates in /none')):
        server = start_server(agent='openai', env=trust | {'SSL_CERT_FILE': file})
        assert words in error_of(ask(server))['error']
    assert len(mock.requests) == asked
    mock.close()


def test_connection_refused(server):
    text = error_of(ask(server, agent_env={'OPENAI_BASE_URL': 'http://127.0.0.1:9/v1'}))['error']
    assert 'Cannot reach 127.0.0.1' in text


def start_at(start_server, listener, *arguments):
    port = listener.getsockname()[1]
    return start_server('--agent-limit', 'connect-timeout=1', *arguments, agent='openai',
                        env={'OPENAI_BASE_URL': f'http://127.0.0.1:{port}/v1'})


def test_no_connection_in_time(full_listener, start_server):
    """It is tried again, so often and no more."""
    server = start_at(start_server, full_listener[0], '--agent-limit', 'max-retries=1')
    answered = error_of(ask(server))
    assert 'no connection after 1 seconds' in answered['error']
    assert answered['metadata']['error_name'] == 'timed-out'
    assert server.log.count('trying again') == 1
    assert '127.0.0.1: no connection after 1 seconds; trying again in' in server.log


def answer_one(listener, events):
    """Those who connect and say nothing are not asked why."""
    data = b''.join(Stream([]).encode(event) for event in events)
    asked = b''
    while not asked:
        connection, _ = listener.accept()
        with connection:
            asked = connection.recv(65536)
            if asked:
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
                                   b'Content-Length: %d\r\n\r\n%s' % (len(data), data))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass


def test_connection_after_one_that_took_too_long(full_listener, start_server):
    listener, make_room = full_listener
    server = start_at(start_server, listener, '--openai-api', 'responses')
    listener.settimeout(30 * PATIENCE)
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1'))
        wait_until(lambda: 'trying again' in server.log, 'the second try')
        make_room()
        answer_one(listener, events_of(message('Hi.')))
        assert result_of(client.receive_until_terminal())['text'] == 'Hi.'


def test_log_of_failures(mock, start_server):
    server = start_service(start_server, mock)
    mock.answers = [error(500, f'Wrong: {KEY}', retry_after_ms='1', x_request_id='req_1'),
                    error(401, f'Wrong: {KEY}', x_request_id='req_2')]
    error_of(ask(server))
    assert '127.0.0.1 answered with 500 (request req_1); trying again in 0.0' in server.log
    assert '127.0.0.1 answered with 401 (request req_2)' in server.log
    assert 'Wrong' not in server.log.split('answered with 500')[1].split('\n')[0]


@pytest.mark.parametrize('events, words', [
    ([{'type': 'response.incomplete', 'response': {
        'incomplete_details': {'reason': 'max_output_tokens'}}}], 'max_output_tokens'),
    ([{'type': 'response.failed', 'response': {
        'error': {'code': 'server_error', 'message': 'It broke.'}}}], 'It broke. (server_error)'),
    ([{'type': 'error', 'code': 'rate_limit', 'message': 'Too fast.'}], 'Too fast. (rate_limit)'),
    ([{'type': 'error', 'error': {'code': 'x', 'message': 'Nested.'}}], 'Nested. (x)'),
    (['{"type": "response.output_te'], 'cannot be read'), (['[1]'], 'cannot be read'),
    (events_of(message('Hi.'))[:-1], 'did not produce a final response'),
    ([], 'did not produce a final response'),
    (events_of(refusal('I would rather not.')), 'refused: I would rather not.')])
def test_answer_that_is_no_answer(mock, server, events, words):
    mock.answers = [Stream(events)]
    assert words in error_of(ask(server))['error']
    assert len(mock.requests) == 1


DETAILS = {'type': 'server_error', 'code': 'overloaded', 'param': 'input', 'message': 'No.'}
TOLD = {'type': 'server_error', 'code': 'overloaded', 'param': 'input'}


@pytest.mark.parametrize('api, event, told, tokens', [
    ('responses', {'type': 'response.failed', 'response': {'error': DETAILS, 'usage': USAGE}},
     TOLD, 18),
    ('responses', {'type': 'response.incomplete', 'response': {
        'incomplete_details': {'reason': 'max_output_tokens'}, 'usage': USAGE}}, {}, 18),
    ('responses', {'type': 'error', 'error': DETAILS}, TOLD, 0),
    ('responses', {**DETAILS, 'type': 'error'}, {'code': 'overloaded', 'param': 'input'}, 0),
    ('chat', {'error': DETAILS}, TOLD, 0),
    ('chat', {'error': {**DETAILS, 'code': 503}}, {**TOLD, 'code': '503'}, 0)])
def test_what_is_told_of_a_failure(mock, server, chat_server, api, event, told, tokens):
    mock.answers = [Stream([event], headers={'x-request-id': 'req_2'})]
    metadata = error_of(ask(server if api == 'responses' else chat_server))['metadata']
    assert metadata.pop('usage')['totalTokens'] == tokens
    assert metadata == {'error_name': 'agent-failed', 'turns': 1, 'request_id': 'req_2', **told}


def test_usage_of_failed_chats(mock, chat_server):
    cut = [chunk({'content': 'Hi'}, 'length'), {'choices': [], 'usage': CHAT_USAGE}, '[DONE]']
    for events in (chat_calls(['ls'], name='weather'), cut):
        mock.answers = [Stream(events)]
        metadata = error_of(ask(chat_server))['metadata']
        assert metadata['usage']['totalTokens'] == CHAT_USAGE['total_tokens']


@pytest.mark.parametrize('late', [events_of(message('Bye.')), [{'type': 'error', 'message': 'No.'}],
                                  ['{'], ['[DONE]']])
def test_events_behind_the_end(mock, server, late):
    mock.answers = [AtOnce(events_of(message('Hi.')) + late)]
    messages = ask(server)
    assert said(messages) == ['Hi.'] and result_of(messages)['text'] == 'Hi.'
    assert messages[-1]['metadata']['usage']['totalTokens'] == USAGE['total_tokens']


@pytest.mark.parametrize('late', [chat_text('Bye.'), ['{'], ['[DONE]']])
def test_chunks_behind_the_end(mock, start_server, late):
    server = start_service(start_server, mock, '--openai-api', 'chat')
    mock.answers = [AtOnce(chat_text('Hi.') + late)]
    messages = ask(server)
    assert said(messages) == ['Hi.'] and result_of(messages)['text'] == 'Hi.'


def test_dropped_in_the_middle(mock, server):
    mock.answers = [Stream(events_of(message('Hi.'))[:-1], drop=True)]
    text = error_of(ask(server))['error']
    assert 'its stream ended before that' in text and len(mock.requests) == 1


def test_answer_that_is_no_stream(mock, server):
    mock.answers = [Status(200, {'id': 'x'}, Content_Type='application/json')]
    assert 'no stream of events' in error_of(ask(server))['error']


def test_nothing(mock, server):
    mock.answers = [answer()]
    assert error_of(ask(server))['error'] == 'The model answered with nothing'
    assert len(mock.requests) == 2


def test_max_turns(mock, server):
    mock.answers = [answer(shell_call('true'))]
    assert error_of(ask(server))['error'] == 'Max turns (10) exceeded'
    assert len(mock.requests) == 10


def test_redirect_is_not_followed(mock, server):
    mock.answers = [Status(307, b'', Location='http://127.0.0.1:9/')]
    assert error_of(ask(server))['error'].startswith('307 ')


def test_missing_key(start_server):
    server = start_server(agent='openai', env={'OPENAI_API_KEY': '', 'OPENAI_BASE_URL': ''})
    assert 'set OPENAI_API_KEY' in error_of(ask(server))['error']


def test_no_key_for_a_server_of_ones_own(mock, start_server):
    server = start_service(start_server, mock, key='')
    mock.answers = [answer(message('Hi.'))]
    assert result_of(ask(server))['text'] == 'Hi.'
    assert 'Authorization' not in mock.requests[0][1]


@pytest.mark.parametrize('name, value', [
    ('OPENAI_API_KEY', 'sk with space'), ('OPENAI_API_KEY', 'sk\nX: y'),
    ('OPENAI_ORG_ID', 'ü'), ('OPENAI_BASE_URL', 'no url'), ('OPENAI_BASE_URL', 'ftp://h/v1')])
def test_variable_that_cannot_be_used(server, name, value):
    assert name in error_of(ask(server, agent_env={name: value}))['error']


def test_no_model(server):
    assert 'model must name a model' in error_of(ask(server, model=''))['error']


def test_silence(mock, start_server):
    server = start_service(start_server, mock, '--agent-limit', 'idle-timeout=1')
    mock.answers = [answer(message('Hi.'), hold=threading.Event())]
    answered = error_of(ask(server))
    assert 'has said nothing for 1 seconds' in answered['error']
    assert answered['metadata']['error_name'] == 'timed-out'


def test_event_that_is_too_large(mock, server):
    mock.answers = [Stream(['x' * (17 * 1024 * 1024)])]
    assert error_of(ask(server))['metadata']['error_name'] == 'too-large'


# Cancel


def test_cancel_in_the_middle_of_an_answer(mock, server):
    mock.answers = [answer(message('first'), hold=threading.Event())]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1'))
        assert client.receive()['text_blocks'] == ['first']
        client.send(CANCEL)
        assert client.receive_until_terminal() == [CANCELLED]


def test_cancel_while_a_command_runs(mock, server):
    mock.answers = [answer(shell_call('MARK=openai-cancel; echo ready; '
                                      'setsid sh -c "sleep 1000" & sleep 1000'))]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1'))
        assert client.receive()['text'] == 'ready\n'
        client.send(CANCEL)
        assert client.receive_until_terminal() == [CANCELLED]
        assert server.busy_processes() == []
    assert len(mock.requests) == 1


def test_cancel_before_another_try(mock, server):
    mock.answers = [error(429, 'Later.', retry_after='50')]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1'))
        wait_until(lambda: mock.requests, 'the request')
        client.send(CANCEL)
        assert client.receive_until_terminal() == [CANCELLED]


def test_cancel_after_a_connection_that_took_too_long(full_listener, start_server):
    """Nobody connects any more."""
    server = start_at(start_server, full_listener[0])
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1'))
        wait_until(lambda: 'trying again' in server.log, 'the second try')
        client.send(CANCEL)
        assert client.receive_until_terminal() == [CANCELLED]
    assert server.log.count('trying again') == 1


def test_client_goes_away(mock, server):
    mock.answers = [answer(shell_call('echo ready; sleep 1000'))]
    client = websocket.connect(server.port)
    client.send(invocation('Say hi', model='model-1'))
    assert client.receive()['text'] == 'ready\n'
    client.socket.close()
    wait_until(lambda: server.busy_processes() == [], 'the end of the command')


# Chat Completions


@pytest.fixture(scope='module')
def shared_chat_server(shared_mock, tmp_path_factory):
    def start(*arguments, **options):
        return Server(tmp_path_factory.mktemp('chat'), *arguments, **options)

    server = start_service(start, shared_mock, '--openai-api', 'chat')
    yield server
    server.stop()


@pytest.fixture
def chat_server(shared_chat_server):
    yield shared_chat_server
    shared_chat_server.check_at_rest(descriptors=False)


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


# The published client of the runtime


def test_published_client(mock, server):
    said_to_client = []

    async def assistant(seen):
        said_to_client.extend(seen.text_blocks)

    mock.answers = [answer(message('Running.'), shell_call('echo hi')), answer(message('Done.'))]
    result = asyncio.run(RuntimeUseClient(server.url).query('Say hi', QueryOptions(
        system_prompt='', model='model-1', on_assistant_message=assistant,
        timeout=30 * PATIENCE)))
    assert result.data.text == 'Done.' and said_to_client == ['Running.', 'Done.']
    assert result.metadata['turns'] == 2

    mock.answers = [error(401, 'Incorrect API key provided.', 'invalid_api_key')]
    with pytest.raises(AgentRuntimeError, match='401 Incorrect API key provided.') as raised:
        asyncio.run(RuntimeUseClient(server.url).query('Say hi', QueryOptions(
            system_prompt='', model='model-1', timeout=30 * PATIENCE)))
    assert raised.value.metadata['code'] == 'invalid_api_key'
