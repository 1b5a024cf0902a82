# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service with the Responses API and Chat Completions, whose answers are written by the test."""

import http.server
import itertools
import json
import socket
import ssl
import struct
import threading
import time

import pytest

from .processes import wait_until

USAGE = {'input_tokens': 11, 'input_tokens_details': {'cached_tokens': 2}, 'output_tokens': 7,
         'output_tokens_details': {'reasoning_tokens': 1}, 'total_tokens': 18}
CHAT_USAGE = {'prompt_tokens': 11, 'completion_tokens': 7, 'total_tokens': 18,
              'prompt_tokens_details': {'cached_tokens': 2}}


# Items of the Responses API, and the events that tell them


def message(text, identifier='msg_1'):
    return {'id': identifier, 'type': 'message', 'status': 'completed', 'role': 'assistant',
            'content': [{'type': 'output_text', 'annotations': [], 'logprobs': [], 'text': text}]}


def refusal(text):
    return {'id': 'msg_1', 'type': 'message', 'status': 'completed', 'role': 'assistant',
            'content': [{'type': 'refusal', 'refusal': text}]}


def reasoning():
    return {'id': 'rs_1', 'type': 'reasoning', 'summary': [], 'encrypted_content': 'opaque'}


def shell_call(*commands, call_id='call_1', **action):
    return {'id': 'sh_1', 'type': 'shell_call', 'call_id': call_id, 'status': 'completed',
            'action': {'commands': list(commands), 'timeout_ms': None, 'max_output_length': None,
                       **action}}


def completed(items, usage=USAGE):
    return {'type': 'response.completed',
            'response': {'id': 'resp_1', 'object': 'response', 'status': 'completed',
                         'model': 'model-1', 'output': items, 'usage': usage}}


def deltas(item, index=0, size=4):
    """What comes between the beginning and the end of a message that has text."""
    text = item['content'][0].get('text', '')
    place = {'item_id': item['id'], 'output_index': index, 'content_index': 0}
    return [{'type': 'response.output_text.delta', **place, 'delta': text[i:i + size],
             'logprobs': []} for i in range(0, len(text), size)]


def events_of_message(item, index):
    part = item['content'][0]
    if part['type'] != 'output_text':
        return []
    place = {'item_id': item['id'], 'output_index': index, 'content_index': 0}
    return [{'type': 'response.content_part.added', **place, 'part': {**part, 'text': ''}},
            *deltas(item, index),
            {'type': 'response.output_text.done', **place, 'text': part['text'], 'logprobs': []},
            {'type': 'response.content_part.done', **place, 'part': part}]


def events_of(*items, usage=USAGE):
    """All events of a response that has these items."""
    begun = {'id': 'resp_1', 'object': 'response', 'status': 'in_progress', 'model': 'model-1',
             'output': [], 'usage': None}
    events = [{'type': 'response.created', 'response': begun},
              {'type': 'response.in_progress', 'response': begun}]
    for index, item in enumerate(items):
        is_message = item['type'] == 'message'
        empty = {'content': []} if is_message else {}
        events.append({'type': 'response.output_item.added', 'output_index': index,
                       'item': {**item, 'status': 'in_progress', **empty}})
        if is_message:
            events += events_of_message(item, index)
        events.append({'type': 'response.output_item.done', 'output_index': index, 'item': item})
    return events + [completed(list(items), usage)]


# Chat Completions


