# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lets the program find itself inside a Flatpak, which is no more than a file to it."""

import os

from . import processes
from .server import Server

APPLICATION = 'org.example.Test'


def make_info(folder, **policy):
    """Write what Flatpak tells about the sandbox; the policy is that of names on the bus."""
    info = folder / 'flatpak-info'
    lines = ['[Application]', f'name={APPLICATION}', '', '[Session Bus Policy]']
    lines += [f'{name}={value}' for name, value in policy.items()]
    info.write_text('\n'.join(lines) + '\n')
    return info


def prefix(info):
    """Return what to start a program with, so that it sees that file at the root of all."""
    command = ['bwrap', '--die-with-parent']
    for name in sorted(os.listdir('/')):
        path = f'/{name}'
        if os.path.islink(path):
            command += ['--symlink', os.readlink(path), path]
        elif os.path.isdir(path):
            command += ['--dev-bind', path, path]
    return [*command, '--ro-bind', str(info), '/.flatpak-info', '--']


class SandboxedServer(Server):
    """A server that finds itself inside a Flatpak."""

    def __init__(self, folder, info, *arguments, **options):
        super().__init__(folder, *arguments, prefix=prefix(info), **options)
        # What was started is bwrap, which waits for the program and has its status.
        self.pid, = processes.children(self.pid)

    def signal(self, number):
        os.kill(self.pid, number)
