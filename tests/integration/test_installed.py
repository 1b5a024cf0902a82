# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was installed is all there, and finds itself."""

import configparser
import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from harness import program
from harness.bus import MANAGER, NAME, PATH, PROPERTIES, Bus, Probe
from harness.processes import PATIENCE, is_running, wait_until

PREFIX = Path(os.environ.get('RUNTIMEUSE_TEST_PREFIX') or '/nonexistent')
# A tree from which something was installed, and which is away now; another way of installing.
BUILD = os.environ.get('RUNTIMEUSE_TEST_BUILD')
STAGED = os.environ.get('RUNTIMEUSE_TEST_STAGED')

pytestmark = pytest.mark.skipif(not PREFIX.exists(), reason='nothing is installed')

# Where * is, the name of the desktop or the version of something else has its place.
WANTED = """
bin/runtimeuse
include/*/runtimeuse.h
lib/*/girepository-1.0/RuntimeUse-1.typelib
lib/*/libruntimeuse-1.so
lib/*/pkgconfig/runtimeuse-1.pc
lib/*/gi/overrides/RuntimeUse.py
lib/systemd/system/runtimeuse@.service
lib/systemd/user/runtimeuse.service
lib/systemd/user/runtimeuse.socket
libexec/runtimeuse/runtimeuse-host.mjs
libexec/runtimeuse/runtimeuse-host-shell
libexec/runtimeuse/runtimeuse-host.py
libexec/runtimeuse/runtimeuse-job
libexec/runtimeuse/runtimeuse-scope-shell
share/applications/*.desktop
share/bash-completion/completions/runtimeuse
share/dbus-1/interfaces/*.Manager.xml
share/dbus-1/interfaces/*.Session.xml
share/dbus-1/services/*.service
share/doc/runtimeuse/examples/watch.py
share/doc/runtimeuse/hardening.conf
share/doc/runtimeuse/runtimeuse.conf.example
share/fish/vendor_completions.d/runtimeuse.fish
share/gir-1.0/RuntimeUse-1.gir
share/icons/hicolor/scalable/apps/*.svg
share/icons/hicolor/symbolic/apps/*-symbolic.svg
share/locale/de/LC_MESSAGES/runtimeuse.mo
share/locale/es/LC_MESSAGES/runtimeuse.mo
share/locale/fr/LC_MESSAGES/runtimeuse.mo
share/man/man1/runtimeuse.1
share/man/man5/*.Runtime1.5
share/man/man5/runtimeuse.conf.5
share/metainfo/*.metainfo.xml
share/vala/vapi/runtimeuse-1.vapi
share/zsh/site-functions/_runtimeuse
"""


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob('*'))


def test_files_are_there():
    there = names(PREFIX)
    for wanted in WANTED.split():
        pattern = re.compile(re.escape(wanted).replace(r'\*', '.*'))
        assert any(map(pattern.fullmatch, there)), f'{wanted} is missing'


@pytest.mark.skipif(not STAGED, reason='there is no other tree to compare with')
def test_staged_files_are_the_same():
    """Packages are made of a tree that lies somewhere else than it will."""
    staged = Path(STAGED + str(PREFIX))
    assert names(staged) == names(PREFIX)
    for path in PREFIX.rglob('*'):
        other = staged / path.relative_to(PREFIX)
        assert path.is_symlink() == other.is_symlink()
        assert path.stat().st_mode == other.stat().st_mode, path
        assert path.is_dir() or path.read_bytes() == other.read_bytes(), path


@pytest.mark.skipif(not BUILD, reason='it is not known where it was built')
def test_nothing_leads_to_the_build():
    assert not Path(BUILD).exists(), 'it could be used by mistake'
    for path in PREFIX.rglob('*'):
        # What debuggers show of the build does not count; the Makefile of a user would.
        if path.is_file() and not path.read_bytes().startswith(b'\x7fELF'):
            assert BUILD.encode() not in path.read_bytes(), path


def test_programs_load_nothing_of_the_build():
    """No library, nor anything else that is open, is of a tree but the system's and ours."""
    with program.Running('--port', '0', '--agent', 'echo', '--bus-name', 'off',
                         stdout=subprocess.PIPE) as running:
        assert b'listening' in running.process.stdout.readline()
        mapped = Path(f'/proc/{running.pid}/maps').read_text()
        libraries = {line.split()[-1] for line in mapped.splitlines() if '/' in line.split()[-1]}
        running.signal()
        running.wait()
    ours = {path for path in libraries if 'runtimeuse' in path}
    assert ours and all(Path(path).is_relative_to(PREFIX) for path in ours), ours


def commands_of(path):
    """The command lines that a desktop file, a service of D-Bus or a unit has."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(path, encoding='utf-8')
    return [value.lstrip('-+!:@') for section in parser.sections()
            for name, value in parser.items(section)
            if name in ('Exec', 'TryExec') or re.match(r'Exec(Start|Stop|Reload)', name)]


def test_commands_of_files_are_there():
    found = 0
    for path in PREFIX.rglob('*'):
        if path.suffix not in ('.desktop', '.service'):
            continue
        for command in commands_of(path):
            word = Path(shlex.split(command)[0])
            assert (PREFIX / 'bin' / word).exists() or word.is_relative_to('/usr/bin'), path
            assert word == Path(word.name) or os.access(word, os.X_OK), f'{PATH}: {command}'
            found += 1
    assert found


def test_manual_pages_can_be_read():
    pages = list(PREFIX.glob('share/man/man*/*'))
    assert pages
    for page in pages:
        assert not re.search(r'@\w+@', page.read_text(encoding='utf-8')), f'{page}: not filled in'
        done = subprocess.run(['groff', '-man', '-Tascii', '-P-bcu', page], capture_output=True,
                              check=True, timeout=20 * PATIENCE)
        assert b'\nNAME\n' in done.stdout, page


def test_help_names_no_folder():
    assert str(PREFIX) not in program.run('--help').stdout.decode()


def test_call_starts_the_service(tmp_path):
    """A call to the name is answered by a service that the bus starts for it."""
    (tmp_path / 'config/runtimeuse').mkdir(parents=True)
    (tmp_path / 'config/runtimeuse/runtimeuse.conf').write_text(
        '[runtimeuse]\nagent = shell\nport = 0\n')
    bus = Bus(tmp_path / 'bus', services=PREFIX / 'share/dbus-1/services',
              env={'XDG_CONFIG_HOME': str(tmp_path / 'config')})
    with Probe(bus) as probe:
        assert not probe.has_name()
        done = subprocess.run(
            ['gdbus', 'call', '--session', '--dest', NAME, '--object-path', PATH, '--method',
             f'{PROPERTIES}.Get', MANAGER, 'Agent'], capture_output=True, text=True, check=False,
            env={**os.environ, **bus.env}, timeout=30 * PATIENCE)
        assert done.stdout == "(<'shell'>,)\n", done.stderr
        pid, = probe.call('GetConnectionUnixProcessID', NAME, signature='(s)',
                          path='/org/freedesktop/DBus', interface='org.freedesktop.DBus',
                          name='org.freedesktop.DBus')
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not is_running(pid), 'the end of the service')
    bus.stop()
