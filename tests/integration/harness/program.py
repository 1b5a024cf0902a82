# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs commands of the program, on pipes and on a terminal."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from .processes import PATIENCE, descendants, is_running, wait_until
from .server import PROGRAM

TIMEOUT = 20


def environment(env):
    """Return the variables for a program, in English; None takes one away."""
    merged = {**os.environ, 'LC_ALL': 'C.UTF-8', **(env or {})}
    return {name: value for name, value in merged.items() if value is not None}


def run(*arguments, env=None, stdin=None, timeout=TIMEOUT, **options):
    """Run the program on pipes; output is bytes."""
    given = {'input': stdin} if stdin is not None else {'stdin': subprocess.DEVNULL}
    return subprocess.run([PROGRAM, *arguments], capture_output=True, check=False,
                          timeout=timeout * PATIENCE, env=environment(env), **given, **options)


class Running:
    """The program while it runs, with all processes that it has started."""

    def __init__(self, *arguments, env=None, **options):
        self.process = subprocess.Popen([PROGRAM, *arguments], env=environment(env),
                                        stdin=options.pop('stdin', subprocess.DEVNULL), **options)
        self.pid = self.process.pid
        self.seen = set()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def look(self):
        """Remember the processes that are there now; they must be gone at the end."""
        self.seen.update(descendants(self.pid))
        return self.seen

    def signal(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def wait(self, timeout=TIMEOUT):
        return self.process.wait(timeout * PATIENCE)

    def check_nothing_left(self):
        wait_until(lambda: not any(map(is_running, self.seen)), 'processes left behind')


class Terminal(Running):
    """The program with a terminal of its own for all three streams, or for those not given."""

    def __init__(self, *arguments, env=None, size=None, **options):
        self.master, slave = pty.openpty()
        if size:
            self.resize(*size)
        streams = {name: slave for name in ('stdin', 'stdout', 'stderr')} | options
        self.text = ''
        super().__init__(*arguments, env={'TERM': 'xterm', 'NO_COLOR': None, **(env or {})},
                         start_new_session=True,
                         preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0), **streams)
        os.close(slave)

    def __exit__(self, *error):
        super().__exit__(*error)
        os.close(self.master)

    def resize(self, columns, rows):
        """Whoever is in the foreground is told by a signal."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.master, keys)

    def _read(self, deadline):
        ready, _, _ = select.select([self.master], [], [], max(deadline - time.monotonic(), 0))
        assert ready, f'nothing more came after {self.text!r}'
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the last one who had it has closed it
            data = b''
        self.text += data.decode(errors='replace').replace('\r\n', '\n')
        return data

    def expect(self, words):
        """Read until there are these words."""
        deadline = time.monotonic() + TIMEOUT * PATIENCE
        while words not in self.text:
            assert self._read(deadline), f'no {words!r} in {self.text!r}'

    def read_all(self):
        """Read to the end and return all that was shown."""
        deadline = time.monotonic() + TIMEOUT * PATIENCE
        while self._read(deadline):
            pass
        return self.text
