# SPDX-License-Identifier: LGPL-2.1-or-later
"""A command that does all it can to outlive its session.

Usage: escape_artist.py MARKER

It leaves a daemon that is in a session of its own and has another parent,
ignores every signal that can be ignored, clears its environment, and a chain
of processes each of which starts the next and ends.
"""

import os
import signal
import sys
import time


def detach():
    """Fork twice, so that the parent is gone and nobody waits for us."""
    if os.fork():
        return False
    os.setsid()
    if os.fork():
        os._exit(0)
    return True


def ignore_signals():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)


def fork_on():
    """Each generation lives for a moment, in a session of its own."""
    while True:
        time.sleep(0.005)
        if os.fork():
            os._exit(0)
        os.setsid()


def stay():
    while True:
        signal.pause()


def main():
    ignore_signals()
    ready_read, ready_write = os.pipe()
    os.set_inheritable(ready_write, True)
    for life in (stay, stay, fork_on):
        if not detach():
            continue
        os.write(ready_write, b'x')
        life()

    # The environment went with the exec; the marker in argv is for the test alone.
    if not os.fork():
        os.execve(sys.executable, [sys.executable, '-c',
                                   f'import os, signal; os.write({ready_write}, b"x"); '
                                   'signal.pause()', sys.argv[1]], {})
    for _ in range(4):
        os.read(ready_read, 1)
    os.write(1, b'escaped\n')
    stay()


main()
