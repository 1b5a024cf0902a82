#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Agents and servers in Python, through the typelib of the build tree.

Prints TAP.
"""

import gc
import http.server
import json
import pathlib
import sys
import tempfile
import threading

import gi
import tap

gi.require_version('Json', '1.0')
gi.require_version('RuntimeUse', '1')
gi.require_version('Soup', '3.0')

from gi.repository import Gio, GLib, GObject, Json, RuntimeUse, Soup  # noqa: E402

DEADLINE_MS = 15000
TERMINALS = {'result_message', 'command_execution_result_message', 'error_message'}


def run_until(condition, what):
    """Run the main context until something is so."""
    expired = []
    source = GLib.timeout_add(DEADLINE_MS, lambda: expired.append(True))
    while not condition() and not expired:
        GLib.MainContext.default().iteration(True)
    if not expired:
        GLib.source_remove(source)
    assert not expired, f'timed out: {what}'


class Client:
    """A WebSocket client in the same main context as the server."""

    def __init__(self, port):
        self.messages = []
        self.connection = None
        self.session = Soup.Session()
        message = Soup.Message.new('GET', f'ws://127.0.0.1:{port}/')
        self.session.websocket_connect_async(message, None, None, GLib.PRIORITY_DEFAULT, None,
                                             self.on_connected)
        run_until(lambda: self.connection is not None, 'the connection')

    def on_connected(self, session, result):
        self.connection = session.websocket_connect_finish(result)
        self.connection.connect('message', self.on_message)

    def on_message(self, connection, kind, data):
        self.messages.append(json.loads(data.get_data()))

    def send(self, message):
        self.connection.send_text(json.dumps(message))

    def request(self, prompt, **members):
        self.send({'message_type': 'invocation_message', 'system_prompt': 'system',
                   'user_prompt': prompt, 'model': 'model', 'secrets_to_redact': [], **members})
        return self.receive()

    def receive(self):
        """Return all messages up to the terminal."""
        run_until(lambda: self.messages and self.messages[-1]['message_type'] in TERMINALS,
                  'the terminal')
        messages, self.messages = self.messages, []
        return messages

    def close(self):
        self.connection.close(Soup.WebsocketCloseCode.NORMAL, None)
        run_until(lambda: self.connection.get_state() == Soup.WebsocketState.CLOSED, 'the close')


def get_page(url):
    """Ask a server of this main context for a page."""
    answers = []
    session = Soup.Session()
    message = Soup.Message.new('GET', url)
    session.send_and_read_async(
        message, GLib.PRIORITY_DEFAULT, None,
        lambda session, result: answers.append(session.send_and_read_finish(result)))
    run_until(lambda: answers, url)
    kind, _ = message.get_response_headers().get_content_type()
    return message.get_status(), kind, answers[0].get_data()


class FileServer:
    """Answers every request with the same, in a thread."""

    def __init__(self, content):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Agent(GObject.Object, RuntimeUse.AgentHandler):
    """Does what the prompt says, most of it later."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.kept = []

    def do_run(self, invocation):
        self.seen.append(invocation.get_user_prompt())
        action = getattr(self, 'run_' + invocation.get_user_prompt(), self.run_later)
        return action(invocation)

    def run_later(self, invocation):
        invocation.send_assistant_message(['one moment', 'please'])
        GLib.timeout_add(10, self.answer, invocation)
        return True

    def answer(self, invocation):
        metadata = Json.from_string('{"tokens": 3}')
        invocation.return_text('answer to ' + invocation.get_user_prompt(), metadata)
        return GLib.SOURCE_REMOVE

    def run_structured(self, invocation):
        value = invocation.get_output_format()
        GLib.idle_add(lambda: invocation.return_structured_output(
            Json.from_string(json.dumps({'format': json.loads(Json.to_string(value, False)),
                                         'env': dict(invocation.get_env()),
                                         'system': invocation.props.system_prompt,
                                         'model': invocation.props.model,
                                         'n_secrets': len(invocation.get_secrets())})), None))
        return True

    def run_error(self, invocation):
        invocation.send_error_message('first', Json.from_string('{"code": 7}'))
        invocation.send_error_message('second', None)
        GLib.idle_add(lambda: invocation.return_text('dropped', None))
        return True

    def run_return_error(self, invocation):
        invocation.return_error(GLib.Error('broken', 'python', 1))
        return True

    def run_raise_glib(self, invocation):
        raise GLib.Error('raised', 'python', 1)

    def run_raise(self, invocation):
        raise ValueError('raised in Python')

    def run_forget(self, invocation):
        return True

    def run_keep(self, invocation):
        self.kept.append(invocation)
        invocation.get_cancellable().connect(
            lambda *_: GLib.idle_add(lambda: invocation.return_text('late', None)))
        invocation.send_assistant_message(['kept'])
        return True

    def run_twice(self, invocation):
        invocation.return_text('once', None)
        invocation.return_text('twice', None)
        invocation.send_assistant_message(['too late'])
        return True

    def run_async(self, invocation):
        def sent(source, result, number):
            assert source.send_assistant_message_finish(result)
            send(number + 1)

        def send(number):
            if number > 100:
                invocation.return_text('sent', None)
            else:
                invocation.send_assistant_message_async([str(number)], None, sent, number)

        send(1)
        return True


