# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Flatpak as its manifest has it, run by Flatpak; its runtime is made of the files of this
system. What the manifest builds is not built here.
"""

import os
import subprocess

import pytest
from harness import flatpak, websocket
from harness.bus import Probe
from harness.messages import CANCEL, CANCELLED, commands, invocation, output, text_of
from harness.processes import PATIENCE, find_marked, wait_until

MARK = f'1001.{os.getpid()}'
SEE = 'ls -d /.flatpak-info >/dev/null 2>&1 && echo inside; ls {} >/dev/null 2>&1 && echo outside'


@pytest.fixture(scope='module')
def installation(tmp_path_factory):
    return flatpak.Installation(tmp_path_factory.mktemp('flatpak'))


@pytest.fixture
def env(installation, bus):
    """With the service of Flatpak that runs commands outside."""
    env = {**os.environ, **installation.env, **bus.env}
    with flatpak.session_helper(bus, env):
        yield env


@pytest.fixture
def start(installation, env, tmp_path):
    started = []

    def start_inside(*arguments):
        server = flatpak.SandboxedServer(tmp_path / f'server-{len(started)}',
                                         installation.prefix(), *arguments, env=env)
        started.append(server)
        return server

    yield start_inside
    for server in started:
        server.stop()


@pytest.fixture
def allowed(installation):
    installation.ask('override', '--talk-name=org.freedesktop.Flatpak', installation.application)
    yield
    installation.ask('override', '--reset', installation.application)


def run(installation, env, *arguments):
    return subprocess.run(installation.command(*arguments), env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=60 * PATIENCE)


def test_sandbox(installation, env, tmp_path):
    done = run(installation, env, 'sh', '-c', SEE.format(tmp_path))
    assert done.stdout == 'inside\n', done
    ping = ['gdbus', 'call', '--session', '--dest', 'org.freedesktop.Flatpak', '--object-path',
            '/org/freedesktop/Flatpak/Development', '--method', 'org.freedesktop.DBus.Peer.Ping']
    assert 'ServiceUnknown' in run(installation, env, *ping).stderr


def test_serve(start, bus, tmp_path):
    server = start()
    with websocket.connect(server.port) as client:
        assert text_of(client.request(invocation('ECHO:hello'))[-1]) == 'hello'
        assert output(client.request(commands(SEE.format(tmp_path)))) == 'inside\n'
        client.send(commands('echo started; sleep 1000'))
        client.receive()
        client.send(CANCEL)
        assert client.receive_terminal() == CANCELLED
        with Probe(bus) as probe:
            probe.wait_for_name()
            assert len(probe.sessions()) == 1


def test_not_outside(installation, env):
    done = run(installation, env, 'runtimeuse', 'serve', '--host-commands', '--agent', 'echo')
    assert done.returncode == 1
    assert (f'flatpak override --user --talk-name=org.freedesktop.Flatpak '
            f'{installation.application}') in done.stderr, done


def test_inside_all_the_same(start, allowed, tmp_path):
    with websocket.connect(start().port) as client:
        assert output(client.request(commands(SEE.format(tmp_path)))) == 'inside\n'


def test_outside(start, allowed, tmp_path):
    server = start('--host-commands')
    with websocket.connect(server.port) as client:
        assert output(client.request(commands({'command': SEE.format(tmp_path), 'cwd': '/tmp',
                                               'env': None}))) == 'outside\n'
        client.send(commands({'command': f"trap '' TERM INT; sleep {MARK}; sleep {MARK}",
                              'cwd': '/tmp', 'env': None}))
        wait_until(lambda: find_marked(MARK), 'the command')
        client.send(CANCEL)
        assert client.receive_terminal() == CANCELLED
    wait_until(lambda: not find_marked(MARK), 'the end of the command')
