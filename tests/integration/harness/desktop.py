# SPDX-License-Identifier: LGPL-2.1-or-later
"""Services of a desktop that are none: python-dbusmock takes their places on a bus."""

import subprocess
from pathlib import Path

from .bus import PYTHON
from .processes import PATIENCE, wait_until

MOCK = 'org.freedesktop.DBus.Mock'
TIMEOUT = 10
PORTAL = ('org.freedesktop.portal.Desktop', '/org/freedesktop/portal/desktop')


class Mock:
    """A service on the bus that does as it was told, and remembers how it was called."""

    def __init__(self, bus, name, path, interface, template=None):
        self.bus = bus
        self.name, self.path, self.interface = name, path, interface
        self.log = bus.folder / f'{name}.log'
        what = ['--template', template] if template else [name, path, interface]
        self.process = subprocess.Popen(
            [PYTHON, '-m', 'dbusmock', '--session', '--logfile', str(self.log), *what],
            stdin=subprocess.DEVNULL, env={**bus.env, 'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8'})
        try:
            subprocess.run(['gdbus', 'wait', '--address', bus.address, '--timeout',
                            str(int(TIMEOUT * PATIENCE)), name], check=True)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def ask(self, method, *arguments, interface=MOCK):
        """Arguments are in the words of GVariant."""
        done = subprocess.run(
            ['gdbus', 'call', '--address', self.bus.address, '--dest', self.name, '--object-path',
             self.path, '--method', f'{interface}.{method}', '--', *map(str, arguments)],
            capture_output=True, text=True, check=False, timeout=TIMEOUT * PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add_method(self, name, takes, gives, code=''):
        self.ask('AddMethod', self.interface, name, takes, gives, code)

    def emit(self, signal, signature, arguments):
        self.ask('EmitSignal', self.interface, signal, signature, arguments)

    def calls(self, method=''):
        """Return the lines about calls of a method, oldest first."""
        lines = Path(self.log).read_text(encoding='utf-8').splitlines() if self.log.exists() else []
        calls = [line.split(' ', 1)[1] for line in lines if ' ' in line]
        return [call for call in calls if call.split(' ', 1)[0] == method] if method else calls

    def wait_call(self, method, number=1):
        """Return what was said with the call of that number."""
        return wait_until(lambda: self.calls(method)[number - 1:number],
                          f'call {number} of {method} among {self.calls()}', TIMEOUT)[0]


def notification_daemon(bus, capabilities='actions body body-markup'):
    mock = Mock(bus, 'org.freedesktop.Notifications', '/org/freedesktop/Notifications',
                'org.freedesktop.Notifications', 'notification_daemon')
    if capabilities:
        mock.add_method('GetCapabilities', '', 'as', f'ret = {capabilities.split()!r}')
    return mock


def notification_portal(bus):
    mock = Mock(bus, *PORTAL, 'org.freedesktop.portal.Notification')
    mock.add_method('AddNotification', 'sa{sv}', '')
    mock.add_method('RemoveNotification', 's', '')
    return mock
