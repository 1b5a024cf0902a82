# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for the Messages API on loopback, which also fails as the real one does.

A test writes down the answers that it wants, one for each request; the last one is repeated.
"""

import http.server
import json
import select
import socket
import threading

# How long an answer that hangs waits for the client to go.
HANG_LIMIT = 60


def text(words, pieces=3):
    """A block of text in some pieces."""
    size = -(-len(words) // pieces) or 1
    cut = [words[i:i + size] for i in range(0, len(words), size)] or ['']
    return ({'type': 'text', 'text': ''},
            [{'type': 'text_delta', 'text': piece} for piece in cut])


def thinking(words):
    return ({'type': 'thinking', 'thinking': '', 'signature': ''},
            [{'type': 'thinking_delta', 'thinking': words},
             {'type': 'signature_delta', 'signature': 'c2lnbmF0dXJl'}])


def tool(name, **arguments):
    written = json.dumps(arguments)
    middle = len(written) // 2
    return ({'type': 'tool_use', 'name': name, 'input': {}},
            [{'type': 'input_json_delta', 'partial_json': part}
             for part in (written[:middle], written[middle:])])


def bash(command):
    return tool('Bash', command=command, description='a test')


class Reply:
    """A message of the model, as server-sent events."""

    def __init__(self, *blocks, stop_reason=None, chunk=None, delay=0, stop_after=None,
                 hang_after=None, drop_after=None, garbage_after=None):
        self.blocks = blocks
        has_tool = any(start['type'] == 'tool_use' for start, _ in blocks)
        self.stop_reason = stop_reason or ('tool_use' if has_tool else 'end_turn')
        self.chunk = chunk                  # bytes that go at once
        self.delay = delay                  # seconds between events
        self.faults = {'stop': stop_after, 'hang': hang_after, 'drop': drop_after,
                       'garbage': garbage_after}

    def events(self, number, model):
        yield {'type': 'message_start', 'message': {
            'id': f'msg_test_{number}', 'type': 'message', 'role': 'assistant', 'model': model,
            'content': [], 'stop_reason': None, 'stop_sequence': None,
            'usage': {'input_tokens': 25, 'cache_creation_input_tokens': 3,
                      'cache_read_input_tokens': 4, 'output_tokens': 1}}}
        for index, (start, deltas) in enumerate(self.blocks):
            if start['type'] == 'tool_use':
                start = {**start, 'id': f'toolu_test_{number}_{index}'}
            yield {'type': 'content_block_start', 'index': index, 'content_block': start}
            for delta in deltas:
                yield {'type': 'content_block_delta', 'index': index, 'delta': delta}
            yield {'type': 'content_block_stop', 'index': index}
        yield {'type': 'message_delta',
               'delta': {'stop_reason': self.stop_reason, 'stop_sequence': None},
               'usage': {'output_tokens': 12}}
        yield {'type': 'message_stop'}

    def message(self, number, model):
        """The same in one piece, for who asks without a stream."""
        content = []
        for index, (start, deltas) in enumerate(self.blocks):
            block = dict(start)
            if block['type'] == 'tool_use':
                written = ''.join(delta['partial_json'] for delta in deltas)
                block.update(id=f'toolu_test_{number}_{index}', input=json.loads(written))
            elif block['type'] == 'text':
                block['text'] = ''.join(delta['text'] for delta in deltas)
            content.append(block)
        return {'id': f'msg_test_{number}', 'type': 'message', 'role': 'assistant',
                'model': model, 'content': content, 'stop_reason': self.stop_reason,
                'stop_sequence': None, 'usage': {'input_tokens': 25, 'output_tokens': 12}}

    def send(self, handler, number, request):
        model = request.get('model', '')
        if not request.get('stream') and self.faults['drop'] is None:
            handler.begin(200, {'Content-Type': 'application/json'})
            handler.write(json.dumps(self.message(number, model)).encode())
            handler.finish_body()
            return
        handler.begin(200, {'Content-Type': 'text/event-stream'})
        for count, event in enumerate(self.events(number, model), 1):
            data = f'event: {event["type"]}\ndata: {json.dumps(event)}\n\n'.encode()
            handler.write(data, self.chunk)
            if self.delay:
                handler.mock.stopped.wait(self.delay)
            if self.faults['hang'] == count:
                handler.mock.hanging.set()
                handler.wait_for_end()
                return
            if self.faults['drop'] == count:
                handler.drop()
                return
            if self.faults['garbage'] == count:
                handler.write(b'event: content_block_delta\ndata: {"type": "content_blo\n\n')
            if self.faults['stop'] == count:
                break
        handler.finish_body()


class Failure:
    """An answer that is an error."""

    def __init__(self, status, kind='api_error', message='the service failed', **headers):
        self.status = status
        self.body = json.dumps({'type': 'error', 'error': {'type': kind, 'message': message},
                                'request_id': 'req_test'}).encode()
        self.headers = {name.replace('_', '-'): value for name, value in headers.items()}

    def send(self, handler, number, request):
        handler.begin(self.status, {'Content-Type': 'application/json', **self.headers})
        handler.write(self.body)
        handler.finish_body()


class Turns:
    """One answer to a prompt, and another one to what its tools say."""

    def __init__(self, first, second):
        self.first = first
        self.second = second

    def send(self, handler, number, request):
        answer = self.second if '"tool_result"' in json.dumps(request['messages']) else self.first
        answer.send(handler, number, request)


class Hang:
    """No answer at all."""

    def send(self, handler, number, request):
        handler.mock.hanging.set()
        handler.wait_for_end()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    mock = None

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()

    do_GET = do_HEAD

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        request = json.loads(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        number, answer = self.mock.take(self.path, headers, request)
        try:
            answer.send(self, number, request)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def begin(self, status, headers):
        self.send_response(status)
        self.send_header('Transfer-Encoding', 'chunked')
        self.send_header('request-id', 'req_test')
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def write(self, data, size=None):
        size = size or len(data)
        for start in range(0, len(data), size):
            part = data[start:start + size]
            self.wfile.write(b'%x\r\n%s\r\n' % (len(part), part))
            self.wfile.flush()

    def finish_body(self):
        self.wfile.write(b'0\r\n\r\n')

    def drop(self):
        """End the connection in the middle of an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        self.connection.close()

    def wait_for_end(self):
        """Wait until the client has hung up."""
        self.close_connection = True
        readable, _, _ = select.select([self.connection, self.mock.stop_pipe[0]], [], [],
                                       HANG_LIMIT)
        if self.connection in readable:
            self.mock.abandoned.set()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client may go at any time."""


class AnthropicMock:
    """The service; keeps what it was asked."""

    def __init__(self):
        self.lock = threading.Lock()
        self.requests = []
        self.script = []
        self.hanging = threading.Event()
        self.abandoned = threading.Event()
        self.stopped = threading.Event()
        self.stop_pipe = socket.socketpair()
        self.server = Server(('127.0.0.1', 0), type('Bound', (Handler,), {'mock': self}))
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.url = f'http://127.0.0.1:{self.server.server_port}'

    def answer(self, *answers):
        """Set what is answered from now on."""
        with self.lock:
            self.requests.clear()
            self.script = list(answers)
        self.hanging.clear()
        self.abandoned.clear()

    def take(self, path, headers, body):
        with self.lock:
            self.requests.append({'path': path, 'headers': headers, 'body': body})
            answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            return len(self.requests), answer

    def close(self):
        self.stopped.set()
        self.stop_pipe[1].close()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.stop_pipe[0].close()
