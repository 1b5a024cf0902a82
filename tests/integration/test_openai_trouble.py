# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent openai when the service or the network is in trouble, with both APIs of the service."""

import asyncio
import email.utils
import json
import os
import random
import socket
import threading
import time

import pytest
from harness import websocket
from harness.messages import CANCEL, CANCELLED, invocation, output
from harness.openai_agent import (SCHEMA, ask, check_secret, error_of, result_of, said, serve,
                                  start_service)
from harness.openai_mock import (Endless, Noted, Pieces, Reset, Silence, Status, Stream, answer,
                                 chat_calls, chat_text, chunk, completed, deltas, error, events_of,
                                 message, shell_call)
from harness.processes import PATIENCE, find_marked, wait_until
from runtimeuse_client import (AgentRuntimeError, CancelledException, CommandInterface,
                               RuntimeUseClient, StructuredOutputResult)
from runtimeuse_client import client as client_module
from test_client import execute_options, query_options, run
from test_heartbeat import check_heartbeats

# That a cancel may take, in seconds.
CANCEL_TIME = 15


class Responses:
    """How the Responses API says things."""
    name = 'responses'

    @staticmethod
    def text(text):
        return answer(message(text))

    @staticmethod
    def begin(text):
        """The events of an answer that has begun to say something, and goes on."""
        return events_of(message(text))[:3] + deltas(message(text))

    @staticmethod
    def more(text):
        return deltas(message(text), size=len(text))[0]

    @staticmethod
    def calls(*texts, **action):
        return answer(shell_call(*texts, **action))

    @staticmethod
    def large(text, size):
        """A message that comes in deltas of some length, and another one."""
        items = [message(text, 'm1'), message('Done.', 'm2')]
        return [*deltas(items[0], size=size), events_of(items[0])[-2],
                *events_of(items[1])[:-1], completed(items)]

    @staticmethod
    def outcome(body):
        return body['input'][-1]['output'][0]


class Chat:
    """How Chat Completions say them."""
    name = 'chat'

    @staticmethod
    def text(text):
        return Stream(chat_text(text))

    @staticmethod
    def begin(text):
        return chat_text(text)[:-3]

    @staticmethod
    def more(text):
        return chunk({'content': text})

    @staticmethod
    def calls(*texts, **action):
        return Stream(chat_calls(list(texts), **action))

    @staticmethod
    def large(text, size):
        """It has one message in an answer, which is no result when there is a call with it."""
        return chat_text(text, size)[:-3] + chat_calls(['true'])

    @staticmethod
    def outcome(body):
        return json.loads(body['messages'][-1]['content'])[0]


@pytest.fixture(params=[Responses, Chat], ids=lambda api: api.name, scope='module')
def api(request):
    return request.param


@pytest.fixture(scope='module')
def api_server(api, shared_mock, tmp_path_factory):
    yield from serve(tmp_path_factory.mktemp('server'), shared_mock, api.name)


@pytest.fixture
def server(api_server):
    yield api_server
    api_server.check_at_rest(descriptors=False)


@pytest.fixture
def start(api, mock, start_server):
    """Starts a server with other options, for the same API."""
    return lambda *arguments: start_service(start_server, mock, '--openai-api', api.name,
                                            *arguments)


def delta_text(messages):
    return ''.join(part['text'] for part in messages
                   if part['message_type'] == 'assistant_delta_message')


def receive_deltas(client, text):
    """Read on until a client has been told that text."""
    seen = ''
    while seen != text:
        seen += delta_text([client.receive()])
        assert text.startswith(seen)


# A large answer in small pieces


@pytest.mark.parametrize('with_deltas', [False, True], ids=['whole', 'deltas'])
def test_ten_megabytes_in_odd_pieces(api, mock, server, with_deltas):
    words = random.Random(7)
    alphabet = 'abc äöü 日本 😀 \\ " \n'
    text = ''.join(words.choices(alphabet, k=1000)) * 6000
    text += ' ' * max(0, 10 * 1024 * 1024 - len(text.encode()))
    assert len(text.encode()) >= 10 * 1024 * 1024
    mock.answers = [Pieces(api.large(text, 30011), [1, 4093, 2, 70001, 3, 65537, 7, 11003],
                           end='\r\n'), api.text('Done.')]
    messages = ask(server, stream_deltas=with_deltas)
    assert result_of(messages)['text'] == 'Done.'
    assert ''.join(said(messages)) == text + 'Done.'
    assert delta_text(messages) == (text + 'Done.' if with_deltas else '')


