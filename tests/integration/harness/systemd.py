# SPDX-License-Identifier: LGPL-2.1-or-later
"""What systemd is to a service: sockets, news, units and scopes."""

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .processes import PATIENCE, wait_until
from .server import PROGRAM, Server

TIMEOUT = 10
FIRST = 3

# Becomes the program as a service manager does: sockets from 3 on, and the number of the process.
LAUNCHER = """
import os, sys
for number in range(int(os.environ['LISTEN_FDS_REALLY'])):
    os.dup2(100 + number, 3 + number, inheritable=True)
del os.environ['LISTEN_FDS_REALLY']
os.environ.setdefault('LISTEN_PID', str(os.getpid()))
os.environ.setdefault('WATCHDOG_PID', str(os.getpid()))
os.closerange(3 + int(sys.argv[1]), 200)
os.execv(sys.argv[2], sys.argv[2:])
"""

# Runs a systemd in a view of its own of what tells that systemd runs, and of the control groups.
# Leaves nothing of it when it ends: it has some seconds for that, and is killed then.
# Arguments: GROUP SECONDS COMMAND…
MANAGER = """
import os, signal, subprocess, sys, time

def mount(*arguments):
    subprocess.run(['mount', *arguments], check=True)

group = '/sys/fs/cgroup/' + sys.argv[1]
mount('--make-rprivate', '/')
os.makedirs('/run/systemd', exist_ok=True)
mount('-t', 'tmpfs', 'none', '/run/systemd')
os.mkdir('/run/systemd/system')
subprocess.run(['umount', '--lazy', '/sys/fs/cgroup'], stderr=subprocess.DEVNULL)
mount('-t', 'cgroup2', 'none', '/sys/fs/cgroup')
os.mkdir(group)

def enter():
    with open(group + '/cgroup.procs', 'w') as procs:
        procs.write('0')

child = subprocess.Popen(sys.argv[3:], preexec_fn=enter)
signal.signal(signal.SIGTERM, lambda *_: signal.alarm(int(sys.argv[2])) or child.terminate())
signal.signal(signal.SIGALRM, lambda *_: child.kill())
child.wait()
if os.path.exists(group + '/cgroup.kill'):
    with open(group + '/cgroup.kill', 'w') as kill:
        kill.write('1')
deadline = time.monotonic() + 10
while os.path.exists(group) and time.monotonic() < deadline:
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            time.sleep(0.01)
"""

# Of the units that systemd brings, the few without which it cannot begin and end.
BASIC_UNITS = ('app.slice', 'basic.target', 'default.target', 'exit.target', 'paths.target',
               'shutdown.target', 'sockets.target', 'systemd-exit.service', 'timers.target')
SYSTEM_UNITS = Path('/usr/lib/systemd/user')

# A bus as a unit, which systemd serves as well; what has no unit it starts by itself.
BUS_UNITS = {
    'dbus.socket': '[Socket]\nListenStream=%t/bus\n',
    'dbus.service': '[Unit]\nRequires=dbus.socket\nAfter=dbus.socket\n[Service]\nType=notify\n'
                    'NotifyAccess=main\nExecStart=dbus-daemon --session --address=systemd: '
                    '--nofork --nopidfile --systemd-activation --syslog-only\n',
}


class InheritedServer(Server):
    """A server that is passed descriptors, as by a service manager."""

    def __init__(self, folder, descriptors, *arguments, variables=None, **options):
        self.passed = descriptors
        lifted = [(100 + number, fd) for number, fd in enumerate(descriptors)]
        env = {'LISTEN_FDS': str(len(descriptors)), **(variables or {}),
               'LISTEN_FDS_REALLY': str(len(descriptors))}
        with passing(lifted):
            super().__init__(
                folder, *arguments, env={**env, **options.pop('env', {})},
                prefix=(sys.executable, '-c', LAUNCHER, str(len(descriptors))),
                pass_fds=[number for number, _ in lifted], **options)


class passing:
    """Puts descriptors where the launcher looks for them, for a moment."""

    def __init__(self, lifted):
        self.lifted = lifted

    def __enter__(self):
        for number, fd in self.lifted:
            os.dup2(fd, number, inheritable=True)

    def __exit__(self, *error):
        for number, _ in self.lifted:
            os.close(number)


def start_with(descriptors, *arguments, variables=None, timeout=TIMEOUT):
    """Run the program to its end with descriptors passed to it."""
    lifted = [(100 + number, fd) for number, fd in enumerate(descriptors)]
    env = {**os.environ, 'LC_ALL': 'C.UTF-8', 'LISTEN_FDS': str(len(descriptors)),
           **(variables or {}), 'LISTEN_FDS_REALLY': str(len(descriptors))}
    with passing(lifted):
        return subprocess.run(
            [sys.executable, '-c', LAUNCHER, str(len(descriptors)), PROGRAM, *arguments],
            env=env, pass_fds=[number for number, _ in lifted], capture_output=True, text=True,
            check=False, timeout=timeout * PATIENCE)


