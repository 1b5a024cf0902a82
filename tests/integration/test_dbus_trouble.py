# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can go wrong with the bus, and by whom; clients of the server never notice."""

import os
import signal
import subprocess
import time

import pytest
from harness import program, websocket
from harness.bus import MANAGER, NAME, OBJECT_MANAGER, PATH, SESSION, Bus, Probe
from harness.fake_bus import FakeBus
from harness.messages import CANCELLED, commands, invocation, text_of
from harness.processes import PATIENCE, SANITIZED, descriptors, status_field, wait_until
from harness.server import Server

UNKNOWN = {'org.freedesktop.DBus.Error.UnknownMethod', 'org.freedesktop.DBus.Error.UnknownObject'}
LIMITS = 'org.freedesktop.DBus.Error.LimitsExceeded'
DEADLINE = 3
# GLib makes the rest of an attempt in a thread, which may come late.
LATE = 3 * PATIENCE


@pytest.fixture
def bus(tmp_path):
    bus = Bus(tmp_path / 'bus')
    yield bus
    bus.stop()


@pytest.fixture
def on_bus(bus, start_server):
    server = start_server(env=bus.env)
    with Probe(bus, subscribed=True) as probe:
        probe.wait_for_name()
        yield server, probe


def check_serves(server):
    with websocket.connect(server.port) as client:
        assert text_of(client.request(invocation('ECHO:served'))[-1]) == 'served'


def wait_log(server, words, timeout=10):
    wait_until(lambda: words in server.log, f'{words!r} in the log: {server.log}', timeout)


def resident(server):
    return int(status_field(server.pid, 'VmRSS').split()[0]) / 1024


# Without a bus

@pytest.mark.parametrize('env', [
    {}, {'DBUS_SESSION_BUS_ADDRESS': ''}, {'DBUS_SESSION_BUS_ADDRESS': 'autolaunch:'},
    {'XDG_RUNTIME_DIR': '/nowhere'}])
def test_no_bus(start_server, env):
    """Then nothing is said, and nothing is there for it."""
    server = start_server(env=env)
    check_serves(server)
    assert 'bus' not in server.log.lower()
    tasks = [status_field(f'{server.pid}/task/{task}', 'Name')
             for task in os.listdir(f'/proc/{server.pid}/task')]
    assert 'gdbus' not in tasks


def test_bus_of_the_runtime_folder(tmp_path, start_server):
    bus = Bus(tmp_path / 'run')
    try:
        start_server(env={'XDG_RUNTIME_DIR': str(tmp_path / 'run')})
        with Probe(bus) as probe:
            probe.wait_for_name()
    finally:
        bus.stop()


@pytest.mark.parametrize('address', ['unix:path=/nowhere/bus', 'nonsense', 'unix:nonsense=1',
                                     'tcp:host=127.0.0.1,port=1'])
def test_address_of_nobody(start_server, address):
    server = start_server(env={'DBUS_SESSION_BUS_ADDRESS': address})
    check_serves(server)
    wait_log(server, f'Could not connect to the bus at {address}: ')
    assert server.log.count('bus at') == 1


@pytest.mark.parametrize('deaf_after', ['connect', 'auth', 'Hello'])
def test_address_that_hangs(tmp_path, start_server, deaf_after):
    """It costs nobody anything, neither while it is tried nor at the end."""
    with FakeBus(tmp_path / 'socket', deaf_after) as bus:
        server = start_server(env=bus.env)
        started = time.monotonic()
        check_serves(server)
        assert time.monotonic() - started < DEADLINE * PATIENCE
        wait_log(server, f'The bus at {bus.address} did not answer in 3 s')
        assert time.monotonic() - started < DEADLINE + LATE
        check_serves(server)
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < LATE


def test_stop_while_the_bus_hangs(tmp_path, start_server):
    """During the attempt, and when it has the name already."""
    for deaf_after in ('connect', 'RequestName'):
        with FakeBus(tmp_path / deaf_after, deaf_after) as bus:
            server = start_server(env=bus.env)
            if deaf_after == 'RequestName':
                bus.wait_call('RequestName', 5 * PATIENCE)
            check_serves(server)
            started = time.monotonic()
            server.stop()
            assert time.monotonic() - started < 1 + LATE


