# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lets the program find itself inside a Flatpak, which is no more than a file to it; and makes a
real one, with a runtime of the files that this system has.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import processes
from .processes import PATIENCE
from .server import PROGRAM, Server

APPLICATION = 'org.example.Test'
SESSION_HELPER = '/usr/libexec/flatpak-session-helper'
# Where Debian has what the runtimes of Flatpak have in /usr/bin.
SPAWN = Path('/usr/libexec/flatpak-xdg-utils/flatpak-spawn')


def make_info(folder, **policy):
    """Write what Flatpak tells about the sandbox; the policy is that of names on the bus."""
    info = folder / 'flatpak-info'
    lines = ['[Application]', f'name={APPLICATION}', '', '[Session Bus Policy]']
    lines += [f'{name}={value}' for name, value in policy.items()]
    info.write_text('\n'.join(lines) + '\n')
    return info


def prefix(info):
    """Return what to start a program with, so that it sees that file at the root of all."""
    command = [shutil.which('bwrap'), '--die-with-parent']
    for name in sorted(os.listdir('/')):
        path = f'/{name}'
        if os.path.islink(path):
            command += ['--symlink', os.readlink(path), path]
        elif os.path.isdir(path):
            command += ['--dev-bind', path, path]
    return [*command, '--ro-bind', str(info), '/.flatpak-info', '--']


def path_with_spawn():
    return f'{SPAWN.parent}:{os.environ["PATH"]}'


@contextlib.contextmanager
def session_helper(bus, env):
    """Run the service of Flatpak that runs commands for sandboxes."""
    process = subprocess.Popen([SESSION_HELPER], env=env, stdin=subprocess.DEVNULL)
    try:
        subprocess.run(['gdbus', 'wait', '--address', bus.address, '--timeout', '20',
                        'org.freedesktop.Flatpak'], check=True)
        yield process
    finally:
        process.kill()
        process.wait()


class SandboxedServer(Server):
    """A server inside; what was started is bwrap, which waits for it and has its status."""

    def __init__(self, folder, sandbox, *arguments, **options):
        super().__init__(folder, *arguments, prefix=sandbox, **options)
        self.pid, = (pid for pid in processes.descendants(self.pid)
                     if processes.name_of(pid) == 'runtimeuse')

    def signal(self, number):
        os.kill(self.pid, number)


BUILD = Path(PROGRAM).resolve().parents[2]
# What a runtime has to have, apart from libraries.
TOOLS = ['bash', 'cat', 'env', 'gdbus', 'ls', 'mkdir', 'sleep']
LIBRARIES = 'lib/ours'


def libraries_of(programs):
    """Return where the libraries of programs are, as the loader finds them."""
    text = subprocess.run(['ldd', *map(str, programs)], check=True, capture_output=True,
                          text=True).stdout
    return {Path(path) for path in re.findall(r'(?:=> |^\t)(/\S+) \(0x', text, re.MULTILINE)}


def copy(path, folder):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, folder / path.name)


class Installation:
    """A Flatpak installation of its own, which has the program."""

    def __init__(self, folder):
        self.folder = Path(folder)
        manifest, = (BUILD / 'build-aux/flatpak').glob('*.json')
        self.manifest = json.loads(manifest.read_text())
        self.application = self.manifest['id']
        self.runtime = f'{self.manifest["runtime"]}/x86_64/{self.manifest["runtime-version"]}'
        self.env = {'FLATPAK_USER_DIR': str(self.folder / 'user'),
                    'HOME': str(self.folder / 'home'),
                    'XDG_DATA_HOME': str(self.folder / 'data'),
                    'XDG_RUNTIME_DIR': str(self.folder / 'run')}
        for name in ('home', 'data', 'run'):
            (self.folder / name).mkdir(mode=0o700)
        self._make_runtime()
        self._make_application()
        self.ask('remote-add', '--no-gpg-verify', 'local', str(self.folder / 'repository'))
        self.ask('install', '--noninteractive', 'local', self.runtime)
        self.ask('install', '--noninteractive', 'local', self.application)

    def _run(self, *arguments):
        done = subprocess.run(['flatpak', *arguments], env={**os.environ, **self.env}, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60 * PATIENCE)
        assert done.returncode == 0, done
        return done.stdout

    def ask(self, command, *arguments):
        return self._run(command, '--user', *arguments)

    def _make_runtime(self):
        tree = self.folder / 'runtime'
        usr = tree / 'usr'
        programs = [Path(shutil.which(name)) for name in TOOLS] + [SPAWN]
        for path in programs:
            copy(path, usr / 'bin')
        (usr / 'bin/sh').symlink_to('bash')
        for path in libraries_of([*programs, *self._programs()]):
            if path.is_relative_to(BUILD):
                continue
            copy(path, usr / ('lib64' if path.name.startswith('ld-') else 'lib/x86_64-linux-gnu'))
        for path in (usr / 'etc', usr / 'share', tree / 'files'):
            path.mkdir()
        (tree / 'metadata').write_text(f'[Runtime]\nname={self.manifest["runtime"]}\n'
                                       f'runtime={self.runtime}\nsdk={self.runtime}\n')
        self._run('build-export', '--runtime', str(self.folder / 'repository'), str(tree),
                  self.manifest['runtime-version'])

    @staticmethod
    def _programs():
        return [BUILD / 'src/cli/runtimeuse', BUILD / 'src/job/runtimeuse-job',
                BUILD / 'src/shells/runtimeuse-host-shell']

    def _make_application(self):
        tree = self.folder / 'application'
        files = tree / 'files'
        program, *helpers = self._programs()
        copy(program, files / 'bin')
        for path in helpers:
            copy(path, files / 'libexec/runtimeuse')
        for path in libraries_of([program]):
            if path.is_relative_to(BUILD):
                copy(path, files / LIBRARIES)
        (tree / 'metadata').write_text(f'[Application]\nname={self.application}\n'
                                       f'runtime={self.runtime}\nsdk={self.runtime}\n')
        self._run('build-finish', f'--command={self.manifest["command"]}',
                  *self.manifest['finish-args'], str(tree))
        self._run('build-export', str(self.folder / 'repository'), str(tree))

    def command(self, *arguments):
        """Return what runs a command inside."""
        return ['flatpak', 'run', '--user', f'--env=LD_LIBRARY_PATH=/app/{LIBRARIES}',
                # The sandbox lets nobody trace, which the search for leaks does.
                '--env=ASAN_OPTIONS=detect_leaks=0',
                '--env=RUNTIMEUSE_LIBEXECDIR=/app/libexec/runtimeuse',
                f'--command={arguments[0]}', self.application, *arguments[1:]]

    def prefix(self):
        """Return what to start the program with, so that it is the one inside that starts."""
        return self.command('sh', '-c', 'exec runtimeuse "$@"')