class News:
    """The socket that services tell their manager by."""

    def __init__(self, folder):
        self.path = str(Path(folder) / 'notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []

    def close(self):
        self.socket.close()

    def _take(self, timeout):
        ready, _, _ = select.select([self.socket], [], [], timeout)
        if not ready:
            return False
        self.heard += self.socket.recv(4096).decode().splitlines()
        return True

    def wait_for(self, line):
        deadline = time.monotonic() + TIMEOUT * PATIENCE
        while line not in self.heard:
            left = deadline - time.monotonic()
            assert left > 0 and self._take(left), f'no {line!r} in {self.heard}'
        return self.heard

    def rest(self):
        while self._take(0):
            pass
        return self.heard


class UserManager:
    """A real systemd for one user, with units, folders and a bus of its own."""

    def __init__(self, folder, units=()):
        self.folder = Path(folder)
        # Addresses of sockets are short.
        self.runtime = Path(tempfile.mkdtemp(prefix='rt-'))
        self.units = self.folder / 'units'
        self.home = self.folder / 'home'
        for path in (self.units, self.home):
            path.mkdir(parents=True)
        for name in BASIC_UNITS:
            shutil.copy(SYSTEM_UNITS / name, self.units)
        for name, text in {**BUS_UNITS, **dict(units)}.items():
            (self.units / name).write_text(text)
        self.services = self.folder / 'data/dbus-1/services'
        self.services.mkdir(parents=True)
        self.env = {**os.environ, 'HOME': str(self.home),
                    'XDG_RUNTIME_DIR': str(self.runtime),
                    'XDG_DATA_HOME': str(self.folder / 'data'),
                    'DBUS_SESSION_BUS_ADDRESS': f'unix:path={self.runtime}/bus'}
        self.log_path = self.folder / 'manager.log'
        self.process = None

    def start(self):
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(
                ['unshare', '--mount', sys.executable, '-c', MANAGER,
                 f'runtimeuse-test-{os.getpid()}-{self.runtime.name}', '10',
                 find_manager(), '--user', '--log-target=console'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**self.env, 'SYSTEMD_UNIT_PATH': str(self.units),
                     'SYSTEMD_LOG_LEVEL': 'info'})
        private = self.runtime / 'systemd/private'
        wait_until(lambda: private.exists() or self.process.poll() is not None, 'a systemd')
        wait_until(lambda: self.process.poll() is not None or
                   self.control('is-active', 'default.target', check=False).stdout == 'active\n',
                   'the units of a systemd')
        if self.process.poll() is None:
            self.control('start', 'dbus.socket', 'dbus.service')
        return self.process.poll() is None

    @property
    def log(self):
        return self.log_path.read_text(errors='replace')

    def control(self, *arguments, check=True):
        done = subprocess.run(['systemctl', '--user', *arguments], env=self.env, text=True,
                              capture_output=True, check=False, timeout=60 * PATIENCE)
        assert not check or done.returncode == 0, f'{arguments}: {done.stderr}{self.log}'
        return done

    def show(self, unit, *properties):
        text = self.control('show', unit, *[f'--property={name}' for name in properties]).stdout
        return dict(line.split('=', 1) for line in text.splitlines())

    def list(self, pattern):
        text = self.control('list-units', '--all', '--plain', '--no-legend', pattern).stdout
        return [line.split()[0] for line in text.splitlines()]

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20 * PATIENCE)
            finally:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.runtime, ignore_errors=True)


def find_units():
    """Return where the units are, which are in two folders when they are installed."""
    given = os.environ.get('RUNTIMEUSE_TEST_UNITS')
    folders = given.split(':') if given else [Path(PROGRAM).resolve().parents[2] / 'data/systemd']
    return {path.name: path for folder in folders for path in Path(folder).glob('runtimeuse*.*')
            if path.is_file()}


def find_manager():
    """Return the program that is the manager, or nothing."""
    for path in ('/usr/lib/systemd/systemd', '/lib/systemd/systemd'):
        if os.access(path, os.X_OK):
            return path
    return None


def why_no_manager():
    """Say why no systemd can be started here, or return nothing."""
    if os.geteuid() != 0:
        return 'only root can start a systemd with a view of its own'
    if find_manager() is None:
        return 'there is no systemd'
    tried = subprocess.run(
        ['unshare', '--mount', 'sh', '-c', 'mount --make-rprivate / && mount -t tmpfs none /run && '
         'umount -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup && '
         f'mkdir /sys/fs/cgroup/runtimeuse-try-{os.getpid()} && '
         f'rmdir /sys/fs/cgroup/runtimeuse-try-{os.getpid()}'],
        capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else None
