# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads a handler written in Python and runs it for a runtime.

Usage: python3 runtimeuse-host.py /path/to/handler.py

Speaks the JSON lines of docs/handlers.md: reads descriptor 3, writes descriptor 4.
The syntax is that of Python 3.6, so that an old Python gets as far as saying that
it is too old.
"""

import json
import os
import sys

INPUT = 3
OUTPUT = 4
PROTOCOL = 1
OLDEST_PYTHON = (3, 9)

if sys.version_info < OLDEST_PYTHON:
    # Some of the modules below are not there.
    text = 'Python {}.{}.{} is too old for handlers: install Python {}.{} or later'.format(
        *sys.version_info[:3], *OLDEST_PYTHON)
    os.write(OUTPUT, json.dumps({'type': 'fatal', 'error': text}).encode() + b'\n')
    sys.exit(1)

import asyncio  # noqa: E402
import atexit  # noqa: E402
import contextvars  # noqa: E402
import errno  # noqa: E402
import importlib.machinery  # noqa: E402
import importlib.util  # noqa: E402
import inspect  # noqa: E402
import logging  # noqa: E402
import math  # noqa: E402
import re  # noqa: E402
import select  # noqa: E402
import signal  # noqa: E402
import stat  # noqa: E402
import threading  # noqa: E402
import traceback  # noqa: E402

MODULE = 'runtimeuse_handler'

# A longer line, or one with more levels, would make the runtime end this process with
# all that it runs. A line has up to four levels around the value of a handler.
MAX_LINE = 8 * 1024 * 1024
MAX_LEVELS = 60
# Of log lines and of the text of an error, in characters.
MAX_TEXT = 64 * 1024
# What a paused handler may say that does not wait, in bytes. Beyond it, it is written all
# the same, and the runtime holds up the whole process by not reading.
MAX_HELD = 1024 * 1024
READ_SIZE = 64 * 1024
# From the end of the input to the end of the process, in seconds; then for what the
# handler registered with atexit.
END_TIMEOUT = 0.2
EXIT_TIMEOUT = 0.2

# What is kept of an exception.
ERROR_LEVELS = 4
ERROR_ITEMS = 20
ERROR_CHARACTERS = 4000

SURROGATES = re.compile('[\ud800-\udfff]')
NO_PIPE = 'runtimeuse-host: is started by a runtime, with pipes as descriptors 3 and 4'

current = contextvars.ContextVar('invocation', default=None)
write_lock = threading.Lock()


# --- writing lines ---

def repair_surrogates(text):
    """Join halves that belong together, and replace those that are alone."""
    if not SURROGATES.search(text):
        return text
    return text.encode('utf-16-le', 'surrogatepass').decode('utf-16-le', 'replace')


def encode(message):
    text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(',', ':'))
    data = repair_surrogates(text).encode() + b'\n'
    if len(data) > MAX_LINE:
        raise ValueError(f'{len(data)} bytes in one message, more than {MAX_LINE}')
    return data


def write(data):
    """Wait until the runtime has taken all of it: that is how a fast handler is held up."""
    view = memoryview(data)
    with write_lock:
        while view:
            try:
                view = view[os.write(OUTPUT, view):]
            except BlockingIOError:
                select.select([], [OUTPUT], [])
            except OSError as error:
                if error.errno == errno.EPIPE:
                    os._exit(0)
                raise


def shorten(text, limit):
    if len(text) <= limit:
        return text
    return f'{text[:limit]}... [truncated {len(text) - limit} chars]'


def log(run, level, text):
    message = {'type': 'log', 'level': level, 'message': shorten(text, MAX_TEXT)}
    if run is not None and not run.ended:
        message['id'] = run.id
    write(encode(message))


def fatal(text):
    write(encode({'type': 'fatal', 'error': shorten(text, MAX_TEXT)}))
    os._exit(1)


class LogWriter(logging.Handler):
    """Takes the records of one invocation's logger to the runtime."""

    def __init__(self, run):
        super().__init__()
        self.run = run

    def emit(self, record):
        try:
            text = self.format(record)
        except Exception as error:
            text = f'{record.msg!s} {record.args!r} (cannot be formatted: {error})'
        log(self.run, self.level_of(record), text)

    @staticmethod
    def level_of(record):
        for number, name in ((logging.ERROR, 'error'), (logging.WARNING, 'warning'),
                             (logging.INFO, 'info')):
            if record.levelno >= number:
                return name
        return 'debug'


