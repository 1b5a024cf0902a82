# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real systemd for a system, as process 1 of what looks to it like a container."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .processes import PATIENCE, descendants, wait_until
from .systemd import MANAGER, find_manager

# It gets an /etc, /run and /var of its own, and may change nothing of the kernel.
SYSTEM = """
set -e
mount -t tmpfs none /run
mount -t tmpfs none /var
mkdir -p /var/lib /var/cache /var/log
mkdir -m 1777 /var/tmp
mkdir "$1/etc"
mount -t tmpfs none "$1/etc"
cp -a /etc/. "$1/etc"
rm -rf "$1/etc/runtimeuse"
cp -a "$1/configuration" "$1/etc/runtimeuse"
mount --bind "$1/etc" /etc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
umount --lazy /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mount --make-rshared /
export container=other
exec "$2" --system --unit=multi-user.target --log-target=console --show-status=no
"""

# Of the units that systemd brings, the few without which it cannot begin and end.
BASIC_UNITS = ('basic.target', 'final.target', 'multi-user.target', 'network-online.target',
               'paths.target', 'shutdown.target', 'slices.target', 'sockets.target',
               'sysinit.target', 'timers.target', 'umount.target')
UNITS_OF_SYSTEM = Path('/usr/lib/systemd/system')

# What units may not see of the file system, or not as it is.
HIDDEN = ('/home', '/root', '/run', '/tmp', '/var/tmp')


class SystemManager:
    """A systemd with these units, and with these files in /etc/runtimeuse."""

    def __init__(self, folder, units, configuration):
        self.folder = Path(folder)
        for name in ('units', 'configuration'):
            (self.folder / name).mkdir()
        for name in BASIC_UNITS:
            shutil.copy(UNITS_OF_SYSTEM / name, self.folder / 'units')
        for name, text in units.items():
            (self.folder / 'units' / name).write_text(text)
        for name, text in configuration.items():
            path = self.folder / 'configuration' / name
            path.write_text(text)
            path.chmod(0o600 if name.endswith('.token') else 0o644)
        self.log_path = self.folder / 'manager.log'
        self.process = None
        self.pid = None

    def start(self):
        command = ['unshare', '--cgroup', '--pid', '--ipc', '--uts', '--fork', '--kill-child',
                   '--mount-proc', '--propagation', 'unchanged',
                   'sh', '-c', SYSTEM, 'sh', str(self.folder), find_manager()]
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(
                ['unshare', '--mount', sys.executable, '-c', MANAGER,
                 f'runtimeuse-test-{os.getpid()}-system', '1', *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, 'SYSTEMD_UNIT_PATH': str(self.folder / 'units')})
        wait_until(lambda: self.process.poll() is not None or self._is_up(), 'a systemd')
        return self.process.poll() is None

    def _is_up(self):
        self.pid = next(filter(is_manager, descendants(self.process.pid)), None)
        return self.pid is not None and self.control(
            'is-active', 'multi-user.target', check=False).stdout == 'active\n'

    @property
    def log(self):
        return self.log_path.read_text(errors='replace')

    def control(self, *arguments, check=True):
        done = subprocess.run(['nsenter', f'--target={self.pid}', '--all', 'systemctl', *arguments],
                              text=True, capture_output=True, check=False, timeout=60 * PATIENCE)
        assert not check or done.returncode == 0, f'{arguments}: {done.stderr}{self.log}'
        return done

    def show(self, unit, name):
        return self.control('show', unit, f'--property={name}', '--value').stdout.strip()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20 * PATIENCE)
            finally:
                self.process.kill()
                self.process.wait()


def is_manager(pid):
    """Whether a process is the first one of a view of its own, and not its shell any more."""
    try:
        return Path(f'/proc/{pid}/comm').read_text() == 'systemd\n'
    except OSError:
        return False


def is_hidden(path):
    return any(Path(path).resolve().is_relative_to(folder) for folder in HIDDEN)
