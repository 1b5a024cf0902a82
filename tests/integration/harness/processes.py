# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks at processes from outside, through /proc."""

import os
import time
from pathlib import Path

# A machine that is busy, or a build with sanitizers, takes longer for everything.
PATIENCE = float(os.environ.get('RUNTIMEUSE_TEST_PATIENCE', '1'))
SANITIZED = os.environ.get('RUNTIMEUSE_TEST_SANITIZED', '0') == '1'

# One process that owns a command's tree; some are kept ready for the next command.
STUB = 'runtimeuse-job'


def wait_until(condition, what, timeout=5.0):
    """Wait for something that another process does and nobody announces."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f'timed out: {what}'
        time.sleep(0.005)


def read_proc(pid, name):
    """Return the text of /proc/PID/NAME, or nothing when the process is gone."""
    try:
        return Path(f'/proc/{pid}/{name}').read_bytes().decode(errors='replace')
    except OSError:
        return ''


def children(pid):
    found = []
    try:
        tasks = os.listdir(f'/proc/{pid}/task')
    except OSError:
        return found
    for task in tasks:
        found += map(int, read_proc(pid, f'task/{task}/children').split())
    return found


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def name_of(pid):
    return read_proc(pid, 'comm').strip()


def is_running(pid):
    """Whether a process exists and is more than an entry that its parent has yet to read."""
    state = status_field(pid, 'State')
    return bool(state) and not state.startswith('Z')


def find_marked(marker):
    """Return the processes that have a marker in their command line."""
    found = []
    for entry in os.listdir('/proc'):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        if marker in read_proc(entry, 'cmdline').split('\0'):
            found.append(int(entry))
    return found


def descriptors(pid):
    """Return what the descriptors of a process lead to.

    Only root can see those of the program, which is not dumpable; for others there are none.
    """
    found = {}
    try:
        for name in os.listdir(f'/proc/{pid}/fd'):
            try:
                found[int(name)] = os.readlink(f'/proc/{pid}/fd/{name}')
            except FileNotFoundError:
                continue
    except (FileNotFoundError, PermissionError):
        pass
    return found


def status_field(pid, field):
    for line in read_proc(pid, 'status').splitlines():
        if line.startswith(field + ':'):
            return line.split(':', 1)[1].strip()
    return ''


def resident_mib(pid, field='VmRSS'):
    return int(status_field(pid, field).split()[0]) / 1024


def check_soon(seconds, attempt):
    """Check how long an attempt took, which it returns. The machine may have paused in one of them,
    not in all."""
    times = [attempt()]
    while times[-1] > seconds * PATIENCE:
        assert len(times) < 3, f'it took {times} s'
        times.append(attempt())