# --- values that can be written as JSON ---

def name_of(value):
    name = type(value).__name__
    if value is None:
        return name
    return f'{"an" if name[0] in "aeiouAEIOU" else "a"} {name}'


def check_value(value, path, above):
    """Raise an error that says what in a value of the handler JSON cannot express."""
    if value is None or isinstance(value, (str, bool, int)):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(f'{path} is {value}, which JSON cannot express')
        return
    if not isinstance(value, (dict, list, tuple)):
        raise TypeError(f'{path} is {name_of(value)}, which JSON cannot express')
    if any(value is other for other in above):
        raise ValueError(f'{path} contains itself')
    if len(above) >= MAX_LEVELS:
        raise ValueError(f'{re.split("[.[]", path)[0]} has more than {MAX_LEVELS} levels')

    above.append(value)
    if isinstance(value, dict):
        for name, member in value.items():
            if not isinstance(name, str):
                raise TypeError(f'{path} has the name {name!r}, which is no string')
            check_value(member, f'{path}.{name}', above)
    else:
        for index, item in enumerate(value):
            check_value(item, f'{path}[{index}]', above)
    above.pop()


def check_object(value, name):
    if not isinstance(value, dict):
        raise TypeError(f'{name} is {name_of(value)}, not a dict')
    check_value(value, name, [])
    return value


def encodable_result(result):
    if not isinstance(result, dict):
        raise TypeError(f'run returned {name_of(result)}, not a dict with a type')
    kind = result.get('type')
    if kind == 'text':
        if not isinstance(result.get('text'), str):
            raise TypeError(f'text is {name_of(result.get("text"))}, not a str')
        found = {'type': kind, 'text': result['text']}
    elif kind == 'structured_output':
        name = 'structuredOutput' if 'structuredOutput' in result else 'structured_output'
        if 'structured_output' in result:
            name = 'structured_output'
        found = {'type': kind, 'structured_output': check_object(result.get(name), name)}
    else:
        raise TypeError(f'type is {kind!r}, neither "text" nor "structured_output"')
    if result.get('metadata') is not None:
        found['metadata'] = check_object(result['metadata'], 'metadata')
    return found


# --- exceptions ---

def text_of(value):
    """Also of a value whose __str__ raises."""
    try:
        return str(value)
    except Exception:
        return '[no text]'


