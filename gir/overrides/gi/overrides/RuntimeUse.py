# SPDX-License-Identifier: LGPL-2.1-or-later
"""What makes a client pleasant to use from Python.

    client = RuntimeUse.Client.new('ws://localhost:8080')
    with client.session() as session:
        for event in session.stream('how many words are these'):
            print(event.kind, event.value)

Keyword arguments of requests are members of the message, by their names in docs/protocol.md:
session.query('…', model='m', pre_agent_invocation_commands=['make']).

The functions here wait; the main context runs meanwhile, the thread-default one. The key that
interrupts cancels what they wait for, and KeyboardInterrupt comes when that has ended.
"""

import collections
import contextlib
import json
import signal
import threading

from gi.repository import Gio, GLib

from ..module import get_introspection_module
from ..overrides import override

RuntimeUse = get_introspection_module('RuntimeUse')

__all__ = []

Event = collections.namedtuple('Event', 'kind value')
Event.__doc__ = """Something that arrives during a request.

kind is "assistant" (value: a list of texts), "output" (a CommandOutputMessage), "heartbeat" (the
milliseconds since the request began), or, as the last one, "result" (what query() returns).
"""
__all__.append('Event')


def _context():
    return GLib.MainContext.get_thread_default() or GLib.MainContext.default()


@contextlib.contextmanager
def _interruptible(cancellable):
    """Cancel on the first interrupt and raise it at the end; a second one is raised at once.

    An exception that a callback raises is lost, and an interrupt may come in one.
    """
    if (threading.current_thread() is not threading.main_thread() or
            signal.getsignal(signal.SIGINT) is not signal.default_int_handler):
        yield
        return

    interrupts = []

    def interrupt(number, frame):
        interrupts.append(number)
        cancellable.cancel()
        if len(interrupts) > 1:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupts:
        raise KeyboardInterrupt


def _wait(start, finish, cancellable=None, metadata_of=None):
    """Start something, run the main context until it is done, and return what came of it."""
    done = []
    cancellable = cancellable or Gio.Cancellable()
    start(cancellable, lambda source, result, *data: done.append(result))
    with _interruptible(cancellable):
        while not done:
            _context().iteration(True)
    try:
        return finish(done[0])
    except GLib.Error as error:
        if metadata_of is not None:
            text = metadata_of(done[0])
            error.metadata = json.loads(text) if text else None
        raise


def _message(message_type, members):
    """Make a message of its members on the wire; a command may be just its text."""
    members = {'message_type': message_type, **members}
    for name in ('commands', 'pre_agent_invocation_commands', 'post_agent_invocation_commands'):
        if name in members:
            members[name] = [{'command': command} if isinstance(command, str) else command
                             for command in members[name]]
    return RuntimeUse.Message.parse_json(json.dumps(members))


def _invocation(prompt, members):
    if isinstance(prompt, RuntimeUse.InvocationMessage):
        return prompt
    return _message('invocation_message',
                    {'user_prompt': prompt, 'system_prompt': '', 'model': '', **members})


def _commands(commands, members):
    if isinstance(commands, RuntimeUse.CommandExecutionMessage):
        return commands
    if isinstance(commands, str):
        commands = [commands]
    return _message('command_execution_message', {'commands': commands, **members})


class Client(RuntimeUse.Client):
    @contextlib.contextmanager
    def session(self, cancellable=None):
        """Connect, and end the session when the block is left."""
        session = _wait(self.connect_async, self.connect_finish, cancellable)
        try:
            yield session
        except BaseException:
            session.close()
            while not session.is_closed():
                _context().iteration(True)
            raise
        if not session.is_closed():
            session.end()

    def query(self, prompt, cancellable=None, **members):
        """Ask in a session of its own; prompt is a text or an InvocationMessage."""
        message = _invocation(prompt, members)
        return _wait(lambda *args: self.query_async(message, *args), self.query_finish,
                     cancellable, self.dup_error_metadata_json)

    def execute_commands(self, commands, cancellable=None, **members):
        """Run commands in a session of its own, and return the list of their results."""
        message = _commands(commands, members)
        return _wait(lambda *args: self.execute_commands_async(message, *args),
                     self.execute_commands_finish, cancellable,
                     self.dup_error_metadata_json).get_results()


