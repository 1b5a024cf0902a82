# SPDX-License-Identifier: LGPL-2.1-or-later
"""The units, and scopes, with a real systemd for one user."""

import re
import shutil
import stat
import subprocess
import time
from pathlib import Path

import pytest
from harness import websocket
from harness.bus import NAME, PATH
from harness.messages import CANCEL, CANCELLED, commands, output
from harness.processes import PATIENCE, wait_until
from harness.program import run
from harness.server import PROGRAM, Server, kept_port
from harness.systemd import UserManager, find_units, why_no_manager

REASON = why_no_manager()
pytestmark = pytest.mark.skipif(REASON is not None, reason=REASON or '')

HARDENING = Path(__file__).resolve().parents[2] / 'data/systemd/user/hardening.conf'
SCOPE = re.compile(r'/app-runtimeuse\.slice/(runtimeuse-\d+-[0-9a-f]+\.scope)$', re.MULTILINE)


@pytest.fixture(scope='module')
def port():
    with kept_port() as port:
        yield port


@pytest.fixture(scope='module')
def manager(tmp_path_factory, port):
    """A systemd that has our units, with another port and the program of the build."""
    folder = tmp_path_factory.mktemp('manager')
    units = {}
    paths = find_units()
    for name in ('runtimeuse.service', 'runtimeuse.socket'):
        text = paths[name].read_text().replace('127.0.0.1:8080', f'127.0.0.1:{port}')
        units[name] = re.sub(r'^ExecStart=\S+ serve',
                             f'ExecStart={PROGRAM} serve --agent shell', text,
                             flags=re.MULTILINE)
    systemd = UserManager(folder, units)
    try:
        assert systemd.start(), systemd.log
        yield systemd
    finally:
        systemd.stop()


@pytest.fixture
def activated(manager, port):
    """The socket, with nobody behind it yet; everything is stopped afterwards."""
    manager.control('start', 'runtimeuse.socket')
    path = manager.runtime / 'runtimeuse/socket'
    assert path.is_socket()
    yield path
    manager.control('stop', 'runtimeuse.socket', 'runtimeuse.service')
    assert not path.exists()


def exec_at(path, *command, check=True):
    done = run('exec', '--url', f'unix:{path}', '--', *command)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.decode()


def state(manager):
    return manager.show('runtimeuse.service', 'ActiveState', 'SubState', 'StatusText', 'Result')


def test_socket_starts_the_service(manager, activated, port):
    """By a client of the socket or the port; the socket is for its owner alone."""
    assert stat.S_IMODE(activated.stat().st_mode) == 0o600
    assert stat.S_IMODE(activated.parent.stat().st_mode) == 0o700
    assert state(manager)['ActiveState'] == 'inactive'
    assert exec_at(activated, 'echo', 'hello') == 'hello\n'
    wait_until(lambda: state(manager)['SubState'] == 'running', 'the service to be ready')
    with websocket.connect(port) as client:
        assert output(client.request(commands('echo $NOTIFY_SOCKET$LISTEN_FDS.'))) == '.\n'
        wait_until(lambda: state(manager)['StatusText'] == '1 session, 0 requests at work',
                   'the state')


def test_the_service_starts_with_its_sockets(manager, activated):
    manager.control('start', 'runtimeuse.service')
    assert state(manager)['SubState'] == 'running'
    assert exec_at(activated, 'echo', 'hello') == 'hello\n'


def test_stopping_drains(manager, activated, port, tmp_path):
    """A request comes to its end, and only then does the service; the socket goes on."""
    go_on = tmp_path / 'go-on'
    with websocket.connect(port) as client:
        client.send(commands(f'echo begun; until [ -e {go_on} ]; do sleep 0.01; done; echo ended'))
        assert client.receive()['text'] == 'begun\n'
        manager.control('stop', '--no-block', 'runtimeuse.service')
        wait_until(lambda: state(manager)['ActiveState'] == 'deactivating', 'the end to begin')
        go_on.touch()
        assert output(client.receive_until_terminal()) == 'ended\n'
    wait_until(lambda: state(manager)['ActiveState'] == 'inactive', 'the end')
    assert state(manager)['Result'] == 'success'
    assert exec_at(activated, 'echo', 'again') == 'again\n'


def test_a_service_that_died_is_started_again(manager, activated):
    assert exec_at(activated, 'echo', 'hello') == 'hello\n'
    first = manager.show('runtimeuse.service', 'MainPID')['MainPID']
    manager.control('kill', '--kill-whom=main', '--signal=KILL', 'runtimeuse.service')
    wait_until(lambda: manager.show('runtimeuse.service', 'MainPID')['MainPID'] not in
               ('0', first) and state(manager)['SubState'] == 'running', 'another one')
    assert exec_at(activated, 'echo', 'hello') == 'hello\n'