def make_server(**properties):
    server = RuntimeUse.Server()
    for name, value in {'port': 0, **properties}.items():
        server.set_property(name.replace('_', '-'), value)
    server.start()
    assert server.props.port > 0
    return server


def stop(server):
    results = []
    server.stop_async(None, lambda source, result: results.append(source.stop_finish(result)))
    run_until(lambda: results, 'the stop')
    assert results == [True]


def text_of(messages):
    assert messages[-1]['message_type'] == 'result_message', messages
    return messages[-1]['data']['text']


class Tests:
    """Each method is a case; it gets a client of a server with our agent."""

    def complete_later(self, client, agent):
        messages = client.request('hello')
        assert messages[0] == {'message_type': 'assistant_message',
                               'text_blocks': ['one moment', 'please']}
        assert text_of(messages) == 'answer to hello'
        assert messages[-1]['metadata'] == {'tokens': 3}

    def several_requests(self, client, agent):
        for number in range(50):
            assert text_of(client.request(f'number {number}')) == f'answer to number {number}'

    def what_an_invocation_has(self, client, agent):
        messages = client.request('structured', agent_env={'A': '1', 'B': 'x y'},
                                  output_format_json_schema_str='{"type": "object"}',
                                  secrets_to_redact=['s1', 's2'])
        assert messages[-1]['data']['structured_output'] == {
            'format': {'type': 'object'}, 'env': {'A': '1', 'B': 'x y'}, 'system': 'system',
            'model': 'model', 'n_secrets': 2}

    def one_terminal_for_several_errors(self, client, agent):
        assert client.request('error') == [
            {'message_type': 'error_message', 'error': 'first', 'metadata': {'code': 7}}]
        assert text_of(client.request('next')) == 'answer to next'

    def return_error(self, client, agent):
        assert client.request('return_error')[-1]['error'] == 'broken'

    def raise_glib_error(self, client, agent):
        assert 'raised' in client.request('raise_glib')[-1]['error']

    def raise_other_exception(self, client, agent):
        """It comes out of the binding as a failure without a text."""
        hook, sys.excepthook = sys.excepthook, lambda *args: None
        try:
            messages = client.request('raise')
        finally:
            sys.excepthook = hook
        assert messages[-1]['message_type'] == 'error_message'
        assert messages[-1]['error']
        assert text_of(client.request('next')) == 'answer to next'

    def forget_the_invocation(self, client, agent):
        client.send({'message_type': 'invocation_message', 'system_prompt': '', 'model': '',
                     'user_prompt': 'forget', 'secrets_to_redact': []})
        run_until(lambda: 'forget' in agent.seen, 'the call')
        gc.collect()
        assert client.receive()[-1]['message_type'] == 'error_message'
        assert text_of(client.request('next')) == 'answer to next'

    def cancel(self, client, agent):
        client.send({'message_type': 'invocation_message', 'system_prompt': '', 'model': '',
                     'user_prompt': 'keep', 'secrets_to_redact': []})
        run_until(lambda: client.messages, 'the start')
        client.send({'message_type': 'cancel_message'})
        assert client.receive()[-1] == {'message_type': 'error_message',
                                        'error': 'Request cancelled', 'metadata': {}}
        agent.kept.clear()
        assert text_of(client.request('next')) == 'answer to next'

    def complete_twice(self, client, agent):
        messages = client.request('twice')
        assert [text_of(messages)] == ['once'] and len(messages) == 1
        assert text_of(client.request('next')) == 'answer to next'

    def send_with_backpressure(self, client, agent):
        messages = client.request('async')
        assert [m['text_blocks'] for m in messages[:-1]] == [[str(i)] for i in range(1, 101)]

    def redaction(self, client, agent):
        assert text_of(client.request('my secret', secrets_to_redact=['secret'])) == \
            'answer to my [REDACTED]'


