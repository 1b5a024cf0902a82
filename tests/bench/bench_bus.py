#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measure the server over a bus. The figures are written as JSON.

Usage: bench_bus.py activation NAME PATH COUNT
       bench_bus.py cancel NAME PATH PORT COUNT
       bench_bus.py wait NAME PATH
       bench_bus.py crowd NAME PATH PORT COUNT SECONDS FOLDER PID

The bus is that of the session. For all but the first a server is on it, or will be.
"""

import contextlib
import json
import os
import resource
import selectors
import signal
import socket
import statistics
import sys
import threading
import time
from pathlib import Path

from gi.repository import Gio, GLib

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'integration'))

from harness import websocket  # noqa: E402
from harness.messages import CANCELLED, commands  # noqa: E402

PRINTS_PER_SECOND = 10
BUS = 'org.freedesktop.DBus'


class Caller:
    """Somebody on the bus who calls the server and waits for the answer."""

    def __init__(self, name, path):
        self.name, self.path = name, path
        self.connection = Gio.bus_get_sync(Gio.BusType.SESSION, None)

    def call(self, method, interface, path=None, arguments=None, name=None):
        return self.connection.call_sync(name or self.name, path or self.path, interface, method,
                                         arguments, None, Gio.DBusCallFlags.NONE, 20000, None)

    def get(self, property_name):
        return self.call('Get', f'{BUS}.Properties',
                         arguments=GLib.Variant('(ss)', (f'{self.name}.Manager', property_name))
                         ).unpack()[0]

    def get_objects(self):
        return self.call('GetManagedObjects', f'{BUS}.ObjectManager')

    def get_pid(self):
        return self.call('GetConnectionUnixProcessID', BUS, '/org/freedesktop/DBus',
                         GLib.Variant('(s)', (self.name,)), BUS).unpack()[0]


def wait_for_server(name, path):
    caller = Caller(name, path)
    deadline = time.monotonic() + 10
    while not caller.call('NameHasOwner', BUS, '/org/freedesktop/DBus',
                          GLib.Variant('(s)', (name,)), BUS).unpack()[0]:
        assert time.monotonic() < deadline, 'no server is on the bus'
        time.sleep(0.01)
    return {}


def wait_gone(pid):
    descriptor = os.pidfd_open(pid)
    signal.pidfd_send_signal(descriptor, signal.SIGTERM)
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        assert selector.select(10), 'the server does not end'
    os.close(descriptor)


def measure_activation(name, path, count):
    caller = Caller(name, path)
    times = []
    for _ in range(int(count)):
        started = time.perf_counter()
        caller.get('Version')
        times.append((time.perf_counter() - started) * 1000)
        wait_gone(caller.get_pid())
    return {'ms': statistics.median(times)}


def measure_cancel(name, path, port, count):
    """From the call over the bus to the terminal that the client of the request reads."""
    caller = Caller(name, path)
    times = []
    with websocket.connect(int(port)) as client:
        session, = caller.get_objects().unpack()[0]
        for _ in range(int(count)):
            client.send(commands('sleep 60 & sleep 61 & echo begun; sleep 62'))
            assert client.receive()['text'] == 'begun\n'
            started = time.perf_counter()
            caller.call('Cancel', f'{name}.Session', session)
            assert client.receive() == CANCELLED
            times.append((time.perf_counter() - started) * 1000)
    return {'ms': statistics.median(times)}


class Crowd:
    """Clients whose commands print what is written to pipes of theirs."""

    def __init__(self, port, count, folder):
        self.clients = [websocket.connect(port) for _ in range(count)]
        self.paths = [folder / str(number) for number in range(count)]
        self.pipes = []
        self.selector = selectors.DefaultSelector()
        self.stopped = threading.Event()
        self.received = 0

    def start(self):
        for client, path in zip(self.clients, self.paths):
            os.mkfifo(path)
            client.send(commands(f'exec cat {path}'))
        # Each waits until its command is there.
        self.pipes = [os.open(path, os.O_WRONLY) for path in self.paths]
        for client in self.clients:
            self.selector.register(client.socket, selectors.EVENT_READ)
        self.threads = [threading.Thread(target=work) for work in (self.write, self.read)]
        for thread in self.threads:
            thread.start()

    def write(self):
        while not self.stopped.wait(1 / PRINTS_PER_SECOND):
            for pipe in self.pipes:
                os.write(pipe, b'.\n')

    def read(self):
        while not self.stopped.is_set():
            for key, _ in self.selector.select(0.1):
                with contextlib.suppress(BlockingIOError):
                    self.received += len(key.fileobj.recv(65536, socket.MSG_DONTWAIT))

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        for pipe in self.pipes:
            os.close(pipe)
        for client in self.clients:
            client.socket.close()


def time_objects(caller, count):
    times = []
    for _ in range(count):
        started = time.perf_counter()
        caller.get_objects()
        times.append((time.perf_counter() - started) * 1000)
        # No more than others are allowed.
        time.sleep(0.3)
    return statistics.median(times)


def read_cpu(pid):
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def count_signals(caller, seconds):
    """Return how many signals of sessions came, and the most of one session."""
    counts = {}

    def note(connection, sender, path, interface, name, parameters):
        counts[path] = counts.get(path, 0) + 1

    subscription = caller.connection.signal_subscribe(
        caller.name, f'{BUS}.Properties', None, None, None, Gio.DBusSignalFlags.NONE, note)
    loop = GLib.MainLoop()
    GLib.timeout_add(int(seconds * 1000), loop.quit)
    loop.run()
    caller.connection.signal_unsubscribe(subscription)
    counts.pop(caller.path, None)
    return counts


def measure_crowd(name, path, port, count, seconds, folder, pid):
    count, seconds = int(count), float(seconds)
    caller = Caller(name, path)
    crowd = Crowd(int(port), count, Path(folder))
    # What there is to tell of so many who come at once was told.
    deadline = time.monotonic() + 20
    while caller.get('SessionCount') < count and time.monotonic() < deadline:
        time.sleep(0.05)
    result = {'idle_ms': time_objects(caller, 7)}
    crowd.start()
    try:
        while caller.get('ActiveRequestCount') < count and time.monotonic() < deadline + 60:
            time.sleep(0.05)
        count_signals(caller, 6)
        before, received = read_cpu(pid), crowd.received
        counts = count_signals(caller, seconds)
        result['cpu_percent'] = (read_cpu(pid) - before) / seconds * 100
        result['mib_received'] = (crowd.received - received) / (1 << 20)
        result['printing_ms'] = time_objects(caller, 7)
    finally:
        crowd.stop()
    result['sessions'] = len(counts)
    result['signals_each'] = sum(counts.values()) / count / seconds
    result['most_signals'] = max(counts.values()) / seconds
    return result


def main(what, *arguments):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    measure = {'activation': measure_activation, 'cancel': measure_cancel,
               'crowd': measure_crowd, 'wait': wait_for_server}[what]
    print(json.dumps(measure(*arguments)))


if __name__ == '__main__':
    main(*sys.argv[1:])
