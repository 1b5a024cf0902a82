# SPDX-License-Identifier: LGPL-2.1-or-later
"""A handler host as a process, with the test in the place of the runtime."""

import collections
import fcntl
import json
import os
import select
import signal
import sys
import time
from pathlib import Path

from .processes import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get('RUNTIMEUSE_PROGRAM')
BUILD = Path(PROGRAM).parents[2] if PROGRAM else ROOT / 'build'
PREFIX = os.environ.get('RUNTIMEUSE_TEST_PREFIX')
HOSTS = Path(PREFIX, 'libexec/runtimeuse') if PREFIX else BUILD / 'src/handler-hosts'
NODE_MODULES = Path(os.environ.get('RUNTIMEUSE_TEST_NODE_MODULES') or BUILD / 'node_modules')
HANDLERS = Path(__file__).resolve().parents[1] / 'handlers'

TERMINALS = {'result', 'failed', 'cancelled'}
TIMEOUT = 10
# Above what is given to the host, so that nothing is put over it.
LOWEST_DESCRIPTOR = 10


def find_in_packages(pattern):
    """Find the program of a package that exists once for each kind of machine."""
    found = sorted(NODE_MODULES.glob(pattern))
    assert found, f'{NODE_MODULES} has no {pattern}: ./dev test installs it'
    return str(found[0])


def host_command(runtime):
    """Return how the host for one of the interpreters is started."""
    javascript = str(HOSTS / 'runtimeuse-host.mjs')
    if runtime == 'python':
        return [sys.executable, str(HOSTS / 'runtimeuse-host.py')]
    if runtime == 'node':
        return ['node', javascript]
    if runtime == 'node22':
        return [find_in_packages('node-linux-*/bin/node'), javascript]
    return [find_in_packages('@oven/bun-linux-*/bin/bun'), javascript]


def make_pipe():
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR))
        os.close(end)
    return ends


class Host:
    """A running host; what it prints goes to files in a folder."""

    def __init__(self, command, folder, env=None, ready=True, blocking=True):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.status = None
        self.buffer = b''
        self.lines = collections.deque()
        host_input, self.input = make_pipe()
        self.output, host_output = make_pipe()
        os.set_blocking(host_output, blocking)
        actions = [(os.POSIX_SPAWN_DUP2, host_input, 3), (os.POSIX_SPAWN_DUP2, host_output, 4),
                   (os.POSIX_SPAWN_OPEN, 0, '/dev/null', os.O_RDONLY, 0)]
        for descriptor, name in ((1, 'stdout'), (2, 'stderr')):
            actions.append((os.POSIX_SPAWN_OPEN, descriptor, str(self.folder / name),
                            os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        environment = {**os.environ, 'RUNTIMEUSE_HANDLER_PROTOCOL': '1', **(env or {})}
        self.pid = os.posix_spawnp(command[0], list(map(str, command)), environment,
                                   file_actions=actions)
        os.close(host_input)
        os.close(host_output)
        if ready:
            self.ready = self.receive()
            assert self.ready['type'] == 'ready', self.ready

    @property
    def stdout(self):
        return (self.folder / 'stdout').read_text(errors='replace')

    @property
    def stderr(self):
        return (self.folder / 'stderr').read_text(errors='replace')

    # to the host

    def send(self, **message):
        self.send_bytes(json.dumps(message).encode() + b'\n')

    def send_bytes(self, data):
        while data:
            data = data[os.write(self.input, data):]

    def invoke(self, identity, prompt, **fields):
        self.send(type='invoke', id=identity, invocation={
            'system_prompt': 's', 'user_prompt': prompt, 'model': 'm', 'secrets': [],
            'env': {}, **fields})

    def cancel(self, identity):
        self.send(type='cancel', id=identity)

    def close_input(self):
        if self.input is not None:
            os.close(self.input)
            self.input = None

    def close_output(self):
        if self.output is not None:
            os.close(self.output)
            self.output = None

    # from the host

    def read_more(self, timeout):
        """Read some bytes; return whether there were any in time."""
        readable, _, _ = select.select([self.output], [], [], max(timeout, 0))
        if not readable:
            return False
        data = os.read(self.output, 1 << 16)
        assert data, f'the host has closed its output: {self.stderr}'
        *lines, self.buffer = (self.buffer + data).split(b'\n')
        self.lines += lines
        return True

    def receive(self, deadline=None):
        """Return the next message."""
        if deadline is None:
            deadline = time.monotonic() + TIMEOUT * PATIENCE
        while not self.lines:
            assert self.read_more(deadline - time.monotonic()), f'no message: {self.stderr}'
        return json.loads(self.lines.popleft())

    def receive_type(self, kind):
        """Return the next message of a type, and drop those before it."""
        deadline = time.monotonic() + TIMEOUT * PATIENCE
        while True:
            message = self.receive(deadline)
            if message['type'] == kind:
                return message

    def collect(self, identity):
        """Return the messages of an invocation up to its end, which is the last of them."""
        found = []
        deadline = time.monotonic() + TIMEOUT * PATIENCE
        while not found or found[-1]['type'] not in TERMINALS:
            assert time.monotonic() < deadline, f'no end of {identity}: {self.stderr}'
            message = self.receive(deadline)
            if message.get('id') == identity:
                found.append(message)
        return found

    def run(self, identity, prompt, **fields):
        self.invoke(identity, prompt, **fields)
        return self.collect(identity)

    def outcome(self, identity, prompt, **fields):
        return self.run(identity, prompt, **fields)[-1]

    def drain(self):
        """Return what is there until the host closes its output."""
        rest = self.buffer
        while True:
            readable, _, _ = select.select([self.output], [], [], TIMEOUT * PATIENCE)
            assert readable, 'the host keeps its output open'
            data = os.read(self.output, 1 << 16)
            if not data:
                break
            rest += data
        self.buffer = b''
        lines = [*self.lines, *rest.split(b'\n')[:-1]]
        self.lines.clear()
        return [json.loads(line) for line in lines]

    # the process

    def poll(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def wait(self, timeout=5):
        wait_until(lambda: self.poll() is not None, f'the end of the host: {self.stderr}', timeout)
        return self.status

    def stop(self):
        self.close_input()
        self.close_output()
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
