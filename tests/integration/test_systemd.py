# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program as a service: sockets that it is passed, and what it tells its manager."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from harness import websocket
from harness.bus import Bus
from harness.messages import CANCEL, CANCELLED, commands, invocation, output, text_of
from harness.processes import PATIENCE, descriptors, read_proc, wait_until
from harness.program import run
from harness.server import PROGRAM
from harness.systemd import InheritedServer, News, find_units, start_with

# What systemd-analyze calls the exposure, in tenths. A unit for users confines nothing: for their
# manager each option that confines forbids to gain privileges as well, which agents may need.
EXPOSURE = {'runtimeuse@.service': 28, 'runtimeuse.service': 98}
EXPOSURE_WHEN_HARDENED = 77

PRIVATE = ('LISTEN_', 'NOTIFY_SOCKET', 'WATCHDOG_', 'CREDENTIALS_DIRECTORY')


@pytest.fixture
def sockets(tmp_path):
    """Two sockets that listen: on loopback, and in a folder."""
    internet = socket.create_server(('127.0.0.1', 0))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / 'socket'))
    unix.listen()
    yield internet, unix
    internet.close()
    unix.close()


@pytest.fixture
def news(tmp_path):
    heard = News(tmp_path)
    yield heard
    heard.close()


@pytest.fixture
def start_inherited(tmp_path):
    started = []

    def start(passed, *arguments, **options):
        server = InheritedServer(tmp_path / f'inherited-{len(started)}',
                                 [each.fileno() for each in passed], *arguments,
                                 **{'port': None, **options})
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


def ask(port, text):
    with websocket.connect(port) as client:
        return output(client.request(commands(text)))


def listening_ports(pid):
    """Return the ports of the sockets of a process that listen, from what the kernel shows."""
    ours = {link[len('socket:['):-1] for link in descriptors(pid).values()
            if link.startswith('socket:[')}
    lines = [line.split() for name in ('net/tcp', 'net/tcp6')
             for line in read_proc(pid, name).splitlines()[1:]]
    return [int(fields[1].rsplit(':', 1)[1], 16) for fields in lines
            if fields[3] == '0A' and fields[9] in ours]


def exec_at(path, *command):
    done = run('exec', '--url', f'unix:{path}', '--', *command)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_sockets_are_served(sockets, start_inherited, tmp_path):
    """Both, and nothing else; they are left as they were found."""
    server = start_inherited(sockets)
    assert server.port == sockets[0].getsockname()[1]
    assert ask(server.port, 'echo hello') == 'hello\n'
    assert exec_at(tmp_path / 'socket', 'echo', 'hello') == 'hello\n'
    if os.geteuid() == 0:
        assert listening_ports(server.pid) == [server.port]
    server.stop()
    assert (tmp_path / 'socket').exists()
    again = start_inherited(sockets)
    assert exec_at(tmp_path / 'socket', 'echo', 'again') == 'again\n'
    again.stop()


def test_clients_that_came_before(sockets, start_inherited):
    """Nobody who connected while the program was not there yet is lost."""
    port = sockets[0].getsockname()[1]
    early = [websocket.Connection(port) for _ in range(5)]
    start_inherited(sockets)
    for client in early:
        client.write(client.request_head())
        assert client.read_answer().status == 101
        client.socket.close()


def test_a_port_besides(sockets, start_inherited, tmp_path):
    server = start_inherited(sockets[1:], port=0)
    assert ask(server.port, 'echo port') == 'port\n'
    assert exec_at(tmp_path / 'socket', 'echo', 'socket') == 'socket\n'


def test_only_a_socket(sockets, start_inherited, tmp_path):
    """The line that says we are ready names it."""
    server = start_inherited(sockets[1:])
    assert f'listening on unix:{tmp_path / "socket"}' in server.stdout


@pytest.mark.parametrize('kind, what', [
    ('pipe', 'is a pipe'), ('datagram', 'is a datagram socket'),
    ('connected', 'is a socket that does not listen'), ('file', 'is a file')])
def test_wrong_kinds(kind, what, sockets, tmp_path):
    """They are named by number, name and kind, and nothing is served."""
    pair = socket.socketpair()
    pipe = os.pipe()
    datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with open(tmp_path / 'file', 'wb') as file:
        wrong = {'pipe': pipe[0], 'datagram': datagram.fileno(), 'connected': pair[0].fileno(),
                 'file': file.fileno()}[kind]
        done = start_with([sockets[0].fileno(), wrong], '--agent', 'echo',
                          variables={'LISTEN_FDNAMES': 'one:two'})
    assert done.returncode == 1 and done.stdout == ''
    assert f'Error: LISTEN_FDS: descriptor 4 (two) {what}' in done.stderr
    for each in (*pair, datagram):
        each.close()
    for fd in pipe:
        os.close(fd)


