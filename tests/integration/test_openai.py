# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent openai against a service whose answers are written here."""

import asyncio
import json
import threading
from pathlib import Path

import pytest
from harness import websocket
from harness.messages import invocation, output
# Fixtures among them.
from harness.openai_agent import (KEY, SCHEMA, ask, error_of, responses_server, result_of, said,
                                  server, structured)
from harness.openai_mock import (AtOnce, Mock, Stream, answer, completed, deltas, error, events_of,
                                 message, reasoning, shell_call)
from harness.processes import PATIENCE
from runtimeuse_client import AgentRuntimeError, QueryOptions, RuntimeUseClient


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


# Structured output


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