# Connections


class Doorman:
    """Takes each connection and ends it at once."""

    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.times = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}/v1'

    def _run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.times.append(time.monotonic())
            connection.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def test_three_attempts(server):
    doorman = Doorman()
    try:
        text = error_of(ask(server, agent_env={'OPENAI_BASE_URL': doorman.url}))['error']
    finally:
        doorman.close()
    assert text.startswith('Cannot reach 127.0.0.1: ')
    assert len(doorman.times) == 3
    # The second pause is twice as long, and each may be shortened by a quarter.
    first, second, third = doorman.times
    assert second - first >= 0.375 and third - second >= 0.75


def test_refused_three_times(server):
    """A port that nobody else can have, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        start = time.monotonic()
        text = error_of(ask(server, agent_env={
            'OPENAI_BASE_URL': f'http://127.0.0.1:{taken.getsockname()[1]}/v1'}))['error']
    assert text.startswith('Cannot reach 127.0.0.1: ') and 'refused' in text
    # Two pauses of at least that are between three attempts.
    assert time.monotonic() - start >= 0.375 + 0.75


def test_refused_at_first(api, mock, start):
    """Who listens a moment later is asked."""
    server = start('--limit', 'heartbeat-interval=100')
    with socket.socket() as late:
        late.bind(('127.0.0.1', 0))
        url = f'http://127.0.0.1:{late.getsockname()[1]}/v1'
        with websocket.connect(server.port) as client:
            client.send(invocation('Say hi', model='model-1', agent_env={'OPENAI_BASE_URL': url}))
            assert client.receive()['message_type'] == 'heartbeat_message'
            late.listen()
            late.settimeout(5 * PATIENCE)
            connection, _ = late.accept()
            with connection:
                connection.settimeout(5 * PATIENCE)
                assert connection.recv(5) == b'POST '
                client.send(CANCEL)
                assert client.receive_until_terminal()[-1] == CANCELLED


def test_reset_before_the_answer(api, mock, start):
    """That may be asked once more; nothing was kept, for which there would be another attempt."""
    server = start()
    mock.answers = [Reset()]
    assert error_of(ask(server))['error'].startswith('Cannot reach 127.0.0.1: ')
    assert len(mock.requests) == len(mock.connections) == 3

    mock.reset()
    mock.answers = [Reset(), Reset(), api.text('Hi.')]
    assert result_of(ask(server))['text'] == 'Hi.'
    assert len(mock.requests) == len(mock.connections) == 3


def test_reset_behind_the_head(mock, server):
    """The answer has begun, though nothing was said."""
    mock.answers = [Reset([])]
    text = error_of(ask(server))['error']
    assert text.startswith('Lost the connection in the middle of the answer of 127.0.0.1: ')
    assert len(mock.requests) == 1


def test_reset_in_the_middle(api, mock, server):
    go_on = threading.Event()
    mock.answers = [Reset(api.begin('Hello'), hold=go_on)]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1', stream_deltas=True))
        receive_deltas(client, 'Hello')
        go_on.set()
        messages = client.receive_until_terminal()
    check_secret(server, messages)
    text = error_of(messages)['error']
    assert text.startswith('Lost the connection in the middle of the answer of 127.0.0.1: ')
    assert len(mock.requests) == 1


def test_end_in_the_middle(api, mock, server):
    """The connection is closed, without the end of the answer."""
    mock.answers = [Stream(api.begin('Hello'), drop=True)]
    assert 'its stream ended before that' in error_of(ask(server))['error']
    assert len(mock.requests) == 1


def test_less_than_was_announced(api, mock, server):
    mock.answers = [Status(200, b''.join(map(Stream([]).encode, api.begin('Hello'))),
                           content_type='text/event-stream', missing=1)]
    text = error_of(ask(server))['error']
    assert text.startswith('Lost the connection in the middle of the answer of 127.0.0.1: ')
    assert len(mock.requests) == 1


def test_event_without_an_end(api, mock, server):
    """An event may have 16 MiB; the service is not heard any longer."""
    mock.answers = [Endless([api.more('x' * (1 << 24))], api.more('x'))]
    assert 'limit of 16777216 bytes' in error_of(ask(server))['error']
    assert len(mock.requests) == 1 and mock.answers[0].gone.wait(5 * PATIENCE)


def test_reset_after_a_tool(api, mock, server):
    """What was done is not done again; the next answer is another matter."""
    mock.answers = [api.calls('echo one'), Reset(), api.text('Hi.')]
    messages = ask(server)
    assert output(messages) == 'one\n' and result_of(messages)['text'] == 'Hi.'
    assert mock.bodies()[1] == mock.bodies()[2] and len(mock.requests) == 3


# Statuses


@pytest.mark.parametrize('status, text, code', [
    (400, 'Unsupported parameter.', 'unsupported_parameter'),
    (401, 'Incorrect API key provided: sk-x.', 'invalid_api_key'),
    (403, 'Not for you.', 'forbidden'), (404, 'No such model.', 'model_not_found')])
def test_refused(mock, server, status, text, code):
    mock.answers = [error(status, text, code, x_request_id='req_1')]
    answered = error_of(ask(server))
    assert answered['error'] == f'{status} {text}'
    assert answered['metadata']['status'] == status and answered['metadata']['code'] == code
    assert answered['metadata']['request_id'] == 'req_1'
    assert len(mock.requests) == 1


@pytest.mark.parametrize('status, text, code', [
    (429, 'Rate limit reached.', 'rate_limit_exceeded'),
    (500, 'The server had an error.', 'server_error'),
    (503, 'The engine is overloaded.', 'overloaded_error'),
    (529, 'Overloaded', 'overloaded_error')])
def test_later(api, mock, server, status, text, code):
    """Twice is asked again, and then the words of the service are told."""
    later = error(status, text, code, retry_after_ms='1')
    mock.answers = [later, later, api.text('Hi.')]
    assert result_of(ask(server))['text'] == 'Hi.'
    first, second, third = mock.bodies()
    assert first == second == third

    mock.reset()
    mock.answers = [later]
    answered = error_of(ask(server))
    assert answered['error'] == f'{status} {text}' and answered['metadata']['code'] == code
    assert len(mock.requests) == 3


def test_overloaded_in_the_stream(api, mock, server):
    """An answer has begun then, and nothing is asked again."""
    mock.answers = [Stream([*api.begin('Hel'), {'type': 'error', 'error': {
        'code': 'overloaded_error', 'message': 'Overloaded'}}])]
    assert 'Overloaded' in error_of(ask(server))['error']
    assert len(mock.requests) == 1


def test_retry_after_seconds(api, mock, server):
    first, second = Noted(error(429, 'Later.', retry_after='2')), Noted(api.text('Hi.'))
    mock.answers = [first, second]
    assert result_of(ask(server))['text'] == 'Hi.'
    assert 2 <= second.at - first.at < 2 + 20 * PATIENCE


class LaterByDate:
    """Three seconds later, to the second, as a date."""

    def send(self, request):
        self.date = int(time.time()) + 3
        text = email.utils.formatdate(self.date, usegmt=True)
        error(429, 'Later.', retry_after=text).send(request)


def test_retry_after_date(api, mock, server):
    first, second = LaterByDate(), Noted(api.text('Hi.'))
    mock.answers = [first, second]
    assert result_of(ask(server))['text'] == 'Hi.'
    assert first.date - 0.01 <= second.at < first.date + 20 * PATIENCE


# Silence


def check_silence(server):
    start = time.monotonic()
    assert error_of(ask(server))['error'] == '127.0.0.1 has said nothing for 1 seconds'
    # It is looked for once in a second.
    assert 1 <= time.monotonic() - start < 2 + 20 * PATIENCE


@pytest.mark.parametrize('where', ['before the head', 'in the middle'])
def test_silence(api, mock, start, where):
    server = start('--agent-limit', 'idle-timeout=1')
    never = threading.Event()
    if where == 'in the middle':
        mock.answers = [Stream([*api.begin('Hello'), 'x'], hold=never)]
    else:
        mock.answers = [Silence(never)]
    check_silence(server)
    assert len(mock.requests) == 1


def test_heartbeats_while_the_model_is_silent(api, mock, start):
    server = start('--limit', 'heartbeat-interval=200')
    go_on = threading.Event()
    mock.answers = [Silence(go_on, then=api.text('Hi.'))]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1'))
        beats = [client.receive() for _ in range(4)]
        assert check_heartbeats(beats, 200) == 4
        go_on.set()
        messages = client.receive_until_terminal()
    assert result_of(messages)['text'] == 'Hi.'


# Cancel


def cancel(client):
    """Everything that comes after it, which has to be soon."""
    start = time.monotonic()
    client.send(CANCEL)
    messages = client.receive_until_terminal()
    assert time.monotonic() - start < CANCEL_TIME * PATIENCE
    assert messages[-1] == CANCELLED
    return messages


def test_cancel_while_streaming(api, mock, server):
    endless = Endless(api.begin('Hello'), api.more(' again'))
    mock.answers = [endless, api.text('Hi.')]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1', stream_deltas=True))
        assert client.receive()['message_type'] == 'assistant_delta_message'
        cancel(client)
        assert endless.gone.wait(CANCEL_TIME * PATIENCE), 'the service was not told'
        assert server.busy_processes() == []
        # The session goes on.
        assert result_of(client.request(invocation('Hi', model='model-1')))['text'] == 'Hi.'
    assert len(mock.requests) == 2


def test_cancel_before_the_answer(api, mock, server):
    mock.answers = [Silence(threading.Event())]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1'))
        wait_until(lambda: mock.requests, 'the request')
        assert cancel(client) == [CANCELLED]
    assert len(mock.requests) == 1


def test_cancel_before_another_try(api, mock, server):
    mock.answers = [error(429, 'Later.', retry_after='50')]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1'))
        wait_until(lambda: mock.requests, 'the request')
        assert cancel(client) == [CANCELLED]
    assert len(mock.requests) == 1


def test_cancel_while_a_tool_runs(api, mock, server):
    mark = f'openai-trouble-{api.name}-{os.getpid()}'
    shell = f"sh -c 'trap \"\" TERM; sleep 1000; :' {mark}"
    mock.answers = [api.calls(f'setsid {shell} & {shell} & echo ready; wait; sleep 1000')]
    with websocket.connect(server.port) as client:
        client.send(invocation('Say hi', model='model-1'))
        assert client.receive()['text'] == 'ready\n'
        wait_until(lambda: len(find_marked(mark)) == 2, 'both processes')
        assert cancel(client) == [CANCELLED]
        assert server.busy_processes() == [] and find_marked(mark) == []
    assert len(mock.requests) == 1


def test_tool_that_takes_too_long(api, mock, server):
    """The model is told, and nothing of the command is left."""
    mark = f'openai-late-{api.name}-{os.getpid()}'
    mock.answers = [api.calls(f'echo before; setsid sh -c "sleep 1000; :" {mark} & sleep 1000',
                              timeout_ms=2000), api.text('Done.')]
    start = time.monotonic()
    messages = ask(server)
    assert 2 <= time.monotonic() - start < CANCEL_TIME * PATIENCE
    assert output(messages) == 'before\n' and result_of(messages)['text'] == 'Done.'
    assert api.outcome(mock.bodies()[1]) == {
        'stdout': 'before\n', 'stderr': '', 'outcome': {'type': 'timeout'}}
    assert find_marked(mark) == []


# The published client of the runtime


def options(**members):
    return query_options(model='model-1', **members)


def query(server, prompt='Say hi', **members):
    return run(RuntimeUseClient(server.url).query(prompt, options(**members)))


def test_client_gets_structured_output(api, mock, server):
    mock.answers = [api.text('{"answer": "x"}'), api.text('{"answer": 42}')]
    result = query(server, output_format_json_schema_str=json.dumps(SCHEMA))
    assert isinstance(result.data, StructuredOutputResult)
    assert result.data.structured_output == {'answer': 42}
    assert result.metadata['turns'] == 2 and len(mock.requests) == 2


def test_client_gets_the_output_of_tools(api, mock, server):
    said_to_client, chunks = [], []

    async def assistant(seen):
        said_to_client.extend(seen.text_blocks)

    async def printed(seen):
        chunks.append((seen.stream, seen.text))

    mock.answers = [api.calls('echo hi'), api.text('Done.')]
    result = query(server, on_assistant_message=assistant, on_command_output=printed)
    assert result.data.text == 'Done.' and said_to_client == ['Done.']
    assert chunks == [('stdout', 'hi\n')]


def test_client_gets_the_error(mock, server):
    mock.answers = [error(403, 'Not for you.', 'forbidden')]
    with pytest.raises(AgentRuntimeError, match='403 Not for you.') as raised:
        query(server)
    assert raised.value.metadata['status'] == 403
    assert raised.value.metadata['code'] == 'forbidden'


def test_client_cancels(api, mock, server):
    endless = Endless(api.begin('Hello'), api.more(' again'))
    mock.answers = [endless]

    async def cancelled_query():
        client = RuntimeUseClient(server.url)
        call = asyncio.create_task(client.query('Say hi', options()))
        await asyncio.to_thread(wait_until, lambda: mock.requests, 'the request')
        start = time.monotonic()
        client.abort()
        with pytest.raises(CancelledException):
            await call
        return time.monotonic() - start

    assert run(cancelled_query()) < CANCEL_TIME * PATIENCE
    assert endless.gone.wait(CANCEL_TIME * PATIENCE), 'the service was not told'


class WithDeltas(client_module.InvocationMessage):
    """What the client would send if it knew of deltas."""
    stream_deltas: bool = True


def test_client_passes_over_deltas(api, mock, server, monkeypatch, caplog):
    monkeypatch.setattr(client_module, 'InvocationMessage', WithDeltas)
    caplog.set_level('INFO')
    said_to_client = []

    async def assistant(seen):
        said_to_client.extend(seen.text_blocks)

    mock.answers = [api.text('The answer is 42.')]
    result = query(server, on_assistant_message=assistant)
    assert 'type=assistant_delta_message' in caplog.text
    assert result.data.text == 'The answer is 42.' and said_to_client == ['The answer is 42.']


def test_client_has_a_session(api, mock, server):
    """One connection has queries, a failure, a cancel and commands, one after the other."""
    endless = Endless(api.begin('Hello'), api.more(' again'))

    async def several():
        async with RuntimeUseClient(server.url).session() as session:
            mock.answers = [api.text('one')]
            assert (await session.query('1', options())).data.text == 'one'

            mock.answers = [error(400, 'Bad.', 'bad')]
            with pytest.raises(AgentRuntimeError, match='400 Bad.'):
                await session.query('2', options())

            mock.answers = [endless]
            call = asyncio.create_task(session.query('3', options()))
            await asyncio.to_thread(wait_until, lambda: len(mock.requests) == 3, 'the request')
            session.abort()
            with pytest.raises(CancelledException):
                await call

            done = await session.execute_commands([CommandInterface(command='exit 0')],
                                                  execute_options())
            assert done.results[0].exit_code == 0
            mock.answers = [api.text('{"answer": 4}')]
            result = await session.query('4', options(
                output_format_json_schema_str=json.dumps(SCHEMA)))
            assert result.data.structured_output == {'answer': 4}

    run(several())
    # Each is a conversation of its own.
    told = [body.get('input') or body['messages'] for body in mock.bodies()]
    assert [items[-1]['content'] for items in told] == ['1', '2', '3', '4']
    assert [len(items) for items in told] == [len(told[0])] * 4
