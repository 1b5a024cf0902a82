# SPDX-License-Identifier: LGPL-2.1-or-later
"""The unit for servers, with a real systemd for a system."""

import os
import re
import subprocess

import pytest
from harness.processes import wait_until
from harness.program import Running, run
from harness.server import PROGRAM, kept_port
from harness.system_manager import SystemManager, is_hidden
from harness.systemd import find_units, why_no_manager

REASON = why_no_manager() or ('the program is where units see nothing' if is_hidden(PROGRAM)
                              else None)
pytestmark = pytest.mark.skipif(REASON is not None, reason=REASON or '')

TOKEN = 'a-token-that-is-long'
UNIT = 'runtimeuse@test.service'


@pytest.fixture(scope='module')
def port():
    with kept_port() as port:
        yield port


@pytest.fixture(scope='module')
def manager(tmp_path_factory, port):
    text = re.sub(r'^ExecStart=\S+ ', f'ExecStart={PROGRAM} ',
                  find_units()['runtimeuse@.service'].read_text(), flags=re.MULTILINE)
    # What sanitizers are told has to reach it, since nothing of our environment does.
    told = ''.join(f'\nEnvironment={name}={value}' for name, value in os.environ.items()
                   if re.match('[A-Z]+SAN_OPTIONS$', name))
    text = text.replace('\n[Service]\n', f'\n[Service]{told}\n')
    configuration = f'[runtimeuse]\nagent = shell\nport = {port}\n'
    systemd = SystemManager(tmp_path_factory.mktemp('system'), {'runtimeuse@.service': text}, {
        'test.conf': configuration, 'test.token': TOKEN, 'tokenless.conf': configuration})
    try:
        assert systemd.start(), systemd.log
        yield systemd
    finally:
        systemd.stop()


@pytest.fixture
def server(manager, port):
    manager.control('start', UNIT)
    yield f'ws://127.0.0.1:{port}'
    manager.control('stop', UNIT)


def ask(url, command, token=TOKEN):
    return run('exec', '--url', url, '--', 'sh', '-c', command, env={'RUNTIMEUSE_TOKEN': token})


def test_a_server_for_who_has_the_token(manager, server):
    assert 'session' in manager.show(UNIT, 'StatusText')
    assert ask(server, 'echo hello').stdout == b'hello\n'
    for token in (None, TOKEN + '-not'):
        refused = ask(server, 'echo hello', token)
        assert (refused.returncode, refused.stdout) == (3, b'') and b'401' in refused.stderr


def test_it_is_confined(server):
    done = ask(server, 'id -un; pwd; echo $HOME; touch here && ls; env | grep -c CREDENTIALS')
    assert done.stdout.decode().splitlines() == [
        'runtimeuse', '/var/lib/private/runtimeuse/test', '/var/lib/runtimeuse/test', 'here', '0']
    for command in ('touch /etc/here', 'touch /usr/here', 'ls /root', 'ls /home',
                    'cat /etc/runtimeuse/test.token'):
        done = ask(server, command)
        assert done.returncode != 0 and done.stdout == b'', command
    assert b'NoNewPrivs:\t1' in ask(server, 'cat /proc/self/status').stdout


def test_agents_can_work(server):
    done = ask(server, 'printf "#!/bin/sh\necho made\n" >program && chmod +x program && ./program; '
                       'python3 -c "import socket; socket.create_server((\'127.0.0.1\', 0))" && '
                       'touch /tmp/$$ && node -e "console.log(2)"')
    assert done.stdout == b'made\n2\n', done.stderr


def test_stopping_drains(manager, port):
    manager.control('start', UNIT)
    with Running('exec', '--url', f'ws://127.0.0.1:{port}', '--', 'sh', '-c',
                 'echo begun; sleep 1; echo done', env={'RUNTIMEUSE_TOKEN': TOKEN},
                 stdout=subprocess.PIPE) as client:
        assert client.process.stdout.readline() == b'begun\n'
        manager.control('stop', UNIT)
        assert client.process.stdout.read() == b'done\n'
        assert client.wait() == 0
    assert manager.show(UNIT, 'Result') == 'success'


def test_a_server_that_died_is_started_again(manager, server):
    first = manager.show(UNIT, 'MainPID')
    manager.control('kill', '--kill-whom=main', '--signal=KILL', UNIT)
    wait_until(lambda: manager.show(UNIT, 'SubState') == 'running' and
               manager.show(UNIT, 'MainPID') not in ('0', first), 'another process')
    assert ask(server, 'echo hello').stdout == b'hello\n'


@pytest.mark.parametrize('name', ['tokenless', 'unknown'])
def test_nothing_is_served_without_its_files(manager, name):
    done = manager.control('start', f'runtimeuse@{name}.service', check=False)
    assert done.returncode != 0
    assert manager.show(f'runtimeuse@{name}.service', 'ActiveState') != 'active'