def test_a_call_on_the_bus_starts_the_service(manager, activated):
    """By the unit, not beside it; the sockets are served as well."""
    (manager.services / f'{NAME}.service').write_text(
        f'[D-BUS Service]\nName={NAME}\nExec=/bin/false\nSystemdService=runtimeuse.service\n')
    done = subprocess.run(
        ['gdbus', 'call', '--session', '--timeout', '20', '--dest', NAME, '--object-path', PATH,
         '--method', 'org.freedesktop.DBus.Properties.Get', f'{NAME}.Manager', 'Agent'],
        env=manager.env, capture_output=True, text=True, check=False)
    assert done.stdout == "(<'shell'>,)\n", done.stderr + manager.log
    wait_until(lambda: state(manager)['SubState'] == 'running', 'the service to be ready')
    assert exec_at(activated, 'echo', 'hello') == 'hello\n'


@pytest.fixture
def hardened(manager):
    folder = manager.units / 'runtimeuse.service.d'
    folder.mkdir()
    shutil.copy(HARDENING, folder)
    manager.control('daemon-reload')
    yield
    shutil.rmtree(folder)
    manager.control('daemon-reload')


AGENT_WORK = ('set -e; cd; echo "#!/bin/sh\necho made" >program; chmod +x program; ./program; '
              'python3 -c "import socket; socket.create_server((\'127.0.0.1\', 0)); print(1)"; '
              'node -e "console.log(2)"; touch /tmp/$$; rm /tmp/$$')


def test_agents_can_work(manager, activated):
    """They write to the home, make and run programs, and listen; nothing keeps them from rights."""
    assert exec_at(activated, 'sh', '-c', AGENT_WORK) == 'made\n1\n2\n'
    assert 'NoNewPrivs:\t0' in exec_at(activated, 'cat', '/proc/self/status')


def test_agents_can_work_when_hardened(manager, hardened, activated):
    assert exec_at(activated, 'sh', '-c', AGENT_WORK) == 'made\n1\n2\n'
    assert 'NoNewPrivs:\t1' in exec_at(activated, 'cat', '/proc/self/status')


# --- scopes ---

@pytest.fixture(scope='module')
def scoped(manager, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp('scoped'), '--scopes', '--scope-tasks-max', '40',
                    '--scope-memory-max', '1G', env=manager.env)
    yield server
    server.stop()


def find_scopes(manager):
    return manager.list('runtimeuse-*.scope')


def find_the_scope(manager):
    """Of the one command that runs. A server that began just now tried to have one before, which
    systemd takes away in its own time."""
    wait_until(lambda: len(find_scopes(manager)) == 1, 'one scope to be there')
    return find_scopes(manager)[0]


def test_each_command_has_a_scope(manager, scoped):
    """Of its own, with limits and accounts, and without a word of the command."""
    with websocket.connect(scoped.port) as client:
        client.send(commands('cat /proc/self/cgroup; read x </dev/zero; exec sleep 1000; : hush'))
        text = client.receive()['text']
        unit = SCOPE.search(text)[1]
        assert find_the_scope(manager) == unit
        found = manager.show(unit, 'Description', 'TasksMax', 'MemoryMax', 'MemoryAccounting',
                             'CPUAccounting', 'TasksAccounting', 'Slice')
        assert found == {
            'Description': 'Command of runtimeuse', 'TasksMax': '40', 'MemoryMax': str(1 << 30),
            'MemoryAccounting': 'yes', 'CPUAccounting': 'yes', 'TasksAccounting': 'yes',
            'Slice': 'app-runtimeuse.slice'}
        assert client.ask_one(CANCEL) == CANCELLED
    wait_until(lambda: not find_scopes(manager), 'the end of the scope')
    assert 'hush' not in manager.log
    with websocket.connect(scoped.port) as client:
        two = output(client.request(commands('cat /proc/self/cgroup', 'cat /proc/self/cgroup')))
    assert len(set(SCOPE.findall(two))) == 2


def test_a_tree_is_ended_in_its_scope(manager, scoped):
    """Also what left group, session and parent; the scope is gone with it."""
    with websocket.connect(scoped.port) as client:
        client.send(commands('(setsid setsid sleep 1000 &); (trap "" TERM; setsid sleep 1001 &); '
                             'echo begun; sleep 1002'))
        assert client.receive()['text'] == 'begun\n'
        assert find_the_scope(manager)
        assert client.ask_one(CANCEL) == CANCELLED
        scoped.check_at_rest(descriptors=False)
        wait_until(lambda: not find_scopes(manager), 'the end of the scope')


