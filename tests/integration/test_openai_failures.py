# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent openai when it is refused, cannot connect, understands nothing, or is cancelled."""

import json
import socket
import threading
import time
from pathlib import Path

import pytest
from harness import websocket
from harness.messages import CANCEL, CANCELLED, invocation, output
# Fixtures among them.
from harness.openai_agent import (KEY, ask, chat_server, error_of, responses_server, result_of,
                                  said, server, shared_chat_server, start_service)
from harness.openai_mock import (CHAT_USAGE, USAGE, AtOnce, Hangup, Mock, Status, Stream, answer,
                                 chat_calls, chat_text, chunk, error, events_of, message, refusal,
                                 shell_call)
from harness.processes import PATIENCE, wait_until

CERTIFICATES = Path(__file__).parent.parent / 'unit/fixtures/certificates'


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
