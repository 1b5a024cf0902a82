# SPDX-License-Identifier: LGPL-2.1-or-later
"""A WebSocket client that can do everything wrong.

It is synchronous, hides nothing of the frames, and has a deadline for every
wait.
"""

import base64
import hashlib
import json
import os
import socket
import struct

from .messages import TERMINALS
from .processes import PATIENCE

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xa
GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
TIMEOUT = 15


class Closed(Exception):
    """The server closed the connection; code is None without a close frame."""

    def __init__(self, code, reason=''):
        super().__init__(f'closed with {code} {reason}')
        self.code = code
        self.reason = reason


class HttpAnswer:
    """The head of an answer to a request, and the body if it has a length."""

    def __init__(self, head, read_more):
        lines = head.decode('latin-1').split('\r\n')
        self.status = int(lines[0].split()[1])
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(':')
            self.headers[name.strip().lower()] = value.strip()
        self.body = read_more(int(self.headers.get('content-length', 0)))


def mask_bytes(payload, key):
    if not payload:
        return b''
    length = len(payload)
    repeated = (key * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, 'little') ^ int.from_bytes(repeated, 'little')).to_bytes(
        length, 'little')


def make_frame(opcode, payload=b'', fin=True, mask=True, reserved=0, length=None):
    """Build a frame; length overrides the true one in the header."""
    length = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    bit = 0x80 if mask else 0
    if length < 126:
        head += bytes([bit | length])
    elif length < 65536:
        head += bytes([bit | 126]) + struct.pack('>H', length)
    else:
        head += bytes([bit | 127]) + struct.pack('>Q', length)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + mask_bytes(payload, key)


def close_payload(code, reason=''):
    return struct.pack('>H', code) + reason.encode()


class Connection:
    """A connection to the server, before or after the upgrade.

    The port may be the path of a Unix socket.
    """

    def __init__(self, port, host='127.0.0.1', receive_buffer=None):
        if isinstance(port, (str, os.PathLike)):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(TIMEOUT * PATIENCE)
            self.socket.connect(str(port))
            self.host = 'localhost'
            self.buffer = bytearray()
            return
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        self.socket = socket.socket(family)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(TIMEOUT * PATIENCE)
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = f'[{host}]:{port}' if ':' in host else f'{host}:{port}'
        self.buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def write(self, data):
        self.socket.sendall(data)

    def _fill(self):
        data = self.socket.recv(262144)
        self.buffer += data
        return len(data)

    def read(self, count):
        while len(self.buffer) < count:
            if not self._fill():
                raise Closed(None)
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def read_until_end(self):
        """Read to the end of the stream; a reset is an end too."""
        try:
            while self._fill():
                pass
        except ConnectionResetError:
            pass
        data = bytes(self.buffer)
        self.buffer.clear()
        return data

    def read_answer(self):
        while b'\r\n\r\n' not in self.buffer:
            if not self._fill():
                raise Closed(None)
        head = self.read(self.buffer.index(b'\r\n\r\n') + 4)
        return HttpAnswer(head[:-4], self.read)

    def request_head(self, method='GET', target='/', without=(), **headers):
        """Build an upgrade request; headers with the value None are left out."""
        fields = {
            'Host': self.host,
            'Upgrade': 'websocket',
            'Connection': 'Upgrade',
            'Sec-WebSocket-Key': base64.b64encode(os.urandom(16)).decode(),
            'Sec-WebSocket-Version': '13',
        }
        fields.update({name.replace('_', '-'): value for name, value in headers.items()})
        lines = [f'{method} {target} HTTP/1.1']
        lines += [f'{name}: {value}' for name, value in fields.items()
                  if value is not None and name not in without]
        self.key = fields['Sec-WebSocket-Key']
        return ('\r\n'.join(lines) + '\r\n\r\n').encode()

    def ask(self, *args, **headers):
        """Send an upgrade request, or something like it, and read the answer."""
        self.write(self.request_head(*args, **headers))
        return self.read_answer()

    def check_accept(self, answer):
        assert answer.status == 101, (answer.status, answer.body)
        wanted = base64.b64encode(hashlib.sha1((self.key + GUID).encode()).digest()).decode()
        assert answer.headers['sec-websocket-accept'] == wanted

    # Frames

    def send_frame(self, opcode, payload=b'', **options):
        self.write(make_frame(opcode, payload, **options))

    def read_frame(self):
        """Return the opcode and payload of a frame; the server must not fragment or mask."""
        first, second = self.read(2)
        length = second & 0x7f
        if length == 126:
            length, = struct.unpack('>H', self.read(2))
        elif length == 127:
            length, = struct.unpack('>Q', self.read(8))
        assert second & 0x80 == 0, 'the server masked a frame'
        assert first & 0x70 == 0, 'the server set reserved bits'
        return first & 0xf, self.read(length), bool(first & 0x80)

    # Messages

    def send(self, message):
        self.send_text(json.dumps(message))

    def send_text(self, text):
        self.send_frame(TEXT, text.encode() if isinstance(text, str) else text)

    def receive(self):
        """Return the next message; answers pings like any client."""
        while True:
            opcode, payload, fin = self.read_frame()
            if opcode == CLOSE:
                self._answer_close(payload)
                code = struct.unpack('>H', payload[:2])[0] if payload else 1005
                raise Closed(code, payload[2:].decode())
            if opcode == PING:
                self.send_frame(PONG, payload)
            elif opcode == TEXT:
                assert fin, 'the server fragmented a message'
                assert len(payload) <= 1000000, f'a message of {len(payload)} bytes'
                message = json.loads(payload.decode())
                assert isinstance(message, dict), message
                return message
            else:
                assert opcode == PONG, f'opcode {opcode}'

    def _answer_close(self, payload):
        """Like any client; when it was an answer itself, the server has hung up already."""
        try:
            self.send_frame(CLOSE, payload[:2])
        except OSError:
            pass

    def receive_until_terminal(self):
        messages = []
        while not messages or messages[-1]['message_type'] not in TERMINALS:
            messages.append(self.receive())
        return messages

    def receive_terminal(self):
        return self.receive_until_terminal()[-1]

    def request(self, message):
        """Send a request and return all messages up to the terminal."""
        self.send(message)
        return self.receive_until_terminal()

    def ask_one(self, message):
        """Send a request and return its terminal."""
        return self.request(message)[-1]

    def expect_close(self):
        """Read on to the close frame and the end of the stream, and return the code."""
        try:
            while True:
                self.receive()
        except Closed as closed:
            code = closed.code
        self.read_until_end()
        return code

    def close(self, code=1000):
        """Close properly and return the code that came back."""
        self.send_frame(CLOSE, close_payload(code))
        return self.expect_close()


def connect(port, host='127.0.0.1', receive_buffer=None, target='/', **headers):
    """Open a WebSocket."""
    connection = Connection(port, host, receive_buffer)
    connection.check_accept(connection.ask(target=target, **headers))
    return connection