def chunk(delta, finish_reason=None, **members):
    return {'id': 'chatcmpl-1', 'object': 'chat.completion.chunk', 'model': 'model-1',
            'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish_reason}], **members}


def chat_text(text, size=4):
    return [chunk({'role': 'assistant', 'content': ''}),
            *[chunk({'content': text[i:i + size]}) for i in range(0, len(text), size)],
            chunk({}, 'stop'), {'id': 'chatcmpl-1', 'choices': [], 'usage': CHAT_USAGE}, '[DONE]']


def chat_calls(*calls, name='shell', **more):
    """Each call is the list of its commands; its arguments come in pieces."""
    events = [chunk({'role': 'assistant', 'content': None})]
    for index, commands in enumerate(calls):
        arguments = json.dumps({'commands': commands, **more})
        middle = len(arguments) // 2
        events.append(chunk({'tool_calls': [{
            'index': index, 'id': f'call_{index}', 'type': 'function',
            'function': {'name': name, 'arguments': arguments[:middle]}}]}))
        events.append(chunk({'tool_calls': [{
            'index': index, 'function': {'arguments': arguments[middle:]}}]}))
    return events + [chunk({}, 'tool_calls'),
                     {'id': 'chatcmpl-1', 'choices': [], 'usage': CHAT_USAGE}, '[DONE]']


# Answers


class Status:
    """An answer that is no stream; missing: how many bytes of it do not come."""

    def __init__(self, status, body=None, missing=0, **headers):
        self.status = status
        self.missing = missing
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {name.replace('_', '-'): value for name, value in headers.items()}

    def send(self, request):
        request.send_response(self.status)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.send_header('Content-Length', str(len(self.body) + self.missing))
        request.end_headers()
        request.wfile.write(self.body)
        request.close_connection = request.close_connection or self.missing > 0


def frame(data):
    """A chunk of a body."""
    return b'%x\r\n%s\r\n' % (len(data), data)


def send_head(request):
    """Begin an answer that is a stream."""
    request.send_response(200)
    request.send_header('Content-Type', 'text/event-stream')
    request.send_header('Transfer-Encoding', 'chunked')
    request.end_headers()


def error(status, text, code=None, kind='invalid_request_error', **headers):
    return Status(status, {'error': {'message': text, 'type': kind, 'param': None, 'code': code}},
                  content_type='application/json', **headers)


class Hangup:
    """No answer: the connection ends."""

    def send(self, request):
        request.close_connection = True


class Reset:
    """Some events, if there is an answer at all (None is none), and then the connection is reset.

    hold: what to wait for before that.
    """

    def __init__(self, events=None, hold=None):
        self.events = events
        self.hold = hold

    def send(self, request):
        if self.events is not None:
            send_head(request)
            for event in self.events:
                request.wfile.write(frame(Stream([]).encode(event)))
        if self.hold is not None:
            request.server.mock.wait_for(self.hold)
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        request.close_connection = True
        request.connection.close()


class Silence:
    """No answer, and the connection stays until the event or the test is over."""

    def __init__(self, hold, then=None):
        self.hold = hold
        self.then = then or Hangup()

    def send(self, request):
        request.server.mock.wait_for(self.hold)
        self.then.send(request)


class Endless:
    """Some events, and then one again and again, until nobody wants it; gone tells of that."""

    def __init__(self, events, again):
        self.events = events
        self.again = again
        self.gone = threading.Event()

    def send(self, request):
        closed = request.server.mock.closed
        try:
            send_head(request)
            for event in self.events:
                request.wfile.write(frame(Stream([]).encode(event)))
            while not closed.wait(0.01):
                request.wfile.write(frame(Stream([]).encode(self.again)))
        except (BrokenPipeError, ConnectionResetError):
            self.gone.set()
        request.close_connection = True


class Pieces:
    """A stream of bytes that is cut into pieces of these sizes, again and again."""

    def __init__(self, events, sizes, **options):
        stream = Stream(events, **options)
        self.data = b''.join(map(stream.encode, events))
        self.sizes = sizes

    def send(self, request):
        send_head(request)
        view = memoryview(self.data)
        sizes = itertools.cycle(self.sizes)
        while view:
            size = next(sizes)
            request.wfile.write(frame(view[:size]))
            view = view[size:]
        request.wfile.write(frame(b''))


class Noted:
    """Another answer; at is when it was sent."""

    def __init__(self, reply):
        self.reply = reply
        self.at = None

    def send(self, request):
        self.at = time.time()
        self.reply.send(request)


class AtOnce:
    """A stream of events, all of which are sent at once, each in a chunk of its own."""

    def __init__(self, events):
        self.data = b''.join(frame(Stream([]).encode(event)) for event in events) + frame(b'')

    def send(self, request):
        send_head(request)
        request.wfile.write(self.data)


class Stream:
    """A stream of events, told in one of the ways there are.

    names: whether the lines event: are there; end: what ends a line; size: bytes that are written
    at once; done: whether [DONE] ends it; drop: whether the connection ends without the end of the
    body; hold: an event to wait for before the last of these is sent; headers: further ones.
    """

    def __init__(self, events, names=True, end='\n', size=None, done=False, drop=False, hold=None,
                 headers=None):
        self.events = events
        self.names = names
        self.end = end
        self.size = size
        self.done = done
        self.drop = drop
        self.hold = hold
        self.headers = headers or {}

    def encode(self, event):
        data = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
        lines = [f'data: {data}', '', '']
        if self.names and isinstance(event, dict) and 'type' in event:
            lines.insert(0, f'event: {event["type"]}')
        return self.end.join(lines).encode()

    def send(self, request):
        request.send_response(200)
        request.send_header('Content-Type', 'text/event-stream; charset=utf-8')
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.send_header('Transfer-Encoding', 'chunked')
        request.end_headers()
        last = len(self.events) - 1
        for index, event in enumerate(self.events + (['[DONE]'] if self.done else [])):
            if index == last and self.hold is not None:
                request.server.mock.wait_for(self.hold)
            self._write(request, self.encode(event))
        if self.drop:
            request.close_connection = True
            request.connection.close()
        else:
            request.wfile.write(b'0\r\n\r\n')

    def _write(self, request, data):
        size = self.size or len(data)
        for i in range(0, len(data), size):
            request.wfile.write(frame(data[i:i + size]))


def answer(*items, **options):
    return Stream(events_of(*items), **options)


class Mock:
    """The service; answers are used up in order, and the last one again and again."""

    def __init__(self, certificate=None):
        self.answers = []
        self.requests = []      # (path, headers, body)
        self.connections = set()
        self.closed = threading.Event()
        mock = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                mock.serve(self)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.server.mock = self
        scheme = 'http'
        if certificate:
            scheme = 'https'
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
            self.server.handle_error = lambda *arguments: None
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f'{scheme}://127.0.0.1:{self.server.server_port}/v1'

    def reset(self):
        """Forget what was; who still waits for a test that is over goes on."""
        self.closed.set()
        self.closed = threading.Event()
        self.answers = []
        self.requests = []
        self.connections = set()

    def serve(self, request):
        body = request.rfile.read(int(request.headers['Content-Length']))
        with self.lock:
            self.connections.add(request.client_address)
            self.requests.append((request.path, dict(request.headers), json.loads(body)))
            reply = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            reply.send(request)
        except (BrokenPipeError, ConnectionResetError):
            request.close_connection = True

    def wait_for(self, event):
        """Wait for a test, at most until it is over."""
        closed = self.closed
        wait_until(lambda: event.is_set() or closed.is_set(), 'the test', timeout=60)

    def close(self):
        self.closed.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def bodies(self):
        return [body for _, _, body in self.requests]


@pytest.fixture(scope='module')
def shared_mock():
    """What takes the place of OpenAI for all cases of a file."""
    mock = Mock()
    yield mock
    mock.close()


@pytest.fixture
def mock(shared_mock):
    """The same; nothing of a case is left in it afterwards."""
    shared_mock.reset()
    yield shared_mock
    shared_mock.reset()