@pytest.mark.parametrize('number', ['abc', '0', '-1', '100000'])
def test_wrong_numbers(number, sockets):
    done = start_with([sockets[0].fileno()], '--agent', 'echo', variables={'LISTEN_FDS': number})
    assert done.returncode == 1
    assert f'LISTEN_FDS: "{number}" is no number' in done.stderr


def test_more_sockets_than_there_are(sockets):
    done = start_with([sockets[0].fileno()], '--agent', 'echo', variables={'LISTEN_FDS': '2'})
    assert done.returncode == 1 and 'descriptor 4 is closed' in done.stderr


def test_sockets_of_another_process(sockets, start_inherited):
    """They are not touched; what was asked for is listened on."""
    server = start_inherited(sockets, port=0, variables={'LISTEN_PID': '1'})
    assert server.port != sockets[0].getsockname()[1]
    assert ask(server.port, 'echo hello') == 'hello\n'


@pytest.mark.skipif(shutil.which('systemd-socket-activate') is None, reason='not installed')
def test_systemd_socket_activate(tmp_path):
    """The tool of systemd starts the program when the first client comes."""
    path = tmp_path / 'socket'
    with open(tmp_path / 'log', 'wb') as log:
        process = subprocess.Popen(['systemd-socket-activate', '-l', str(path), PROGRAM, 'serve',
                                    '--agent', 'echo'], stdout=log, stderr=log)
    try:
        wait_until(lambda: 'Listening on' in (tmp_path / 'log').read_text(), 'the socket')
        assert exec_at(path, 'echo', 'activated') == 'activated\n'
        process.send_signal(signal.SIGTERM)
        assert process.wait(5 * PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


def test_news_in_order(news, start_server):
    """First that clients can come, then signs of life and numbers, then that it ends."""
    server = start_server('--log-level', 'debug',
                          env={'NOTIFY_SOCKET': news.path, 'WATCHDOG_USEC': '200000'})
    news.wait_for('READY=1')
    assert not {'WATCHDOG=1', 'STOPPING=1'} & set(news.heard)
    with websocket.connect(server.port) as client:
        news.wait_for('STATUS=1 session, 0 requests at work')
        client.send(commands('cat /dev/zero >/dev/null'))
        news.wait_for('STATUS=1 session, 1 request at work')
        news.wait_for('WATCHDOG=1')
        assert 'STOPPING=1' not in news.heard
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    heard = news.rest()
    assert 'STATUS=Ending' in heard[heard.index('STOPPING=1'):]
    assert heard.count('READY=1') == 1 and heard.count('STOPPING=1') == 1


def test_ready_only_when_it_is(news, tmp_path):
    """Who cannot listen never says that it is ready."""
    taken = socket.create_server(('127.0.0.1', 0))
    done = run('serve', '--agent', 'echo', '--host', '127.0.0.1', '--port',
               str(taken.getsockname()[1]), env={'NOTIFY_SOCKET': news.path})
    taken.close()
    assert done.returncode == 1
    assert 'READY=1' not in news.rest()


def test_watchdog_notices_a_stopped_main_loop(news, start_server):
    server = start_server(env={'NOTIFY_SOCKET': news.path, 'WATCHDOG_USEC': '100000'})
    news.wait_for('WATCHDOG=1')
    server.signal(signal.SIGSTOP)
    wait_until(lambda: 'T' in read_proc(server.pid, 'stat').split()[2], 'the stop')
    news.rest()
    news.heard.clear()
    time.sleep(0.5)
    assert news.rest() == []
    server.signal(signal.SIGCONT)
    news.wait_for('WATCHDOG=1')


def test_no_manager(start_server):
    """An address that nobody listens on costs a warning, not the service."""
    server = start_server(env={'NOTIFY_SOCKET': '/nowhere/socket', 'WATCHDOG_USEC': 'x'})
    assert ask(server.port, 'echo hello') == 'hello\n'
    wait_until(lambda: 'Cannot tell the service manager' in server.log, 'a warning')


def test_commands_see_nothing_of_it(sockets, news, start_inherited):
    server = start_inherited(sockets[:1], '--agent', 'shell', agent=None, variables={
        'LISTEN_FDNAMES': 'x', 'NOTIFY_SOCKET': news.path, 'WATCHDOG_USEC': '10000000',
        'CREDENTIALS_DIRECTORY': '/nowhere', 'SHOWN': 'yes'})
    with websocket.connect(server.port) as client:
        shown = output(client.request(commands('env; ls /proc/self/fd')))
        shown += text_of(client.ask_one(invocation('env')))
    lines = shown.splitlines()
    assert lines.count('SHOWN=yes') == 2
    assert not [line for line in lines if line.startswith(PRIVATE)]
    assert [line for line in lines if line.isdigit()] == ['0', '1', '2', '3']


def test_leaves_when_idle(news, start_server):
    """A second after the last client went, and not while one is there."""
    server = start_server('--exit-idle', '1', env={'NOTIFY_SOCKET': news.path})
    with websocket.connect(server.port) as client:
        news.wait_for('READY=1')
        assert output(client.request(commands('sleep 1.5; echo done'))) == 'done\n'
        time.sleep(1.2)
        assert output(client.request(commands('echo still'))) == 'still\n'
        gone = time.monotonic()
    assert server.wait() == 0
    assert time.monotonic() - gone >= 0.9
    assert 'STOPPING=1' in news.rest()


def test_leaves_when_nobody_came(start_server):
    server = start_server('--exit-idle', '1')
    assert server.wait() == 0


LEAVING = 'Ends when nobody has been connected for 300 s'


def test_leaves_when_who_listens_starts_it_again(sockets, news, start_inherited):
    server = start_inherited(sockets, env={'NOTIFY_SOCKET': news.path})
    wait_until(lambda: LEAVING in server.log, 'a time')


@pytest.mark.parametrize('arguments', [
    ['--exit-idle', '0'], ['--port', '0'], ['--listen', 'SOCKET']])
def test_stays_when_that_is_wanted(sockets, news, start_inherited, tmp_path, arguments):
    """Nobody would start it for a client that comes where only it listens."""
    arguments = [word.replace('SOCKET', f'unix:{tmp_path}/own') for word in arguments]
    server = start_inherited(sockets, *arguments, env={'NOTIFY_SOCKET': news.path})
    news.wait_for('READY=1')
    assert ask(sockets[0].getsockname()[1], 'echo hello') == 'hello\n'
    assert 'Ends when' not in server.log


@pytest.fixture
def slow_bus(tmp_path):
    bus = Bus(tmp_path / 'bus')
    yield bus
    os.kill(bus.process.pid, signal.SIGCONT)
    bus.stop()


def test_who_comes_while_it_leaves(sockets, news, start_inherited, slow_bus):
    """Is served by the next one, even if the bus takes its time to let this one go."""
    leaving = start_inherited(sockets, '--exit-idle', '1',
                              env={**slow_bus.env, 'NOTIFY_SOCKET': news.path})
    news.wait_for('READY=1')
    os.kill(slow_bus.process.pid, signal.SIGSTOP)
    news.wait_for('STOPPING=1')
    client = websocket.Connection(leaving.port)
    client.write(client.request_head())
    assert leaving.wait() == 0
    start_inherited(sockets)
    assert client.read_answer().status == 101
    client.socket.close()


@pytest.mark.parametrize('arguments, seconds', [(['--drain-timeout', '30'], 40), ([], 30)])
def test_drains(news, start_server, tmp_path, arguments, seconds):
    """SIGTERM lets a request come to its end, and says how long that may take."""
    server = start_server(*arguments, env={'NOTIFY_SOCKET': news.path})
    go_on = tmp_path / 'go-on'
    with websocket.connect(server.port) as client:
        client.send(commands(f'echo begun; until [ -e {go_on} ]; do sleep 0.01; done; echo ended'))
        assert 'begun' in client.receive()['text']
        server.signal(signal.SIGTERM)
        heard = news.wait_for('STOPPING=1')
        assert f'EXTEND_TIMEOUT_USEC={seconds}000000' in heard
        refused = websocket.Connection(server.port)
        refused.write(refused.request_head())
        assert refused.read_answer().status == 503
        refused.socket.close()
        go_on.touch()
        messages = client.receive_until_terminal()
        assert output(messages) == 'ended\n'
    assert server.wait() == 0


@pytest.mark.parametrize('arguments, managed', [(['--drain-timeout', '0'], True), ([], False)])
def test_does_not_drain(news, start_server, arguments, managed):
    """Where nobody wants it, or who sends the signal does not know how long that may take."""
    server = start_server(*arguments, env={'NOTIFY_SOCKET': news.path} if managed else {})
    with websocket.connect(server.port) as client:
        client.send(commands('echo begun; sleep 1000'))
        assert 'begun' in client.receive()['text']
        server.signal(signal.SIGTERM)
        assert client.receive() == CANCELLED
    assert server.wait() == 0


def test_drain_has_an_end(start_server):
    """What still runs after that is cancelled, with all its processes."""
    server = start_server('--drain-timeout', '1')
    with websocket.connect(server.port) as client:
        client.send(commands('echo begun; sleep 1000'))
        assert 'begun' in client.receive()['text']
        server.signal(signal.SIGTERM)
        assert server.wait(10) == 0


# --- scopes, with somebody who only acts as systemd-run ---

FAKE = """#!/bin/sh
# What it is asked, and with which variables; then the command, as in a scope.
{ printf '%s\\n' "$@"; echo; env; } >"FOLDER/asked"
while [ "$1" != -- ]; do shift; done
shift
EXTRA exec "$@"
"""


@pytest.fixture
def fake_systemd(tmp_path):
    """A folder with a systemd-run, and one where a manager seems to listen."""
    programs, runtime = tmp_path / 'programs', tmp_path / 'runtime'
    programs.mkdir()
    (runtime / 'systemd').mkdir(parents=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(runtime / 'systemd/private'))
    listening.listen(100)

    def make(extra=''):
        path = programs / 'systemd-run'
        path.write_text(FAKE.replace('FOLDER', str(tmp_path)).replace('EXTRA', extra))
        path.chmod(0o755)
        return {'PATH': f'{programs}:{os.environ["PATH"]}', 'XDG_RUNTIME_DIR': str(runtime)}

    yield make
    listening.close()


def test_what_systemd_is_asked(fake_systemd, start_server, tmp_path):
    """Limits and a name; nothing of the command, for all that is written to the journal."""
    server = start_server('--scopes', '--scope-memory-max', '100M', '--scope-tasks-max', '50',
                          '--scope-cpu-quota', '75%', env=fake_systemd())
    secret, hidden = 'a-secret-word', 'a-hidden-word'
    with websocket.connect(server.port) as client:
        messages = client.request(commands(
            {'command': f': {hidden}; echo $GIVEN $XDG_RUNTIME_DIR; ulimit -n >&2; exit 3',
             'env': {'GIVEN': secret, 'XDG_RUNTIME_DIR': '/elsewhere', 'LD_PRELOAD_X': '1'}}))
    assert output(messages) == f'{secret} /elsewhere\n'
    asked, variables = (tmp_path / 'asked').read_text().split('\n\n')
    asked = asked.splitlines()
    assert asked[:2] == ['--user', '--scope'] and '--collect' in asked and '--quiet' in asked
    for name in ('MemoryMax=100M', 'TasksMax=50', 'CPUQuota=75%', 'MemoryAccounting=yes',
                 'CPUAccounting=yes', 'TasksAccounting=yes'):
        assert f'--property={name}' in asked
    assert [option for option in asked if option.startswith('--unit=runtimeuse-')]
    assert '--description=Command of runtimeuse' in asked
    for word in (secret, hidden, 'GIVEN', '/elsewhere'):
        assert word not in '\n'.join([*asked, variables]), word
    names = {line.split('=')[0] for line in variables.splitlines()}
    assert names <= {'PATH', 'XDG_RUNTIME_DIR', 'PWD', 'SHLVL', '_', 'OLDPWD'}


def test_commands_in_scopes_are_as_others(fake_systemd, start_server, tmp_path):
    server = start_server('--scopes', env=fake_systemd())
    script = ('pwd; cat; ls /proc/self/fd | tr "\\n" " "; ulimit -n; '
              'tr "\\0" " " </proc/$$/cmdline; kill -9 $$')
    plain = start_server()
    found = []
    for each in (server, plain):
        with websocket.connect(each.port) as client:
            messages = client.request(commands({'command': script, 'cwd': str(tmp_path)}))
            found.append([output(messages), messages[-1]])
    assert found[0] == found[1]


def test_scopes_end_for_sure(fake_systemd, start_server):
    """Also what left the group, the session, and its parent."""
    server = start_server('--scopes', env=fake_systemd())
    with websocket.connect(server.port) as client:
        client.send(commands('(setsid sleep 1000 &); (setsid setsid sleep 1001 &); echo begun; '
                             'sleep 1002'))
        assert 'begun' in client.receive()['text']
        assert client.ask_one(CANCEL) == CANCELLED
    server.check_at_rest(descriptors=False)


def test_a_manager_that_refuses(fake_systemd, tmp_path):
    """What it says is the error, at the start."""
    done = run('serve', '--agent', 'echo', '--port', '0', '--scopes',
               env=fake_systemd('echo "Failed to start: no such luck" >&2; exit 1;'))
    assert done.returncode == 1 and done.stdout == b''
    assert b'systemd makes no scope: Failed to start: no such luck; ' in done.stderr
    for advice in (b'leave out --scopes', b'scopes = false', b'runtimeuse doctor'):
        assert advice in done.stderr


def test_a_manager_that_hangs(fake_systemd):
    """The start fails after a few seconds, and leaves nothing."""
    env = fake_systemd('sleep 1000;')
    started = time.monotonic()
    done = run('serve', '--agent', 'echo', '--port', '0', '--scopes', env=env)
    assert time.monotonic() - started < 15 * PATIENCE
    assert done.returncode == 1 and b'systemd makes no scope' in done.stderr


@pytest.mark.parametrize('variables, words', [
    ({'XDG_RUNTIME_DIR': None}, ['XDG_RUNTIME_DIR is not set']),
    ({'XDG_RUNTIME_DIR': '/nowhere'}, ['/nowhere/systemd/private', 'No such file']),
])
def test_scopes_without_systemd(variables, words):
    """What is missing is named; commands never run without a scope in silence."""
    if os.geteuid() == 0 and os.path.exists('/run/systemd/private'):
        pytest.skip('a systemd of the machine would do for root')
    env = {'DBUS_SESSION_BUS_ADDRESS': None, **variables}
    done = run('serve', '--agent', 'echo', '--port', '0', '--scopes', env=env)
    assert done.returncode == 1 and done.stdout == b''
    for word in words:
        assert word in done.stderr.decode()
    checks = json.loads(run('doctor', '--json', env=env).stdout)['checks']
    found = next(check for check in checks if check['name'] == 'systemd')
    assert found['state'] == 'missing'
    for word in words:
        assert word in found['advice']


def test_scopes_without_the_program(tmp_path):
    (tmp_path / 'systemd').mkdir()
    done = run('serve', '--agent', 'echo', '--port', '0', '--scopes',
               env={'PATH': str(tmp_path), 'XDG_RUNTIME_DIR': str(tmp_path)})
    assert done.returncode == 1 and b'systemd-run' in done.stderr


# --- units ---

SOURCES = Path(__file__).resolve().parents[2] / 'data/systemd'

needs_analyze = pytest.mark.skipif(shutil.which('systemd-analyze') is None,
                                   reason='systemd is not installed')


@pytest.fixture
def units(tmp_path):
    """The units as they are installed, but for a program that is there."""
    folder = tmp_path / 'units'
    folder.mkdir()
    (tmp_path / 'runtime').mkdir(mode=0o700)
    for name, path in find_units().items():
        text = re.sub(r'^ExecStart=\S+', f'ExecStart={PROGRAM}', path.read_text(),
                      flags=re.MULTILINE)
        (folder / name).write_text(text)
    return folder


def analyze(folder, *arguments):
    return subprocess.run(['systemd-analyze', *arguments], cwd=folder, text=True, check=False,
                          capture_output=True,
                          env={**os.environ, 'XDG_RUNTIME_DIR': str(folder.parent / 'runtime'),
                               'SYSTEMD_UNIT_PATH': f'{folder}:'})


@needs_analyze
@pytest.mark.parametrize('unit', ['runtimeuse.service', 'runtimeuse.socket',
                                  'runtimeuse@example.service'])
def test_units_are_right(unit, units):
    """A key that is unknown is only written about, so nothing may be."""
    manager = [] if '@' in unit else ['--user']
    done = analyze(units, *manager, '--man=no', 'verify', f'./{unit}')
    assert done.returncode == 0 and done.stderr == '', done.stderr


@needs_analyze
@pytest.mark.parametrize('unit', EXPOSURE)
def test_units_are_confined(unit, units):
    manager = [] if '@' in unit else ['--user']
    done = analyze(units, *manager, 'security', '--offline=true', f'--threshold={EXPOSURE[unit]}',
                   f'./{unit}')
    assert done.returncode == 0, done.stdout + done.stderr


@needs_analyze
def test_unit_with_hardening(units):
    folder = units / 'runtimeuse.service.d'
    folder.mkdir()
    shutil.copy(SOURCES / 'user/hardening.conf', folder)
    done = analyze(units, '--user', 'security', '--offline=true',
                   f'--threshold={EXPOSURE_WHEN_HARDENED}', './runtimeuse.service')
    assert done.returncode == 0, done.stdout + done.stderr
    done = analyze(units, '--user', '--man=no', 'verify', './runtimeuse.service')
    assert done.returncode == 0 and done.stderr == '', done.stderr
