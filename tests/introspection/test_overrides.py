#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python side of the client, with client and runtime in one process.

Prints TAP.
"""

import os
import signal
import sys
import tempfile
import threading

import gi
import tap

gi.require_version('RuntimeUse', '1')

from gi.repository import Gio, GLib, RuntimeUse  # noqa: E402


def make_client(agent='echo'):
    return RuntimeUse.Client.new_for_handler(RuntimeUse.AgentHandler.new_for_name(agent))


def test_query():
    assert make_client().query('ECHO:hello').text == 'hello'
    result = make_client().query('STRUCTURED:{"a": [1, 2.5, null]}')
    assert (result.text, result.structured, result.metadata) == (None, {'a': [1, 2.5, None]}, {})


def test_error_has_metadata():
    try:
        make_client().query('ERROR:bad')
        raise AssertionError('no error')
    except GLib.Error as error:
        assert error.message == 'bad'
        assert error.metadata == {'source': 'echo_handler'}


def test_session():
    with make_client().session() as session:
        assert session.query('ECHO:one').text == 'one'
        results = session.execute_commands(['echo two', 'exit 3'])
        assert [(r.get_exit_code(), r.get_stdout_text()) for r in results] == [(0, 'two\n'),
                                                                              (3, None)]
        assert not session.is_closed()
    assert session.is_closed()


def test_session_is_closed_by_an_exception():
    try:
        with make_client().session() as session:
            raise ValueError('mine')
    except ValueError:
        assert session.is_closed()


def test_stream():
    with make_client().session() as session:
        events = list(session.stream('STREAM:300',
                                     pre_agent_invocation_commands=['echo before']))
        assert [event.kind for event in events] == ['output'] + 300 * ['assistant'] + ['result']
        assert events[0].value.get_text() == 'before\n'
        assert [event.value for event in events[1:-1]] == [
            [f'message {i} of 300'] for i in range(1, 301)]
        assert events[-1].value.text == 'streamed 300 messages'


def test_stream_is_cancelled_when_it_is_left():
    with make_client().session() as session:
        for event in session.stream('WAIT:3600000',
                                    pre_agent_invocation_commands=[{'command': 'echo before'}]):
            assert event.kind == 'output'
            break
        assert session.query('ECHO:next').text == 'next'


def test_cancel():
    cancellable = Gio.Cancellable()
    GLib.idle_add(cancellable.cancel)
    try:
        make_client().query('WAIT:3600000', cancellable)
        raise AssertionError('no error')
    except GLib.Error as error:
        assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def test_interrupt():
    """The key that interrupts is heard, and the request has ended when its exception comes."""
    client = make_client()
    client.connect('command-output',
                   lambda client, output: os.kill(os.getpid(), signal.SIGINT))
    try:
        client.query('WAIT:3600000', pre_agent_invocation_commands=['echo running'])
        raise AssertionError('not interrupted')
    except KeyboardInterrupt:
        assert client.query('ECHO:next').text == 'next'

    # Also while nothing arrives.
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        client.query('WAIT:3600000')
        raise AssertionError('not interrupted')
    except KeyboardInterrupt:
        timer.join()


def test_execute_commands():
    results = make_client().execute_commands(['echo one', {'command': 'exit 3'}])
    assert [result.get_exit_code() for result in results] == [0, 3]


def test_files():
    """A folder goes to the runtime, and what is made there comes back."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f'{folder}/in')
        with open(f'{folder}/in/a', 'w', encoding='utf-8') as file:
            file.write('content')
        received = []
        files = RuntimeUse.FileExchange()
        files.add_upload(f'{folder}/in', f'{folder}/there')
        files.add_artifacts(f'{folder}/there/out', f'{folder}/back')
        files.connect('received', lambda files, path, local, size: received.append((local, size)))
        with files:
            client = make_client()
            client.props.file_exchange = files
            client.execute_commands(f'cp {folder}/there/a {folder}/there/out/b')
        assert received == [(f'{folder}/back/b', 7)]
        with open(f'{folder}/back/b', encoding='utf-8') as file:
            assert file.read() == 'content'


if __name__ == '__main__':
    sys.exit(tap.run([(name, case) for name, case in globals().items()
                      if name.startswith('test_')]))