def test_a_killed_server_leaves_nothing(manager, start_server):
    server = start_server('--scopes', env=manager.env)
    with websocket.connect(server.port) as client:
        client.send(commands('(setsid sleep 1000 &); echo begun; sleep 1001'))
        assert client.receive()['text'] == 'begun\n'
        server.signal(9)
        server.wait()
    wait_until(lambda: not find_scopes(manager), 'the end of the scopes')


def test_the_environment_of_a_command_is_its_own(scoped):
    """It says neither which systemd is asked nor what that is loaded with."""
    env = {'XDG_RUNTIME_DIR': '/nowhere', 'DBUS_SESSION_BUS_ADDRESS': 'unix:path=/nowhere',
           'PATH': '/usr/bin:/bin', 'GIVEN': 'a b'}
    with websocket.connect(scoped.port) as client:
        text = output(client.request(commands(
            {'command': 'echo "$XDG_RUNTIME_DIR $GIVEN $INVOCATION_ID"; cat /proc/self/cgroup',
             'env': env})))
    assert text.startswith('/nowhere a b \n') and SCOPE.search(text)


def test_what_systemd_refuses(manager):
    done = run('serve', '--agent', 'echo', '--port', '0', '--scopes', '--scope-memory-max',
               '999999999999999999999999G', env=manager.env)
    assert done.returncode == 1 and b'systemd makes no scope: ' in done.stderr


def test_doctor(manager):
    done = run('doctor', env=manager.env)
    line = next(line for line in done.stdout.decode().splitlines() if ' systemd ' in line)
    assert line.startswith('ok') and 'that of the user' in line
    wait_until(lambda: not find_scopes(manager), 'the end of the scope that it tried')


@pytest.fixture
def service_with_scopes(manager):
    folder = manager.units / 'runtimeuse.service.d'
    folder.mkdir()
    (folder / 'scopes.conf').write_text('[Service]\nEnvironment=RUNTIMEUSE_SCOPES=true\n')
    manager.control('daemon-reload')
    yield
    shutil.rmtree(folder)
    manager.control('daemon-reload')


def test_scopes_are_there_while_a_service_ends(manager, service_with_scopes, activated, port,
                                               tmp_path):
    """It lets requests end, so systemd must not end their commands before."""
    go_on = tmp_path / 'go-on'
    with websocket.connect(port) as client:
        client.send(commands(f'echo begun; until [ -e {go_on} ]; do sleep 0.01; done; echo ended'))
        assert client.receive()['text'] == 'begun\n'
        manager.control('stop', '--no-block', 'runtimeuse.service')
        wait_until(lambda: state(manager)['ActiveState'] == 'deactivating', 'the end to begin')
        assert find_the_scope(manager)
        go_on.touch()
        assert output(client.receive_until_terminal()) == 'ended\n'
    wait_until(lambda: state(manager)['ActiveState'] == 'inactive', 'the end')
    assert state(manager)['Result'] == 'success'
    wait_until(lambda: not find_scopes(manager), 'the end of the scope')


def test_scopes_end_with_the_service(manager, service_with_scopes, activated, port):
    """They are outside of its group; systemd ends them all the same when it was killed."""
    with websocket.connect(port) as client:
        client.send(commands('(setsid sleep 1000 &); echo begun; sleep 1001'))
        assert client.receive()['text'] == 'begun\n'
        unit = find_the_scope(manager)
        assert manager.show(unit, 'BindsTo')['BindsTo'] == 'runtimeuse.service'
        manager.control('kill', '--signal=KILL', 'runtimeuse.service')
        wait_until(lambda: not find_scopes(manager), 'the end of the scope')
    # Started again; what is stopped before that begins pulls in its socket.
    wait_until(lambda: state(manager)['SubState'] == 'running', 'another one')


def test_cost(scoped, manager, start_server, record_property):
    """A scope costs what it takes to ask for one."""
    plain = start_server(env=manager.env)
    times = {}
    for name, server in (('scope', scoped), ('plain', plain)):
        with websocket.connect(server.port) as client:
            client.request(commands('true'))
            begin = time.monotonic()
            client.request(commands(*['true'] * 20))
            times[name] = (time.monotonic() - begin) / 20 * 1000
    record_property('milliseconds', times)
    print(times)
    assert times['scope'] < 500 * PATIENCE
