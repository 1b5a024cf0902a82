# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bus of one's own, and somebody who speaks to it."""

import json
import os
import queue
import re
import subprocess
import threading
import time
from pathlib import Path

from .processes import PATIENCE
from .server import PROGRAM

PYTHON = '/usr/bin/python3'
PROBE = Path(__file__).resolve().parents[1] / 'bus_probe.py'
TIMEOUT = 10
PROPERTIES = 'org.freedesktop.DBus.Properties'
INSTALLED = 'share/dbus-1/interfaces/*.Manager.xml'
OBJECT_MANAGER = 'org.freedesktop.DBus.ObjectManager'

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
"""


def find_names():
    """Return the name on the bus and the path, which only the build knows, or what it installed."""
    names = [os.environ.get(f'RUNTIMEUSE_TEST_BUS_{what}') for what in ('NAME', 'PATH')]
    if all(names):
        return names
    for file in Path(os.environ.get('RUNTIMEUSE_TEST_PREFIX') or '/nonexistent').glob(INSTALLED):
        name = file.name.removesuffix('.Manager.xml')
        return name, '/' + name.replace('.', '/')
    text = (Path(PROGRAM).resolve().parents[2] / 'config.h').read_text()
    return [re.search(rf'#define BUS_{what} "(.*)"', text)[1] for what in ('NAME', 'PATH')]


NAME, PATH = find_names()
MANAGER, SESSION = f'{NAME}.Manager', f'{NAME}.Session'


class Bus:
    """A bus that nobody else knows; it can be stopped and started again."""

    def __init__(self, folder, services=None, env=None):
        self.folder = Path(folder)
        self.services = services or self.folder / 'services'
        for path in (self.folder, self.services):
            path.mkdir(parents=True, exist_ok=True)
        self.socket = self.folder / 'bus'
        self.address = f'unix:path={self.socket}'
        self.config = self.folder / 'bus.conf'
        self.config.write_text(CONFIG.format(socket=self.socket, services=self.services))
        self.process = None
        self.start(env)

    @property
    def env(self):
        return {'DBUS_SESSION_BUS_ADDRESS': self.address}

    def start(self, env=None):
        self.process = subprocess.Popen(
            ['dbus-daemon', f'--config-file={self.config}', '--nofork', '--print-address'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, **(env or {})})
        assert self.process.stdout.readline(), 'the bus did not start'

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait(TIMEOUT * PATIENCE)
        self.process.stdout.close()
        self.process = None
        self.socket.unlink(missing_ok=True)


class Probe:
    """Somebody on the bus, in a process with bindings."""

    def __init__(self, bus, subscribed=False):
        self.process = subprocess.Popen(
            [PYTHON, str(PROBE), bus.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.count = 0
        self.signals = []
        self.answers = {}
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.name = self._next(time.monotonic() + TIMEOUT * PATIENCE)['ready']
        if subscribed:
            self.subscribe()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def _next(self, deadline):
        try:
            line = self.lines.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            raise AssertionError('nothing came from the bus') from None
        assert line is not None, 'the connection to the bus is gone'
        return line

    def _take(self, deadline):
        line = self._next(deadline)
        if 'signal' in line:
            self.signals.append(line)
        else:
            self.answers[line['number']] = line

    def ask(self, what, **members):
        self.count += 1
        self.process.stdin.write(json.dumps({'ask': what, 'number': self.count, **members}) + '\n')
        self.process.stdin.flush()
        return self.count

    def answer(self, number, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout * PATIENCE
        while number not in self.answers:
            self._take(deadline)
        return self.answers.pop(number)

    def subscribe(self, name=NAME):
        return self.answer(self.ask('subscribe', name=name))

    def begin(self, method, *arguments, signature='', path=PATH, interface=MANAGER, name=NAME,
              timeout=TIMEOUT, auto_start=False):
        return self.ask('call', name=name, path=path, interface=interface, method=method,
                        signature=signature, arguments=arguments, timeout=timeout * PATIENCE,
                        auto_start=auto_start)

    def try_call(self, method, *arguments, **options):
        """Return the whole answer, which may be an error."""
        return self.answer(self.begin(method, *arguments, **options))

    def call(self, method, *arguments, **options):
        answer = self.try_call(method, *arguments, **options)
        assert 'value' in answer, answer
        return answer['value']

    def flood(self, method, *arguments, count, window, signature='', path=PATH,
              interface=MANAGER, name=NAME):
        return self.ask('flood', name=name, path=path, interface=interface, method=method,
                        signature=signature, arguments=arguments, count=count, window=window)

    def get(self, name, path=PATH, interface=MANAGER):
        return self.call('Get', interface, name, signature='(ss)', path=path,
                         interface=PROPERTIES)[0]

    def get_all(self, path=PATH, interface=MANAGER):
        return self.call('GetAll', interface, signature='(s)', path=path, interface=PROPERTIES)[0]

    def sessions(self):
        """Return the properties of all sessions, by their paths."""
        objects = self.call('GetManagedObjects', interface=OBJECT_MANAGER)[0]
        return {path: interfaces[SESSION] for path, interfaces in objects.items()}

    def wait_for_name(self, timeout=TIMEOUT):
        """Wait until the server is on the bus."""
        deadline = time.monotonic() + timeout * PATIENCE
        while not self.has_name():
            assert time.monotonic() < deadline, 'nobody has the name'
            time.sleep(0.005)

    def has_name(self, name=NAME):
        return self.call('NameHasOwner', name, signature='(s)', path='/org/freedesktop/DBus',
                         interface='org.freedesktop.DBus', name='org.freedesktop.DBus')[0]

    def wait_signal(self, name, accept=lambda signal: True, timeout=TIMEOUT):
        """Return the first signal of that name that is accepted, and forget those before it."""
        deadline = time.monotonic() + timeout * PATIENCE
        seen = 0
        while True:
            while seen < len(self.signals):
                signal = self.signals[seen]
                seen += 1
                if signal['signal'] == name and accept(signal):
                    del self.signals[:seen]
                    return signal
            try:
                self._take(deadline)
            except AssertionError as error:
                raise AssertionError(f'no {name} among {self.signals}: {error}') from None

    def wait_change(self, timeout=TIMEOUT, path=None, **values):
        """Wait until all these properties were told, in any number of signals."""
        left = dict(values)

        def note(signal):
            if path is not None and signal['path'] != path:
                return False
            for name, value in signal['arguments'][1].items():
                if name in left and left[name] == value:
                    del left[name]
            return not left

        return self.wait_signal('PropertiesChanged', note, timeout)

    def wait_session(self):
        """Return the path of the next session that appears, and its properties."""
        signal = self.wait_signal('InterfacesAdded')
        path, interfaces = signal['arguments']
        return path, interfaces[SESSION]

    def close(self):
        self.process.stdin.close()
        self.process.wait(TIMEOUT * PATIENCE)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0] is not None:
            self.process.kill()
        self.close()