def bound(value, level):
    """Keep of any value what is small enough and can be written."""
    if value is None or isinstance(value, (bool, int)):
        return value if not isinstance(value, int) or abs(value) < 2 ** 63 else text_of(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if not isinstance(value, (dict, list, tuple, set, frozenset, BaseException)):
        return shorten(text_of(value), ERROR_CHARACTERS)
    if level >= ERROR_LEVELS:
        return '[max depth reached]'
    if isinstance(value, BaseException):
        return describe_cause(value, level)
    if isinstance(value, dict):
        return bound_members(value, level)
    return [bound(item, level + 1) for item in list(value)[:ERROR_ITEMS]]


def bound_members(value, level):
    return {shorten(text_of(name), ERROR_CHARACTERS): bound(member, level + 1)
            for name, member in list(value.items())[:ERROR_ITEMS]}


def details_of(error, level):
    details = {name: value for name, value in getattr(error, '__dict__', {}).items()
               if not name.startswith('_') and name != 'metadata'}
    if isinstance(error, OSError):
        for name in ('errno', 'filename'):
            if getattr(error, name) is not None:
                details.setdefault(name, getattr(error, name))
    # Of an exception group; not in its __dict__.
    if isinstance(getattr(error, 'exceptions', None), (list, tuple)):
        details.setdefault('exceptions', error.exceptions)
    return bound_members(details, level)


def describe_error(error, level):
    metadata = {'error_name': type(error).__name__}
    if error.__cause__ is not None:
        metadata['cause'] = bound(error.__cause__, level + 1)
    details = details_of(error, level)
    if details:
        metadata['error_details'] = details
    own = getattr(error, 'metadata', None)
    if isinstance(own, dict):
        metadata.update(bound_members(own, level))
    return metadata


def message_of(error):
    if isinstance(error, SystemExit):
        return (f'sys.exit({"" if error.code is None else repr(error.code)}) was called: '
                'a handler must not end the process that runs it')
    return text_of(error) or type(error).__name__


def describe_cause(error, level):
    return {**describe_error(error, level),
            'message': shorten(message_of(error), ERROR_CHARACTERS)}


def describe_raised(error):
    """Return an exception as the "error" of a "failed" message."""
    try:
        metadata = describe_error(error, 0)
        encode(metadata)
    except Exception:
        metadata = {'error_name': type(error).__name__}
    return {'name': type(error).__name__, 'message': shorten(message_of(error), MAX_TEXT),
            'metadata': metadata}


def stack_of(error):
    try:
        return ''.join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()
    except Exception:
        return message_of(error)


# --- what a handler gets ---

class Signal:
    """Says that an invocation is to end."""

    def __init__(self, loop):
        self._loop = loop
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._listeners = []

    @property
    def aborted(self):
        return self._event.is_set()

    def wait(self, timeout=None):
        """Wait in a thread; return whether the invocation is to end."""
        return self._event.wait(timeout)

    def add_listener(self, function):
        """Have a function without arguments called once, from the event loop of the host."""
        entry = (function, contextvars.copy_context())
        with self._lock:
            if not self._event.is_set():
                self._listeners.append(entry)
                return
        self._call(*entry)

    def remove_listener(self, function):
        with self._lock:
            self._listeners = [entry for entry in self._listeners if entry[0] != function]

    async def wait_async(self):
        loop = asyncio.get_running_loop()
        future = loop.create_future()

        def settle():
            if not future.done():
                future.set_result(None)

        def listener():
            loop.call_soon_threadsafe(settle)

        self.add_listener(listener)
        try:
            await future
        finally:
            self.remove_listener(listener)

    def _abort(self):
        with self._lock:
            self._event.set()
            listeners, self._listeners = self._listeners, []
        for entry in listeners:
            self._call(*entry)

    def _call(self, function, context):
        self._loop.call_soon_threadsafe(function, context=context)


class Invocation:
    """What a handler is asked for."""

    def __init__(self, fields, run):
        self.system_prompt = fields.get('system_prompt')
        self.user_prompt = fields.get('user_prompt')
        self.output_format = fields.get('output_format')
        self.model = fields.get('model')
        self.secrets = fields.get('secrets') or []
        self.env = fields.get('env') or {}
        self.signal = run.signal
        self._run = run
        self._logger = None

    @property
    def logger(self):
        if self._logger is None:
            self._logger = logging.Logger('handler', logging.DEBUG)
            self._logger.addHandler(LogWriter(self._run))
        return self._logger


class Sent:
    """Can be awaited, to wait while the client has to catch up; need not be."""

    def __init__(self, run):
        self._run = run

    def __await__(self):
        return self._run.wait_until_resumed().__await__()


class Sender:
    """Where a handler says what it has to say before its result."""

    def __init__(self, run):
        self._run = run

    def send_assistant_message(self, text_blocks):
        blocks = [text_blocks] if isinstance(text_blocks, str) else text_blocks
        if not isinstance(blocks, (list, tuple)):
            raise TypeError(f'send_assistant_message takes a list of str, not {name_of(blocks)}')
        for index, block in enumerate(blocks):
            if not isinstance(block, str):
                raise TypeError('send_assistant_message takes a list of str, '
                                f'but item {index} is {name_of(block)}')
        self._run.send({'type': 'assistant_message', 'id': self._run.id, 'text_blocks': blocks})
        return Sent(self._run)

    def send_error_message(self, text, metadata=None):
        if not isinstance(text, str):
            raise TypeError(f'send_error_message takes a str, not {name_of(text)}')
        message = {'type': 'error_message', 'id': self._run.id, 'error': text}
        if metadata is not None:
            message['metadata'] = check_object(metadata, 'metadata')
        self._run.send_at_once(message)


# --- one invocation ---

class Run:
    """One invocation, from its start to its end."""

    def __init__(self, host, identity):
        self.host = host
        self.id = identity
        self.signal = Signal(host.loop)
        self.task = None
        self.stepped = False
        # Keeps the messages in order, and behind the end there are none. The thread that
        # reads never takes it, for who holds it may wait for the runtime.
        self.lock = threading.RLock()
        self.ended = False
        self.held = []
        self.held_size = 0
        self.paused = False
        self.may_send = threading.Event()
        self.may_send.set()
        self.waiters = []

    # running

    def run_in_thread(self, fields):
        current.set(self)
        try:
            outcome = self.host.handler.run(Invocation(fields, self), Sender(self))
        except BaseException as error:
            self.fail(error)
            return
        if inspect.isawaitable(outcome):
            self.host.loop.call_soon_threadsafe(self.start_task, outcome,
                                                context=contextvars.copy_context())
        else:
            self.complete(outcome)

    def start_async(self, fields):
        current.set(self)
        try:
            awaitable = self.host.handler.run(Invocation(fields, self), Sender(self))
        except BaseException as error:
            self.fail(error)
            return
        self.start_task(awaitable)

    def start_task(self, awaitable):
        self.task = self.host.loop.create_task(self.drive(awaitable))
        self.task.add_done_callback(self.finish_task)
        if self.signal.aborted:
            self.cancel_task()

    async def drive(self, awaitable):
        self.stepped = True
        try:
            outcome = await awaitable
        except GeneratorExit:
            raise
        except BaseException as error:
            self.fail(error)
        else:
            self.complete(outcome)

    def finish_task(self, task):
        # Someone else's cancel, before the first step.
        if not self.ended:
            self.fail(asyncio.CancelledError())

    # messages

    def send(self, message):
        data = encode(message)
        in_loop = threading.get_ident() == self.host.loop_thread
        while not in_loop and not self.ended and not self.may_send.is_set():
            self.may_send.wait()
        with self.lock:
            if self.ended:
                return
            if self.paused and in_loop and self.held_size + len(data) <= MAX_HELD:
                self.held.append(data)
                self.held_size += len(data)
                return
            self.flush()
            write(data)

    def send_at_once(self, message):
        data = encode(message)
        with self.lock:
            if not self.ended:
                write(data)

    def flush(self):
        for data in self.held:
            write(data)
        self.held = []
        self.held_size = 0

    async def wait_until_resumed(self):
        if not self.paused or self.ended or asyncio.get_running_loop() is not self.host.loop:
            return
        future = self.host.loop.create_future()
        self.waiters.append(future)
        await future

    def release_waiters(self):
        for future in self.waiters:
            if not future.done():
                future.set_result(None)
        self.waiters = []

    # the end

    def complete(self, result):
        try:
            data = encode({'type': 'result', 'id': self.id, 'result': encodable_result(result)})
        except Exception as error:
            problem = describe_raised(error)
            problem['message'] = f'result: {problem["message"]}'
            data = encode({'type': 'failed', 'id': self.id, 'error': problem})
        self.finish(data)

    def fail(self, error):
        if self.ended:
            return
        if self.signal.aborted:
            log(self, 'debug', stack_of(error))
            self.finish(encode({'type': 'cancelled', 'id': self.id}))
            return
        log(self, 'error', stack_of(error))
        self.finish(encode({'type': 'failed', 'id': self.id, 'error': describe_raised(error)}))

    def finish(self, data):
        with self.lock:
            if self.ended:
                return
            self.ended = True
            if self.held and self.paused:
                self.held.append(data)
            else:
                self.leave_with(data)
        self.may_send.set()
        self.host.call_soon(self.release_waiters)

    def leave_with(self, data):
        # The id may come again as soon as the end of this one is read.
        self.host.forget(self)
        self.flush()
        write(data)
        self.host.count_down()

    def collapse(self, error):
        """End by an exception that nobody waited for; the work that still runs is told to end."""
        self.fail(error)
        self.signal._abort()
        self.host.call_soon(self.cancel_task)

    def cancel_task(self):
        if self.task is None:
            return
        if self.stepped:
            self.task.cancel()
        else:
            # The handler shall see it, and it may take it as it likes.
            self.host.call_soon(self.cancel_task)

    # called by the thread that reads

    def pause(self):
        if not self.ended and not self.signal.aborted:
            self.may_send.clear()
            self.paused = True

    def resume(self):
        self.paused = False
        self.may_send.set()
        self.host.call_soon(self.go_on)

    def go_on(self):
        with self.lock:
            if self.paused:
                return
            if self.ended and self.held:
                self.leave_with(self.held.pop())
            else:
                self.flush()
        self.release_waiters()

    def cancel(self):
        self.signal._abort()
        self.resume()
        self.host.call_soon(self.cancel_task)


class Task(asyncio.Task):
    """Knows its invocation, for an exception that is found when the task is gone."""

    run = None


def run_of(context):
    """Find the invocation whose code raised what an event loop reports."""
    task = context.get('task') or context.get('future')
    if getattr(task, 'run', None) is not None:
        return task.run
    inner = getattr(context.get('handle'), '_context', None)
    return inner.get(current) if inner is not None else current.get()


def run_of_traceback(error):
    """Find the invocation whose code raised what ended an event loop."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        handle = frame.f_locals.get('self')
        if isinstance(handle, asyncio.Handle):
            return run_of({'handle': handle})
    return None


# --- the process ---

class Host:
    """Reads in a thread of its own, so that no handler can keep it from hearing the runtime."""

    def __init__(self):
        self.handler = None
        self.is_async = False
        self.loaded = threading.Event()
        self.runs = {}
        self.runs_lock = threading.Lock()
        # Those whose end is not written yet.
        self.count = 0
        self.idle = threading.Event()
        self.idle.set()
        self.loop = asyncio.new_event_loop()
        self.loop_thread = threading.get_ident()

    # exceptions that nobody caught

    def watch_for_uncaught(self):
        self.loop.set_exception_handler(self.take_loop_exception)
        self.loop.set_task_factory(self.make_task)
        threading.excepthook = self.take_thread_exception

    @staticmethod
    def make_task(loop, coroutine, **options):
        task = Task(coroutine, loop=loop, **options)
        task.run = current.get()
        return task

    def take_loop_exception(self, loop, context):
        error = context.get('exception')
        if error is None:
            log(current.get(), 'error', text_of(context.get('message')))
        else:
            self.take_uncaught(context.get('message'), error, run_of(context))

    def take_thread_exception(self, arguments):
        error = arguments.exc_value or arguments.exc_type()
        name = arguments.thread.name if arguments.thread is not None else 'unknown'
        self.take_uncaught(f'exception in the thread {name}', error, current.get())

    @staticmethod
    def take_uncaught(what, error, run):
        if run is not None and not run.ended:
            run.collapse(error)
        else:
            log(None, 'error', f'{what}: {stack_of(error)}')

    # invocations

    def call_soon(self, function):
        self.loop.call_soon_threadsafe(function, context=contextvars.Context())

    def forget(self, run):
        with self.runs_lock:
            self.runs.pop(run.id, None)

    def count_down(self):
        with self.runs_lock:
            self.count -= 1
            if self.count == 0:
                self.idle.set()

    def start(self, message):
        identity = message.get('id')
        fields = message.get('invocation')
        if not isinstance(identity, str) or not isinstance(fields, dict) or identity in self.runs:
            log(None, 'error', f'invoke with a wrong id or invocation: {identity!r}')
            return
        self.loaded.wait()
        run = Run(self, identity)
        with self.runs_lock:
            self.runs[identity] = run
            self.count += 1
            self.idle.clear()
        if self.is_async:
            self.loop.call_soon_threadsafe(run.start_async, fields, context=contextvars.Context())
            return
        try:
            threading.Thread(target=run.run_in_thread, args=(fields,), daemon=True,
                             name=f'invocation-{identity}').start()
        except RuntimeError as error:
            run.fail(error)

    def take(self, message):
        kind = message.get('type')
        if kind == 'invoke':
            self.start(message)
            return
        identity = message.get('id')
        run = self.runs.get(identity) if isinstance(identity, str) else None
        if run is not None and kind in ('cancel', 'pause', 'resume'):
            getattr(run, kind)()

    def take_line(self, line):
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            log(None, 'error', f'a line from the runtime is not JSON: {error}')
            return
        if isinstance(message, dict):
            self.take(message)

    # reading

    def read_some(self):
        while True:
            try:
                return os.read(INPUT, READ_SIZE)
            except BlockingIOError:
                select.select([INPUT], [], [])

    def read(self):
        pieces = []
        while True:
            chunk = self.read_some()
            if not chunk:
                break
            lines = chunk.split(b'\n')
            for line in lines[:-1]:
                self.take_line(b''.join([*pieces, line]))
                pieces = []
            pieces.append(lines[-1])

    def read_until_end(self):
        try:
            self.read()
        except BaseException:
            log(None, 'error', f'cannot read on: {traceback.format_exc()}')
        self.end()

    def end(self):
        with self.runs_lock:
            runs = list(self.runs.values())
        for run in runs:
            run.cancel()
        self.idle.wait(END_TIMEOUT)
        # Removes temporary files and the like; what hangs there does not keep us.
        last = threading.Thread(target=self.clean_up, daemon=True)
        last.start()
        last.join(EXIT_TIMEOUT)
        os._exit(0)

    @staticmethod
    def clean_up():
        for step in (atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):
            try:
                step()
            except BaseException:
                traceback.print_exc()

    # loading

    def load(self, path):
        loader = importlib.machinery.SourceFileLoader(MODULE, path)
        spec = importlib.util.spec_from_file_location(MODULE, path, loader=loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[MODULE] = module
        # As if the handler had been started itself.
        own_folder = os.path.dirname(os.path.abspath(__file__))
        sys.path[:] = [os.path.dirname(path),
                       *(folder for folder in sys.path if folder != own_folder)]
        sys.argv = [path]
        try:
            loader.exec_module(module)
        except BaseException as error:
            fatal(f'cannot load {path}: {explain_load_error(error)}')
        self.handler = find_handler(module)
        if self.handler is None:
            fatal(f'module at {path} must export an AgentHandler (as default or named "handler")')
        self.is_async = inspect.iscoroutinefunction(self.handler.run)
        write(encode({'type': 'ready', 'protocol': PROTOCOL,
                      'capabilities': {'cancel': True, 'concurrent': True, 'flow': True}}))
        self.loaded.set()

    def run(self, path):
        asyncio.set_event_loop(self.loop)
        self.watch_for_uncaught()
        threading.Thread(target=self.read_until_end, daemon=True, name='runtime').start()
        self.load(path)
        while True:
            try:
                self.loop.run_forever()
            except BaseException as error:
                # sys.exit () in a callback or a task gets through to here.
                self.take_uncaught('the event loop was left', error, run_of_traceback(error))


def find_handler(module):
    candidate = getattr(module, 'handler', None)
    if callable(getattr(candidate, 'run', None)):
        return candidate
    return module if inspect.isfunction(getattr(module, 'run', None)) else None


def explain_load_error(error):
    if isinstance(error, SyntaxError):
        return f'{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})'
    text = f'{type(error).__name__}: {message_of(error)}'
    places = [place for place in traceback.extract_tb(error.__traceback__)
              if not place.filename.startswith('<') and place.filename != __file__]
    return f'{text} ({places[-1].filename}:{places[-1].lineno})' if places else text


def is_pipe(descriptor):
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def detach_child():
    """Take the pipes from a child that was forked; it may still write what it likes."""
    global write_lock
    write_lock = threading.Lock()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (INPUT, OUTPUT):
        os.dup2(null, descriptor, inheritable=False)
    os.close(null)


def main():
    if not is_pipe(INPUT) or not is_pipe(OUTPUT):
        sys.exit(NO_PIPE)
    for descriptor in (INPUT, OUTPUT):
        os.set_inheritable(descriptor, False)
    os.register_at_fork(after_in_child=detach_child)
    if len(sys.argv) < 2:
        fatal('usage: runtimeuse-host.py HANDLER')
    path = os.path.abspath(sys.argv[1])
    # What a handler prints is to be seen when it is printed.
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(line_buffering=True)
    # The runtime ends this process by the end of the input.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Host().run(path)


main()