class OtherTests:
    """Cases that make what they need themselves."""

    def signal_instead_of_a_class(self):
        server = make_server()
        declined = []

        def decline(server, invocation):
            declined.append(invocation.get_user_prompt())
            return False

        def take(server, invocation):
            GLib.idle_add(lambda: invocation.return_text('by signal', None))
            return True

        server.connect('invocation', decline)
        server.connect('invocation', take)
        client = Client(server.props.port)
        assert text_of(client.request('hello')) == 'by signal'
        assert declined == ['hello']
        client.close()
        stop(server)

    def addresses_and_pages(self):
        with tempfile.TemporaryDirectory() as folder:
            server = RuntimeUse.Server(listen_default=False)
            server.add_address(Gio.UnixSocketAddress.new(f'{folder}/socket'))
            server.add_address(Gio.InetSocketAddress.new_from_string('127.0.0.1', 0))
            server.add_page('/open', RuntimeUse.PageFlags.OPEN,
                            lambda server, *data: (200, 'text/html', GLib.Bytes.new(b'<p>hi')))
            server.add_page('/empty', RuntimeUse.PageFlags.NONE,
                            lambda server, *data: (204, None, None))
            server.start()
            path, tcp = server.dup_addresses()
            assert path == f'ws+unix:{folder}/socket'
            assert get_page(f'http{tcp[len("ws"):]}open') == (200, 'text/html', b'<p>hi')
            assert get_page(f'http{tcp[len("ws"):]}empty')[0] == 204
            server.drain()
            assert server.is_draining() and server.props.draining
            assert get_page(f'http{tcp[len("ws"):]}open')[0] == 200
            stop(server)
            assert server.dup_addresses() == []
            assert server.props.refused_connections == 0
            assert RuntimeUse.CommandHandler.count_running() == 0

    def nobody_takes_the_invocation(self):
        server = make_server()
        server.connect('invocation', lambda server, invocation: False)
        client = Client(server.props.port)
        assert client.request('hello')[-1]['message_type'] == 'error_message'
        client.close()
        stop(server)

    def list_of_sessions(self):
        server = make_server(handler=Agent())
        opened, closed = [], []
        server.connect('session-opened', lambda server, session: opened.append(session))
        server.connect('session-closed', lambda server, session: closed.append(session))
        sessions = server.list_sessions()
        assert isinstance(sessions, Gio.ListModel) and sessions.get_n_items() == 0
        client = Client(server.props.port)
        assert text_of(client.request('hello')) == 'answer to hello'
        assert sessions.get_n_items() == 1 and len(opened) == 1
        assert sessions.get_item(0).props.state == RuntimeUse.SessionState.IDLE
        client.close()
        run_until(lambda: sessions.get_n_items() == 0, 'the end of the session')
        assert len(closed) == 1
        stop(server)

    def watched_session(self):
        server = make_server(handler=Agent())
        told = []

        def opened(server, session):
            session.connect('request-started', lambda session: told.append(
                (session.props.request_kind, session.get_source_id(), session.get_model())))
            session.connect('notify::phase', lambda session, pspec: told.append(
                session.props.phase.value_nick))
            session.connect('notify::command', lambda session, pspec: told.append(
                session.get_command()))
            session.connect('request-finished', lambda session, outcome: told.append(
                (outcome.value_nick, session.props.state.value_nick, session.get_source_id())))

        server.connect('session-opened', opened)
        client = Client(server.props.port)
        messages = client.request('hello', source_id='hush', secrets_to_redact=['hush'],
                                  pre_agent_invocation_commands=[{'command': 'echo hush'}])
        assert text_of(messages) == 'answer to hello'
        assert told == [('invocation', '[REDACTED]', 'model'), 'before', 'echo [REDACTED]', None,
                        'agent', ('succeeded', 'idle', '[REDACTED]'), 'none'], told

        session = server.list_sessions().get_item(0)
        assert session.get_peer().startswith('127.0.0.1:')
        assert session.props.peer == session.get_peer()
        assert session.props.source_id is None and session.props.request_started_at == 0
        assert session.get_phase() == RuntimeUse.RequestPhase.NONE
        assert 0 <= session.get_last_duration() < DEADLINE_MS * 1000
        assert session.get_output_bytes() == len('[REDACTED]\none momentplease')

        client.request('return_error')
        client.send({'message_type': 'invocation_message', 'system_prompt': '',
                     'user_prompt': 'keep', 'model': 'm', 'secrets_to_redact': []})
        run_until(lambda: session.props.phase == RuntimeUse.RequestPhase.AGENT, 'the agent')
        assert session.cancel()
        assert client.receive()[-1]['error'] == 'Request cancelled'
        assert (session.props.requests_done, session.get_requests_failed(),
                session.get_requests_cancelled()) == (3, 1, 1)
        assert session.get_last_error_name() == 'agent-failed' and session.get_last_error()

        session.drain()
        run_until(lambda: session.props.state == RuntimeUse.SessionState.CLOSED, 'the end')
        run_until(lambda: client.connection.get_state() == Soup.WebsocketState.CLOSED, 'the close')
        assert client.connection.get_close_code() == Soup.WebsocketCloseCode.GOING_AWAY
        stop(server)

    def two_servers(self):
        servers = [make_server(handler=Agent()) for _ in range(2)]
        clients = [Client(server.props.port) for server in servers]
        for client in clients:
            assert text_of(client.request('hello')) == 'answer to hello'
        for server in servers:
            stop(server)

    def stop_beside_a_running_invocation(self):
        agent = Agent()
        server = make_server(handler=agent)
        client = Client(server.props.port)
        client.send({'message_type': 'invocation_message', 'system_prompt': '', 'model': '',
                     'user_prompt': 'keep', 'secrets_to_redact': []})
        run_until(lambda: client.messages, 'the start')
        stop(server)
        run_until(lambda: client.connection.get_state() == Soup.WebsocketState.CLOSED, 'the close')
        assert client.connection.get_close_code() == 1001

    def port_in_use(self):
        server = make_server()
        other = RuntimeUse.Server(port=server.props.port)
        try:
            other.start()
            raise AssertionError('two servers share a port')
        except GLib.Error as error:
            assert str(server.props.port) in error.message
        stop(server)

    def command_handler(self):
        """It is of use without a server."""
        command = RuntimeUse.Command.new('echo out hunter2; echo err >&2; exit 3', None, None)
        handler = RuntimeUse.CommandHandler.new(command)
        redactor = RuntimeUse.Redactor.new(['hunter2'])
        handler.props.redactor = redactor
        output, results = [], []
        handler.connect('output', lambda handler, stream, text: output.append((stream, text)))
        handler.run_async(None, lambda source, result: results.append(source.run_finish(result)))
        run_until(lambda: results, 'the command')
        assert results == [3]
        assert sorted(output) == [(RuntimeUse.OutputStream.STDOUT, 'out [REDACTED]\n'),
                                  (RuntimeUse.OutputStream.STDERR, 'err\n')]

    def download(self):
        with tempfile.TemporaryDirectory() as folder, FileServer(b'content') as server:
            downloadable = RuntimeUse.Downloadable.new_full(
                f'http://127.0.0.1:{server.port}/a%20b.txt?x=y', folder, RuntimeUse.Extract.AUTO)
            handler = RuntimeUse.DownloadHandler(downloadable=downloadable, max_size=1 << 20)
            progress, results = [], []
            handler.connect('progress', lambda handler, *numbers: progress.append(numbers))
            handler.run_async(None, lambda source, result: results.append(
                source.run_finish(result)))
            run_until(lambda: results, 'the download')
            assert results == [f'{folder}/a b.txt']
            assert progress == [(7, 7)]
            assert pathlib.Path(results[0]).read_bytes() == b'content'

    def download_error(self):
        handler = RuntimeUse.DownloadHandler.new(RuntimeUse.Downloadable.new('file:///x', '/tmp'))
        errors = []

        def on_finished(source, result):
            try:
                source.run_finish(result)
            except GLib.Error as error:
                errors.append(error)

        handler.run_async(None, on_finished)
        run_until(lambda: errors, 'the error')
        assert errors[0].message.startswith('fetch failed')
        assert errors[0].matches(GLib.quark_from_string('runtime-use-error-quark'),
                                 RuntimeUse.Error.INVALID_ARGUMENT)

    def redactor(self):
        assert RuntimeUse.Redactor.new(['abc', 'abcdef']).redact('x abcdef') == 'x [REDACTED]'
        stream = RuntimeUse.Redactor.new(['secret']).open_stream()
        text = stream.push('a sec') + stream.push('ret b') + stream.finish()
        assert text == 'a [REDACTED] b'
        node = RuntimeUse.redact_secrets(Json.from_string('{"k": ["a secret", 1]}'), ['secret'])
        assert json.loads(Json.to_string(node, False)) == {'k': ['a [REDACTED]', 1]}

    def messages(self):
        message = RuntimeUse.Message.new_from_bytes(GLib.Bytes.new(
            b'{"message_type":"command_execution_message","commands":[{"command":"true"}]}'))
        assert isinstance(message, RuntimeUse.CommandExecutionMessage)
        assert [c.get_command() for c in message.get_commands()] == ['true']
        result = RuntimeUse.ResultMessage.new_text('hello', None)
        assert json.loads(result.to_bytes().get_data())['data'] == {'type': 'text', 'text': 'hello'}
        told = RuntimeUse.ArtifactUploadResultMessage.new('out/a', False, 403, 7, 'no')
        assert [told.get_filepath(), told.get_ok(), told.get_status(), told.get_n_bytes(),
                told.get_error_text()] == ['out/a', False, 403, 7, 'no']
        try:
            RuntimeUse.Message.new_from_bytes(GLib.Bytes.new(b'{'))
            raise AssertionError('malformed text was taken')
        except GLib.Error as error:
            assert error.matches(GLib.quark_from_string('runtime-use-error-quark'),
                                 RuntimeUse.Error.MALFORMED)

    def client(self):
        """The other end, over a socket and without one."""
        server = make_server(handler=Agent())
        for client in (RuntimeUse.Client.new(f'ws://127.0.0.1:{server.props.port}'),
                       RuntimeUse.Client.new_for_handler(Agent())):
            said, answers = [], []
            client.connect('assistant-message', lambda client, blocks: said.append(blocks))

            def answered(client, result):
                try:
                    answers.append(client.query_finish(result))
                except GLib.Error as error:
                    answers.append((error, client.dup_error_metadata(result)))

            for prompt in ('hello', 'error'):
                message = RuntimeUse.InvocationMessage(system_prompt='', user_prompt=prompt,
                                                       model='model')
                client.query_async(message, None, answered)
                run_until(lambda: len(answers) == 1 + (prompt == 'error'), 'the answer')
            assert said == [['one moment', 'please']]
            result, (error, metadata) = answers
            assert result.get_text() == result.props.text == 'answer to hello'
            assert result.props.structured is None and result.props.structured_json is None
            assert json.loads(Json.to_string(result.get_metadata(), False)) == {'tokens': 3}
            assert error.matches(GLib.quark_from_string('runtime-use-error-quark'),
                                 RuntimeUse.Error.REMOTE)
            assert error.message == 'first'
            assert json.loads(Json.to_string(metadata, False)) == {'code': 7}
        stop(server)

    def client_session(self):
        """Requests one after the other, with signals and an end."""
        client = RuntimeUse.Client.new_for_handler(RuntimeUse.ShellHandler.new())
        sessions, results, output, ends = [], [], [], []
        client.connect_async(None, lambda client, result:
                             sessions.append(client.connect_finish(result)))
        run_until(lambda: sessions, 'the session')
        session = sessions[0]
        session.connect('command-output', lambda session, message:
                        output.append((message.get_stream(), message.get_text())))
        message = RuntimeUse.Message.new_from_bytes(GLib.Bytes.new(
            b'{"message_type":"command_execution_message","commands":[{"command":"echo x"},'
            b'{"command":"exit 3"}]}'))
        for _ in range(2):
            results.clear()
            session.execute_commands_async(message, None, lambda session, result: results.append(
                session.execute_commands_finish(result)))
            run_until(lambda: results, 'the results')
            assert [result.get_exit_code() for result in results[0].get_results()] == [0, 3]
        assert output == [(RuntimeUse.OutputStream.STDOUT, 'x\n')] * 2
        session.end_async(None, lambda session, result: ends.append(session.end_finish(result)))
        run_until(lambda: ends, 'the end')
        assert ends == [True] and session.is_closed() and session.props.is_closed

    def handler_in_a_file(self):
        """Loads it, asks it, and ends its host; then a file that cannot be loaded."""
        with tempfile.TemporaryDirectory() as folder:
            path = f'{folder}/handler.py'
            with open(path, 'w', encoding='utf-8') as file:
                file.write('def run(invocation, sender):\n'
                           '    return {"type": "text", "text": invocation.user_prompt}\n')
            handler = RuntimeUse.HostedHandler.new(path)
            assert handler.get_path() == handler.props.path == path
            props = handler.props
            assert (props.max_hosts, props.start_timeout, props.max_line_size) == (8, 30, 8 << 20)
            done, results = [], []
            handler.prepare_async(None, lambda handler, result:
                                  done.append(handler.prepare_finish(result)))
            run_until(lambda: done, 'the host')
            client = RuntimeUse.Client.new_for_handler(handler)
            message = RuntimeUse.InvocationMessage(user_prompt='hello', system_prompt='', model='')
            client.query_async(message, None, lambda client, result:
                               results.append(client.query_finish(result).get_text()))
            run_until(lambda: results, 'the answer')
            handler.stop_async(None, lambda handler, result:
                               done.append(handler.stop_finish(result)))
            run_until(lambda: len(done) == 2, 'the end')
            assert (done, results) == ([True, True], ['hello'])

        def failed(handler, result):
            try:
                handler.prepare_finish(result)
            except GLib.Error as error:
                done.append(error)

        handler.prepare_async(None, failed)
        run_until(lambda: len(done) == 3, 'the error')
        assert done[2].matches(RuntimeUse.error_quark(), RuntimeUse.Error.INVALID_ARGUMENT)
        assert done[2].message == f'the handler {path} does not exist'

    def memory_channel(self):
        one, other = RuntimeUse.MemoryChannel.new_pair()
        messages = []
        other.connect('message', lambda channel, message: messages.append(message.get_data()))
        other.set_paused(True)
        one.send(GLib.Bytes.new(b'hello'))
        one.props.high_water = 1
        assert one.is_full() and not messages
        other.set_paused(False)
        run_until(lambda: messages, 'the message')
        assert messages == [b'hello']
        one.close(1001)
        closed = []
        other.connect('closed', lambda channel: closed.append(channel.get_close_code()))
        run_until(lambda: closed, 'the end')
        assert closed == [(1001, None)]

    def uploads(self):
        bodies, results = [], []
        server = Soup.Server()
        server.add_handler('/', lambda server, message, *rest: (
            bodies.append(message.get_request_body().flatten().get_data()),
            message.set_status(201, None)))
        server.listen_local(0, Soup.ServerListenOptions.IPV4_ONLY)
        url = server.get_uris()[0].to_string()
        tracker = RuntimeUse.UploadTracker(max_concurrent=2)
        tracker.connect('uploaded', lambda tracker, *told: results.append(told))
        with tempfile.NamedTemporaryFile() as file:
            file.write(b'content')
            file.flush()
            tracker.upload_async(file.name, url, 'text/plain', None, None, lambda *args: None)
            tracker.wait_async(DEADLINE_MS, None,
                               lambda tracker, result: results.append(tracker.wait_finish(result)))
            run_until(lambda: len(results) == 2, 'the tracker')
            assert results == [(file.name, True, 201, 7), 0]
            assert tracker.props.n_uploaded == 1
            RuntimeUse.upload_file_async(file.name, url, None, None,
                                         lambda _, result: results.append(
                                             RuntimeUse.upload_file_finish(result)))
            run_until(lambda: len(results) == 3, 'the upload')
        assert results[2] is True
        assert bodies == [b'content', b'content']
        server.disconnect()


def with_agent(run):
    agent = Agent()
    server = make_server(handler=agent)
    client = Client(server.props.port)
    run(client, agent)
    client.close()
    stop(server)


def cases():
    for name, run in vars(Tests).items():
        if not name.startswith('_'):
            yield name, lambda run=run: with_agent(lambda *args: run(None, *args))
    for name, run in vars(OtherTests).items():
        if not name.startswith('_'):
            yield name, lambda run=run: run(None)


if __name__ == '__main__':
    sys.exit(tap.run(cases()))
