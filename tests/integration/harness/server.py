# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program under test as a process."""

import contextlib
import os
import re
import resource
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

from . import processes
from .processes import PATIENCE, STUB, wait_until

PROGRAM = os.environ.get('RUNTIMEUSE_PROGRAM') or str(
    Path(__file__).resolve().parents[3] / 'build/src/cli/runtimeuse')
READY = re.compile(r'listening on (?:port (\d+)|unix:)')
START_TIMEOUT = 8
STOP_TIMEOUT = 5


@contextlib.contextmanager
def kept_port():
    """Keep a port that nobody gets by chance and that who asks for it can listen on."""
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(('127.0.0.1', 0))
        yield keeper.getsockname()[1]


class Server:
    """A running server with a folder, a log and a port of its own."""

    def __init__(self, folder, *arguments, agent='echo', port=0, env=None, limit=None,
                 prefix=(), pass_fds=()):
        self.folder = Path(folder)
        self.work = self.folder / 'work'
        self.temporary = self.folder / 'tmp'
        self.log_path = self.folder / 'log'
        for path in (self.work, self.temporary):
            path.mkdir(parents=True, exist_ok=True)

        command = [*prefix, PROGRAM, *arguments]
        if port is not None:
            command += ['--port', str(port)]
        if agent:
            command += ['--agent', agent]
        environment = {**os.environ, 'TMPDIR': str(self.temporary), **(env or {})}
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(
                command, cwd=self.work, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, pass_fds=pass_fds,
                preexec_fn=(lambda: set_limit(limit)) if limit else None)
        self.pid = self.process.pid
        self.stdout = ''
        self.port = self._read_port()
        self.base = None

    def _read_port(self):
        deadline = time.monotonic() + START_TIMEOUT * PATIENCE
        while True:
            match = READY.search(self.stdout)
            if match and '\n' in self.stdout[match.end():]:
                return int(match[1] or 0)
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            data = os.read(self.process.stdout.fileno(), 4096) if ready else b''
            if not data:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f'the server did not start: {self.log}')
            self.stdout += data.decode()

    @property
    def log(self):
        return self.log_path.read_text(encoding='utf-8', errors='replace')

    @property
    def url(self):
        return f'ws://127.0.0.1:{self.port}'

    def stubs(self):
        return [pid for pid in processes.children(self.pid) if processes.name_of(pid) == STUB]

    def busy_processes(self):
        """Return all children except stubs that wait for work."""
        return [pid for pid in processes.descendants(self.pid)
                if pid not in self.stubs() or processes.children(pid)]

    def count_descriptors(self):
        """Count the descriptors, without those that belong to stubs kept ready."""
        links = list(processes.descriptors(self.pid).values())
        stubs = len(self.stubs()) if links else 0
        counts = {kind: sum(kind in link for link in links) - stubs
                  for kind in ('socket:', 'pidfd', f'memfd:{STUB}')}
        counts['others'] = len(links) - sum(counts.values()) - stubs * len(counts)
        return counts

    def check_at_rest(self, descriptors=True):
        """Check that nothing of any session is left, and that the server lives."""
        assert self.process.poll() is None, f'the server ended: {self.log}'
        wait_until(lambda: not self.busy_processes(), 'processes left')
        if self.base is None or not descriptors:
            return
        wait_until(lambda: self.count_descriptors() == self.base,
                   f'descriptors left: {self.base} grew to {self.count_descriptors()}')

    def check_log(self):
        """Check that the log has no complaint of GLib or of a sanitizer."""
        for word in ('CRITICAL', 'Sanitizer', 'runtime error:'):
            assert word not in self.log, self.log

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=STOP_TIMEOUT):
        status = self.process.wait(timeout * PATIENCE)
        self.process.stdout.close()
        return status

    def stop(self):
        """Stop the server and check that nothing of it is left."""
        if self.process.returncode is not None:
            return
        before = processes.descendants(self.pid)
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            assert self.wait() == 0, self.log
        finally:
            self.process.kill()
        wait_until(lambda: not any(map(processes.is_running, before)), 'processes left behind')
        left = list(self.temporary.iterdir())
        assert not left, f'temporary files left behind: {left}'
        self.check_log()


def set_limit(limit):
    soft, hard = limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
