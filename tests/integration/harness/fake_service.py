# SPDX-License-Identifier: LGPL-2.1-or-later
"""Something that takes the place of the service on a bus, and what a bus can be asked about it."""

import json
import os
import select
import subprocess
import time
from pathlib import Path

from .bus import NAME, PATH, PYTHON, TIMEOUT, Bus
from .processes import PATIENCE

PROGRAM = Path(__file__).resolve().parents[1] / 'bus_service.py'


def read_line(stream, pending, timeout=TIMEOUT):
    """Read a line without the end from an unbuffered stream; @pending has what came too early."""
    deadline = time.monotonic() + timeout * PATIENCE
    while b'\n' not in pending:
        ready, _, _ = select.select([stream], [], [], max(deadline - time.monotonic(), 0))
        assert ready, f'no line came, only {bytes(pending)!r}'
        data = os.read(stream.fileno(), 65536)
        assert data, f'the end came after {bytes(pending)!r}'
        pending += data
    line, _, rest = bytes(pending).partition(b'\n')
    pending[:] = rest
    return line.decode()


class StartingBus(Bus):
    """A bus that starts what was added to it, for who asks for the name."""

    def add_service(self, name, script):
        path = self.folder / f'start-{name}'
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)
        (self.services / f'{name}.service').write_text(
            f'[D-BUS Service]\nName={name}\nExec={path}\n')
        self.call('org.freedesktop.DBus', '/org/freedesktop/DBus',
                  'org.freedesktop.DBus.ReloadConfig')

    def call(self, name, path, method, *arguments):
        command = ['gdbus', 'call', '--session', '--dest', name, '--object-path', path,
                   '--method', method, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True,
                              timeout=TIMEOUT * PATIENCE, env={**os.environ, **self.env})
        return done.stdout

    def has_owner(self, name=NAME):
        return 'true' in self.call('org.freedesktop.DBus', '/org/freedesktop/DBus',
                                   'org.freedesktop.DBus.NameHasOwner', name)


class FakeService:
    """Does on the bus what a test tells it; see bus_service.py."""

    def __init__(self, bus, own=True):
        self.process = subprocess.Popen(
            [PYTHON, str(PROGRAM), NAME, PATH], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, bufsize=0, env={**os.environ, **bus.env, 'G_DEBUG': ''})
        self.pid = self.process.pid
        self.pending = bytearray()
        self.calls = []
        self.expect('ready')
        if own:
            self.own()

    def expect(self, word):
        """Read until the answer that has this word; remember the calls before it."""
        while True:
            said = json.loads(read_line(self.process.stdout, self.pending))
            if 'called' in said:
                path, method = said['called']
                self.calls.append((path.removeprefix(f'{PATH}/session/'), method))
            if word in said:
                return said[word]

    def tell(self, word, *arguments):
        self.process.stdin.write(json.dumps([word, *arguments]).encode() + b'\n')
        self.expect('done')

    def own(self):
        self.tell('own')
        assert self.expect('owned')

    def add(self, identifier, **properties):
        self.tell('add', identifier, properties)

    def change(self, identifier, **properties):
        self.tell('change', identifier, properties)

    def remove(self, identifier):
        self.tell('remove', identifier)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