def test_nobody_is_let_in_while_the_bus_lets_us_go(tmp_path, start_server):
    """What began then would be cancelled a moment later."""
    with FakeBus(tmp_path / 'socket', 'RequestName') as bus:
        server = start_server(env=bus.env)
        bus.wait_call('RequestName', 5 * PATIENCE)
        with websocket.connect(server.port) as client:
            client.send(commands('echo ready; sleep 62'))
            assert client.receive()['text'] == 'ready\n'
            server.signal(signal.SIGTERM)
            seen = ask_until_closed(server.port)
            assert client.receive() == CANCELLED
        assert server.wait() == 0
    first = seen.index(('/readyz', 503))
    assert set(seen[first:]) <= {('/readyz', 503), ('/', 503), ('/healthz', 200)}


def ask_until_closed(port):
    """Return what is answered until nobody listens."""
    seen = []
    try:
        while True:
            for path in ('/readyz', '/', '/healthz'):
                with websocket.Connection(port) as connection:
                    if path == '/':
                        status = connection.ask().status
                    else:
                        connection.write(f'GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n'
                                         .encode())
                        status = connection.read_answer().status
                seen.append((path, status))
    except (OSError, websocket.Closed):
        return seen


def test_stop_while_a_required_bus_hangs(tmp_path):
    """Who is stopped in order has not failed."""
    with FakeBus(tmp_path / 'socket', 'auth') as bus, program.Running(
            'serve', '--port', '0', '--agent', 'echo', '--bus-name', 'required', env=bus.env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        wait_until(lambda: bus.connection is not None, 'the attempt')
        running.process.send_signal(signal.SIGTERM)
        assert running.wait() == 0
        # It was never all that it was to be.
        assert running.process.stdout.read() == b''
        assert b'Error' not in running.process.stderr.read()


@pytest.mark.parametrize('env, words', [
    ({}, 'There is no bus: '),
    ({'DBUS_SESSION_BUS_ADDRESS': 'unix:path=/nowhere'}, 'Could not connect to the bus at '),
])
def test_required_without_a_bus(env, words):
    done = program.run('serve', '--port', '0', '--agent', 'echo', '--bus-name', 'required',
                       env={'DBUS_SESSION_BUS_ADDRESS': None, 'XDG_RUNTIME_DIR': None, **env})
    assert (done.returncode, done.stdout) == (1, b'')
    assert words in done.stderr.decode()


def test_required_with_a_bus_that_hangs(tmp_path):
    with FakeBus(tmp_path / 'socket', 'auth') as bus:
        done = program.run('serve', '--port', '0', '--agent', 'echo', '--bus-name', 'required',
                           env=bus.env)
    assert done.returncode == 1
    assert 'did not answer in 3 s' in done.stderr.decode()


def test_off(bus, start_server):
    server = start_server('--bus-name', 'off', env=bus.env)
    check_serves(server)
    with Probe(bus) as probe:
        assert not probe.has_name()


# The bus goes away

def test_bus_goes_and_comes_back(bus, start_server):
    server = start_server(env=bus.env)
    with Probe(bus) as probe:
        probe.wait_for_name()
    with websocket.connect(server.port) as client:
        client.send(invocation('WAIT:60000'))
        bus.stop()
        wait_log(server, 'The bus is gone')
        assert text_of(websocket_echo(server)) == 'meanwhile'
        bus.start()
        with Probe(bus, subscribed=True) as probe:
            probe.wait_for_name(20)
            wait_log(server, 'The bus is there again')
            # What is there now is shown, also what began before and meanwhile.
            (path, session), = probe.sessions().items()
            assert session['State'] == 'busy'
            assert probe.get('TotalRequests') == 2
            assert probe.call('Cancel', path=path, interface=SESSION) == [True]
            assert client.receive() == CANCELLED
            probe.wait_change(path=path, State='idle')
    server.stop()


def websocket_echo(server):
    with websocket.connect(server.port) as client:
        return client.request(invocation('ECHO:meanwhile'))[-1]


def test_bus_goes_ten_times(bus, start_server):
    """Nothing of a connection is kept."""
    server = start_server(env=bus.env)
    with websocket.connect(server.port) as client:
        for number in range(4):
            with Probe(bus) as probe:
                probe.wait_for_name(30)
                assert len(probe.sessions()) == 1
            if number == 1:
                n_descriptors, threads = len(descriptors(server.pid)), count_threads(server)
            bus.stop()
            bus.start()
        with Probe(bus) as probe:
            probe.wait_for_name(30)
        wait_until(lambda: len(descriptors(server.pid)) <= n_descriptors, 'descriptors')
        wait_until(lambda: count_threads(server) <= threads, 'threads')
        assert text_of(client.request(invocation('ECHO:on'))[-1]) == 'on'


def count_threads(server):
    return len(os.listdir(f'/proc/{server.pid}/task'))


def test_bus_that_reads_nothing(bus, on_bus):
    """What is told then is not kept without bound, and requests go on."""
    server, _ = on_bus
    clients = [websocket.connect(server.port) for _ in range(40)]
    clients[0].request(invocation('ECHO:x'))
    os.kill(bus.process.pid, signal.SIGSTOP)
    try:
        before = resident(server)
        started = time.monotonic()
        while time.monotonic() - started < 6:
            for client in clients:
                client.send(invocation('STREAM:20', source_id='x' * 200))
            for client in clients:
                client.receive_until_terminal()
        grown = resident(server) - before
        print(f'grown by {grown:.1f} MiB')
        # Sanitizers keep what was freed.
        assert grown < 8 or SANITIZED
    finally:
        os.kill(bus.process.pid, signal.SIGCONT)
    with Probe(bus) as probe:
        done = sum(session['RequestsDone'] for session in probe.sessions().values())
        assert probe.get('TotalRequests') == done > 1000
    for client in clients:
        client.close()


def test_stop_while_the_bus_reads_nothing(bus, start_server):
    server = start_server(env=bus.env)
    with Probe(bus) as probe:
        probe.wait_for_name()
    os.kill(bus.process.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < 1 + LATE
    finally:
        os.kill(bus.process.pid, signal.SIGCONT)


# The name

def test_name_is_given_back_first(bus, start_server):
    """Whoever finds us by the name finds somebody who serves."""
    server = start_server(env=bus.env)
    with Probe(bus) as probe:
        probe.wait_for_name()
        probe.subscribe('org.freedesktop.DBus')
        with websocket.connect(server.port) as client:
            client.send(commands("trap '' TERM; echo ready; sleep 63"))
            assert client.receive()['text'] == 'ready\n'
            server.signal(signal.SIGTERM)
            probe.wait_signal('NameOwnerChanged',
                              lambda said: said['arguments'][0] == NAME and
                              not said['arguments'][2])
            assert server.process.poll() is None
            assert client.receive() == CANCELLED
        assert server.wait() == 0


def test_second_server(bus, start_server):
    first = start_server(env=bus.env)
    with Probe(bus) as probe:
        probe.wait_for_name()
        second = start_server(env=bus.env)
        check_serves(second)
        wait_log(second, f'The name {NAME} on the bus is held by :1.')
        assert f'(process {first.pid}, runtimeuse)' in second.log
        assert probe.get('Addresses')[0].endswith(f':{first.port}/')
        first.stop()
        # It was next.
        wait_until(lambda: probe.has_name() and
                   probe.get('Addresses')[0].endswith(f':{second.port}/'), 'the second')
        wait_log(second, f'The name {NAME} on the bus is ours')


def test_second_server_that_requires_the_name(bus, on_bus):
    server, probe = on_bus
    done = program.run('serve', '--port', '0', '--agent', 'echo', '--bus-name', 'required',
                       env=bus.env)
    assert (done.returncode, done.stdout) == (1, b'')
    assert f'The name {NAME} on the bus is held by :1.' in done.stderr.decode()
    assert f'(process {server.pid}, runtimeuse)' in done.stderr.decode()
    assert probe.has_name()


def test_name_lost(tmp_path, start_server):
    with FakeBus(tmp_path / 'socket') as bus:
        server = start_server(env=bus.env)
        bus.wait_call('RequestName', 5 * PATIENCE)
        bus.send_name_signal('NameAcquired', NAME)
        wait_log(server, f'The name {NAME} on the bus is ours')
        bus.send_name_signal('NameLost', NAME)
        wait_log(server, f'The name {NAME} on the bus was lost')
        check_serves(server)
        bus.send_name_signal('NameAcquired', NAME)
        wait_until(lambda: server.log.count('is ours') == 2, 'the name again')
        server.stop()


# Callers

@pytest.mark.parametrize('path', [f'{PATH}/session/{"0" * 32}', f'{PATH}/session', f'{PATH}/x',
                                  '/'])
def test_unknown_session(on_bus, path):
    server, probe = on_bus
    for method in ('Cancel', 'End'):
        assert probe.try_call(method, path=path, interface=SESSION)['error'] in UNKNOWN
    answer = probe.try_call('GetAll', SESSION, signature='(s)', path=path,
                            interface='org.freedesktop.DBus.Properties')
    assert 'error' in answer
    check_serves(server)


def test_wrong_calls(on_bus):
    server, probe = on_bus
    calls = [
        ('Nonsense', (), {}),
        ('CancelAll', (1,), {'signature': '(i)'}),
        ('Cancel', (), {'interface': SESSION}),
        ('Get', (MANAGER, 'Nonsense'), {'signature': '(ss)',
                                        'interface': 'org.freedesktop.DBus.Properties'}),
    ]
    for method, arguments, options in calls:
        assert 'error' in probe.try_call(method, *arguments, **options), method
    with websocket.connect(server.port):
        path, _ = probe.wait_session()
        assert 'error' in probe.try_call('Cancel', 'x', signature='(s)', path=path,
                                         interface=SESSION)
    check_serves(server)


def test_properties_cannot_be_set(bus, on_bus):
    _, probe = on_bus
    done = subprocess.run(['busctl', f'--address={bus.address}', 'set-property', NAME, PATH,
                           MANAGER, 'SessionCount', 'u', '3'], capture_output=True, check=False)
    assert done.returncode != 0
    assert probe.get('SessionCount') == 0


def test_cancel_twice(on_bus):
    server, probe = on_bus
    with websocket.connect(server.port) as client:
        path, _ = probe.wait_session()
        client.send(invocation('WAIT:60000'))
        probe.wait_change(path=path, State='busy')
        calls = [probe.begin('Cancel', path=path, interface=SESSION) for _ in range(3)]
        answers = [probe.answer(number)['value'] for number in calls]
        # The first always hits, and the others do as long as the request is not over.
        assert answers[0] == [True]
        assert client.receive() == CANCELLED
        assert probe.call('Cancel', path=path, interface=SESSION) == [False]
        assert text_of(client.request(invocation('ECHO:once'))[-1]) == 'once'
        assert probe.get('RequestsDone', path, SESSION) == 2
    calls = [probe.try_call('End', path=path, interface=SESSION) for _ in range(2)]
    assert all(call.get('error') in UNKNOWN for call in calls if 'error' in call)


def test_session_ends_while_it_is_read(on_bus):
    """Each read has an answer, either the properties or that there is no such session."""
    server, probe = on_bus
    for _ in range(30):
        with websocket.connect(server.port) as client:
            path, _ = probe.wait_session()
            calls = [probe.begin('GetAll', SESSION, signature='(s)', path=path,
                                 interface='org.freedesktop.DBus.Properties') for _ in range(10)]
            client.close()
            calls += [probe.begin('GetAll', SESSION, signature='(s)', path=path,
                                  interface='org.freedesktop.DBus.Properties') for _ in range(10)]
            calls += [probe.begin('GetManagedObjects', interface=OBJECT_MANAGER)]
            for number in calls:
                answer = probe.answer(number)
                assert 'value' in answer or answer['error'] in UNKNOWN | {
                    'org.freedesktop.DBus.Error.UnknownInterface',
                    'org.freedesktop.DBus.Error.InvalidArgs'}, answer
    wait_until(lambda: probe.get('SessionCount') == 0, 'the last session')
    assert probe.sessions() == {}


def test_ten_thousand_calls_a_second(bus, on_bus):
    """Others are served meanwhile, on the bus and on their sockets, and no memory is needed."""
    server, probe = on_bus
    with Probe(bus) as rude, websocket.connect(server.port) as client:
        rude.call('CancelAll')
        client.request(invocation('ECHO:x'))
        before = resident(server)
        number = rude.flood('Get', MANAGER, 'SessionCount', signature='(ss)', count=30000,
                            window=2000, interface='org.freedesktop.DBus.Properties')
        longest_call = 0
        echoes = []
        while number not in rude.answers:
            started = time.monotonic()
            assert probe.get('SessionCount') == 1
            between = time.monotonic()
            assert text_of(client.request(invocation('ECHO:y'))[-1]) == 'y'
            longest_call = max(longest_call, between - started)
            echoes.append(time.monotonic() - between)
            try:
                rude._take(time.monotonic())
            except AssertionError:
                pass
        told = rude.answers.pop(number)['value']
        grown = resident(server) - before
        served, most = len(echoes), sorted(echoes)[len(echoes) * 9 // 10]
        print(f"{told['answered']} answered, {told['errors']} refused in {told['seconds']:.1f} s; "
              f'{served} others, longest call {longest_call * 1000:.0f} ms, nine of ten echoes '
              f'{most * 1000:.0f} ms; grown by {grown:.1f} MiB')
        assert told['answered'] + sum(told['errors'].values()) == 30000
        assert set(told['errors']) <= {LIMITS}
        assert told['answered'] >= 10000
        assert served > 10
        assert most < 0.5 * PATIENCE
        assert grown < 8 or SANITIZED
        # After a moment the caller is heard again.
        wait_until(lambda: 'value' in rude.try_call('CancelAll'), 'an answer')