Client = override(Client)
__all__.append('Client')


class ClientSession(RuntimeUse.ClientSession):
    def query(self, prompt, cancellable=None, **members):
        """Ask, and return the QueryResult. A GLib.Error has the server's metadata, if any."""
        message = _invocation(prompt, members)
        return _wait(lambda *args: self.query_async(message, *args), self.query_finish,
                     cancellable, self.dup_error_metadata_json)

    def execute_commands(self, commands, cancellable=None, **members):
        """Run commands, and return the list of their results."""
        message = _commands(commands, members)
        return _wait(lambda *args: self.execute_commands_async(message, *args),
                     self.execute_commands_finish, cancellable,
                     self.dup_error_metadata_json).get_results()

    def end(self, cancellable=None):
        """End the session, and see it confirmed."""
        return _wait(self.end_async, self.end_finish, cancellable)

    def stream(self, prompt, cancellable=None, **members):
        """Ask, and iterate over what arrives; see Event.

        The server is not read while the caller is busy. Who stops iterating cancels the request.
        """
        message = _invocation(prompt, members)
        return self._stream(lambda *args: self.query_async(message, *args), self.query_finish,
                            cancellable)

    def _stream(self, start, finish, cancellable):
        events = collections.deque()
        done = []
        cancellable = cancellable or Gio.Cancellable()
        handlers = [
            self.connect('assistant-message',
                         lambda session, blocks: events.append(Event('assistant', blocks))),
            self.connect('command-output',
                         lambda session, output: events.append(Event('output', output))),
            self.connect('heartbeat',
                         lambda session, phase, ms: events.append(Event('heartbeat', ms))),
        ]
        start(cancellable, lambda source, result, *data: done.append(result))
        try:
            while not done or events:
                while events:
                    self.set_paused(True)
                    yield events.popleft()
                self.set_paused(False)
                if not done:
                    with _interruptible(cancellable):
                        _context().iteration(True)
        finally:
            self.set_paused(False)
            if not done:
                cancellable.cancel()
            while not done:
                _context().iteration(True)
            for handler in handlers:
                self.disconnect(handler)
            events.clear()
        yield Event('result', self._finish(finish, done[0]))

    def _finish(self, finish, result):
        try:
            return finish(result)
        except GLib.Error as error:
            text = self.dup_error_metadata_json(result)
            error.metadata = json.loads(text) if text else None
            raise


ClientSession = override(ClientSession)
__all__.append('ClientSession')


class QueryResult(RuntimeUse.QueryResult):
    @property
    def text(self):
        """The text, or None when the answer is structured."""
        return self.get_text()

    @property
    def structured(self):
        """The structured answer as a dictionary, or None."""
        value = self.get_structured_json()
        return json.loads(value) if value is not None else None

    @property
    def metadata(self):
        """What the agent says about its answer, a dictionary."""
        value = self.get_metadata_json()
        return json.loads(value) if value is not None else {}


QueryResult = override(QueryResult)
__all__.append('QueryResult')


class FileExchange(RuntimeUse.FileExchange):
    """Folders for the requests of a client, while the block lasts:

    with RuntimeUse.FileExchange() as files:
        client.props.file_exchange = files

    Folders are added before. What could not be received is told by the signal "failed", at the
    latest when the block is left.
    """

    def __enter__(self):
        _wait(self.start_async, self.start_finish)
        return self

    def __exit__(self, *error):
        _wait(lambda cancellable, callback: self.stop_async(callback), self.stop_finish)


FileExchange = override(FileExchange)
__all__.append('FileExchange')
