# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bus that misbehaves, for one client: it can fall silent, and take a name away."""

import socket
import struct
import threading

METHOD_CALL, METHOD_RETURN, SIGNAL = 1, 2, 4
PATH, INTERFACE, MEMBER, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE = 1, 2, 3, 5, 6, 7, 8
BUS = 'org.freedesktop.DBus'
CLIENT = ':1.1'


def pad(data, to):
    return data + b'\0' * (-len(data) % to)


def text(value):
    return struct.pack('<I', len(value)) + value.encode() + b'\0'


def field(code, kind, value):
    data = bytes([code, 1]) + kind.encode() + b'\0'
    if kind == 'u':
        return pad(data, 4) + struct.pack('<I', value)
    if kind == 'g':
        return data + bytes([len(value)]) + value.encode() + b'\0'
    return pad(data, 4) + text(value)


def build(kind, serial, fields, body=b''):
    array = b''
    for one in fields:
        array = pad(array, 8) + field(*one)
    head = struct.pack('<cBBBIII', b'l', kind, 1, 1, len(body), serial, len(array))
    return pad(head + array, 8) + body


class FakeBus:
    """Answers what a client needs to have a name; deaf_after names the call it answers last."""

    def __init__(self, path, deaf_after=None):
        self.address = f'unix:path={path}'
        self.deaf_after = deaf_after
        self.calls = []
        self.changed = threading.Condition()
        self.serial = 0
        self.connection = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for one in (self.listener, self.connection):
            if one is not None:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                one.close()
        self.thread.join(5)

    @property
    def env(self):
        return {'DBUS_SESSION_BUS_ADDRESS': self.address}

    def _serve(self):
        try:
            self.connection, _ = self.listener.accept()
            if self.deaf_after != 'connect':
                self._authenticate(self.connection.makefile('rb'))
        except (OSError, ValueError):
            pass

    def _authenticate(self, stream):
        assert stream.read(1) == b'\0'
        for line in stream:
            words = line.split()
            if words[0] == b'BEGIN':
                break
            if words == [b'AUTH']:
                self.connection.sendall(b'REJECTED EXTERNAL\r\n')
            elif words[0] == b'AUTH':
                self.connection.sendall(b'OK 0123456789abcdef0123456789abcdef\r\n')
            else:
                self.connection.sendall(b'ERROR\r\n')
        if self.deaf_after != 'auth':
            self._answer(stream)

    def _answer(self, stream):
        while True:
            head = stream.read(16)
            if len(head) < 16:
                return
            _, kind, _, _, length, serial, size = struct.unpack('<cBBBIII', head)
            fields = stream.read(size + -size % 8)
            stream.read(length)
            if kind != METHOD_CALL:
                continue
            member = self._find_member(fields)
            self._reply(member, serial)
            with self.changed:
                self.calls.append(member)
                self.changed.notify_all()
            if member == self.deaf_after:
                return

    @staticmethod
    def _find_member(fields):
        at = fields.index(bytes([MEMBER, 1, ord('s'), 0]))
        length, = struct.unpack_from('<I', fields, at + 4)
        return fields[at + 8:at + 8 + length].decode()

    def _reply(self, member, serial):
        signature, body = {'Hello': ('s', text(CLIENT)),
                           'RequestName': ('u', struct.pack('<I', 1)),
                           'ReleaseName': ('u', struct.pack('<I', 1))}.get(member, (None, b''))
        fields = [(REPLY_SERIAL, 'u', serial), (SENDER, 's', BUS), (DESTINATION, 's', CLIENT)]
        if signature:
            fields.append((SIGNATURE, 'g', signature))
        self._send(METHOD_RETURN, fields, body)

    def _send(self, kind, fields, body):
        self.serial += 1
        self.connection.sendall(build(kind, self.serial, fields, body))

    def send_name_signal(self, member, name):
        """Tell the client that it has or has not a name."""
        self._send(SIGNAL, [(PATH, 'o', '/org/freedesktop/DBus'), (INTERFACE, 's', BUS),
                            (MEMBER, 's', member), (SENDER, 's', BUS), (DESTINATION, 's', CLIENT),
                            (SIGNATURE, 'g', 's')], text(name))

    def wait_call(self, member, timeout):
        with self.changed:
            assert self.changed.wait_for(lambda: member in self.calls, timeout), self.calls
