# SPDX-License-Identifier: LGPL-2.1-or-later
"""runtimeuse sessions, show, cancel and end: what they print, and what they make of trouble."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
from harness import program, websocket
from harness.bus import NAME, PATH
from harness.fake_service import FakeService, read_line
from harness.messages import CANCELLED, commands
from harness.processes import PATIENCE, resident_mib, wait_until
from harness.program import Running

COMMANDS = [['sessions'], ['show', 'a'], ['cancel', 'a'], ['cancel', '--all'], ['end', 'a'],
            ['end', '--all']]
ONE = 'a1' * 16
OTHER = 'a2' * 16
MEMBERS = ['id', 'kind', 'peer', 'state', 'request_kind', 'source_id', 'agent', 'model', 'phase',
           'command', 'connected_at', 'request_started_at', 'requests_done', 'requests_failed',
           'output_bytes', 'artifacts_pending', 'artifacts_uploaded', 'artifacts_failed',
           'last_error']
# No terminal is to obey anything of it: escapes, C1 control characters, a change of direction.
WILD = 'a\x1b]0;title\x07\x9b31m\u202eb\nc\td\x7f'


def run(bus, *arguments, env=None, **options):
    done = program.run(*arguments, env={**(bus.env if bus else {}), **(env or {})}, **options)
    done.out, done.err = done.stdout.decode(), done.stderr.decode()
    return done


def watch(bus, *arguments, **options):
    return Running('sessions', '--watch', *arguments, env=bus.env,
                   **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'bufsize': 0,
                      **options})


class Lines:
    """What a watcher prints, line by line."""

    def __init__(self, running):
        self.stream = running.process.stdout
        self.pending = bytearray()

    def __call__(self):
        return read_line(self.stream, self.pending)

    def json(self):
        return json.loads(self())


def busy(**properties):
    now = time.time_ns() // 1000
    return {'State': 'busy', 'Phase': 'agent', 'Agent': 'openai', 'Command': 'make -j4',
            'Peer': '127.0.0.1:50312', 'ConnectedAt': now - 10_000_000,
            'RequestStartedAt': now - 65_000_000, 'OutputBytes': 12_300_000, **properties}


# Without a bus, without a service

@pytest.mark.parametrize('command', [*COMMANDS, ['sessions', '--watch']], ids=' '.join)
def test_no_bus(tmp_path, command):
    done = run(None, *command, env={'DBUS_SESSION_BUS_ADDRESS': None,
                                    'XDG_RUNTIME_DIR': str(tmp_path), 'DISPLAY': ':99'})
    assert (done.returncode, done.out) == (3, '')
    for word in ('DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR', 'dbus-run-session'):
        assert word in done.err


def test_bus_of_the_login(bus, service):
    """Without an address it is at its usual place."""
    done = run(None, 'sessions', env={'DBUS_SESSION_BUS_ADDRESS': None,
                                      'XDG_RUNTIME_DIR': str(bus.folder)})
    assert done.returncode == 0, done.err


@pytest.mark.parametrize('address', [
    'unix:path=/nonexistent/bus', 'nonsense', 'unix:', 'tcp:host=x'])
@pytest.mark.parametrize('command', [['sessions'], ['cancel', '--all'], ['sessions', '--watch']],
                         ids=' '.join)
def test_no_bus_at_the_address(command, address):
    done = run(None, *command, env={'DBUS_SESSION_BUS_ADDRESS': address})
    assert (done.returncode, done.out) == (3, '')
    assert done.err.startswith('Error: cannot connect to the session bus: ')


@pytest.fixture
def silent_bus(tmp_path):
    """Something that accepts connections and says nothing."""
    path = tmp_path / 'silent'
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        accepted = []

        def accept():
            try:
                while True:
                    accepted.append(listener.accept())
            except OSError:
                pass

        thread = threading.Thread(target=accept)
        thread.start()
        yield {'DBUS_SESSION_BUS_ADDRESS': f'unix:path={path}'}
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection, _ in accepted:
            connection.close()


@pytest.mark.parametrize('command', [['sessions'], ['show', 'a'], ['cancel', '--all'], ['end', 'a'],
                                     ['sessions', '--watch']], ids=' '.join)
def test_bus_that_hangs(silent_bus, command):
    started = time.monotonic()
    done = run(None, *command, '--timeout', '1', env=silent_bus)
    assert time.monotonic() - started < 5 * PATIENCE
    assert (done.returncode, done.out) == (124, '')
    assert done.err == 'Error: the session bus did not answer in time (1 s)\n'


@pytest.mark.parametrize('command', COMMANDS, ids=' '.join)
def test_no_service(bus, command):
    """It is said how to start one, and none is started, not even where the bus could."""
    bus.add_service(NAME, f': >{bus.folder}/started; exit 1')
    done = run(bus, *command)
    assert (done.returncode, done.out) == (3, '')
    assert 'no runtimeuse service is on the session bus' in done.err
    assert 'runtimeuse serve' in done.err and 'systemctl --user start runtimeuse' in done.err
    assert not bus.has_owner()
    assert not (bus.folder / 'started').exists()


def test_service_that_could_be_started(bus):
    """The test above would see it."""
    bus.add_service(NAME, f': >{bus.folder}/started; exit 1')
    with pytest.raises(subprocess.CalledProcessError):
        bus.call(NAME, PATH, 'org.freedesktop.DBus.Peer.Ping')
    assert (bus.folder / 'started').exists()


def test_watch_starts_no_service(bus):
    bus.add_service(NAME, f': >{bus.folder}/started; exit 1')
    with watch(bus, '--json') as running:
        assert Lines(running).json() == {'event': 'service', 'running': False}
    assert not bus.has_owner()
    assert not (bus.folder / 'started').exists()


@pytest.mark.parametrize('command', COMMANDS, ids=' '.join)
def test_service_that_hangs(bus, service, command):
    service.tell('shut_up', 'GetManagedObjects')
    done = run(bus, *command, '--timeout', '2')
    assert (done.returncode, done.out) == (124, '')
    assert re.fullmatch(r'Error: the service \(:1\.\d+ on the session bus\) did not answer in time '
                        r'\(2 s\)\n', done.err)


@pytest.mark.parametrize('command', [['cancel', 'a'], ['cancel', '--all'], ['end', 'a'],
                                     ['end', '--all']], ids=' '.join)
def test_service_that_hangs_later(bus, service, command):
    service.add(ONE, **busy())
    service.tell('shut_up', 'Cancel', 'CancelAll', 'End', 'EndAll')
    done = run(bus, *command, '--timeout', '1')
    assert (done.returncode, done.out) == (124, '') and 'Error: ' in done.err


def test_service_that_dies(bus, service):
    service.add(ONE, **busy())
    service.tell('shut_up', 'Cancel')
    with Running('cancel', 'a', env=bus.env, stderr=subprocess.PIPE) as running:
        service.expect('called')
        wait_until(lambda: service.expect('called') and service.calls[-1][1] == 'Cancel',
                   'the call')
        service.stop()
        assert running.wait() == 3
        assert b'Error: ' in running.process.stderr.read()


def test_service_of_another_kind(bus, service):
    """Somebody has the name and knows nothing of sessions."""
    service.tell('fail', 'GetManagedObjects', 'org.freedesktop.DBus.Error.UnknownMethod',
                 'No such method \x1b[2J')
    done = run(bus, 'sessions')
    assert (done.returncode, done.out) == (3, '')
    assert 'does not tell its sessions: No such method ?[2J' in done.err


# What is shown

def test_empty(bus, service):
    done = run(bus, 'sessions')
    assert done.returncode == 0 and done.err == ''
    assert done.out.split() == ['SESSION', 'STATE', 'PHASE', 'TIME', 'DONE', 'FAILED', 'OUTPUT',
                                'AGENT', 'CLIENT', 'DOING']
    assert run(bus, 'sessions', '--json').out == '{"sessions":[]}\n'


def test_table(bus, service):
    """The oldest comes first, and each line has a word for each title."""
    service.add(ONE, **busy(RequestsDone=3, RequestsFailed=1))
    service.add(OTHER, ConnectedAt=1, RequestsDone=7)
    done = run(bus, 'sessions')
    lines = [re.split(r'  +', re.sub(r'1m0[5-9]s', '1m05s', line))
             for line in done.out.splitlines()[1:]]
    assert lines == [
        [OTHER, 'idle', '-', '-', '7', '0', '0\u00a0bytes', '-', '-'],
        [ONE, 'busy', 'agent', '1m05s', '3', '1', '12.3\u00a0MB', 'openai', '127.0.0.1:50312',
         'make -j4']]


def test_source_is_shown_without_a_command(bus, service):
    service.add(ONE, **busy(Command='', SourceId='ticket 7'))
    assert run(bus, 'sessions').out.endswith('  ticket 7\n')


def test_json(bus, service):
    given = busy(Kind='websocket', RequestKind='invocation', Model='m', SourceId='s', LastError='e',
                 RequestsDone=1, RequestsFailed=2, ArtifactsPending=3, ArtifactsUploaded=4,
                 ArtifactsFailed=5)
    service.add(ONE, **given)
    sessions = json.loads(run(bus, 'sessions', '--json').out)['sessions']
    shown = json.loads(run(bus, 'show', ONE, '--json').out)
    assert sessions == [shown] and list(shown) == MEMBERS
    for name, value in given.items():
        member = re.sub(r'(?<!^)(?=[A-Z])', '_', name).lower()
        assert shown[member] == value, member


def test_json_of_nothing(bus, service):
    service.add(ONE)
    shown = json.loads(run(bus, 'show', ONE, '--json').out)
    assert {name for name, value in shown.items() if value is None} == {
        'kind', 'peer', 'request_kind', 'source_id', 'agent', 'model', 'phase', 'command',
        'connected_at', 'request_started_at', 'last_error'}


def test_show(bus, service):
    service.add(ONE, **busy(Kind='websocket', LastError='no such file'))
    done = run(bus, 'show', 'a1', env={'TZ': 'UTC'})
    found = dict(re.split(r': +', line, maxsplit=1) for line in done.out.splitlines())
    assert done.returncode == 0
    assert found['Session'] == ONE and found['Client'] == '127.0.0.1:50312'
    assert found['State'] == 'busy' and found['Command'] == 'make -j4'
    assert re.fullmatch(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(1m0\ds ago\)', found['Request began'])
    assert found['Last error'] == 'no such file' and found['Requests done'] == '0'
    assert 'Model' not in found


def test_wild_text(bus, service):
    """Texts come from whoever is a client, and from whoever has the name."""
    service.add(ONE, **busy(**dict.fromkeys(
        ['Id', 'Kind', 'Peer', 'State', 'RequestKind', 'SourceId', 'Agent', 'Model', 'Phase',
         'Command', 'LastError'], WILD)))
    for command in (['sessions'], ['show', 'a'], ['show', 'x'], ['cancel', 'a'], ['end', 'a']):
        done = run(bus, *command)
        text = done.out + done.err
        assert 'a?]0;title??31m?b' in text
        assert all(character.isprintable() or character == '\n'
                   for character in text.replace('\u00a0', ' ')), text
    assert len(run(bus, 'sessions').out.splitlines()) == 2
    text = run(bus, 'sessions', '--json').out
    assert text.replace('\n', '').isprintable() and text.count('\n') == 1
    assert json.loads(text)['sessions'][0]['command'] == WILD


def test_wrong_types(bus, service):
    """What makes no sense was not told."""
    service.tell('add', ONE, {'State': ['i', 5], 'Id': ['as', ['x']], 'RequestsDone': ['s', 'x'],
                              'OutputBytes': ['d', 1.5], 'ConnectedAt': ['x', -5],
                              'RequestsFailed': ['i', 3]})
    shown = json.loads(run(bus, 'show', ONE, '--json').out)
    assert shown['id'] == ONE and shown['state'] is None and shown['requests_done'] == 0
    assert shown['output_bytes'] == 0 and shown['connected_at'] is None
    assert shown['requests_failed'] == 3


def test_output_that_nobody_reads(bus, service):
    for command in (['sessions'], ['sessions', '--json'], ['cancel', '--all'], ['end', '--all']):
        reader, writer = os.pipe()
        os.close(reader)
        with Running(*command, env=bus.env, stdout=writer) as running:
            assert running.wait() == 141
        os.close(writer)


def test_full_disk(bus, service):
    with open('/dev/full', 'wb') as full, Running('sessions', env=bus.env, stdout=full,
                                                  stderr=subprocess.PIPE) as running:
        assert running.wait() == 1
        assert b'cannot write the output' in running.process.stderr.read()


# Which session is meant

def test_beginning_of_an_id(bus, service):
    service.add(ONE)
    service.add(OTHER)
    for command in ('show', 'cancel', 'end'):
        assert run(bus, command, 'a1').returncode == 0
        assert run(bus, command, ONE).returncode == 0
        done = run(bus, command, 'a')
        assert (done.returncode, done.out) == (1, '')
        assert done.err == (f'Error: "a" is the beginning of several ids:\n  {ONE}\n  {OTHER}\n')
        done = run(bus, command, 'b\x1b')
        assert (done.returncode, done.out) == (1, '')
        assert done.err == f'Error: there is no session "b?"; there are:\n  {ONE}\n  {OTHER}\n'


def test_id_that_another_begins_with(bus, service):
    service.add('abc')
    service.add('abcd')
    assert json.loads(run(bus, 'show', 'abc', '--json').out)['id'] == 'abc'


def test_unknown_id(bus, service):
    assert run(bus, 'show', 'x').err == 'Error: there is no session "x", nor any other\n'
    for number in range(12):
        service.add(f'{number:032}')
    lines = run(bus, 'cancel', 'x').err.splitlines()
    assert len(lines) == 12 and lines[-1] == '  and 2 more'


# cancel and end

def test_cancel(bus, service):
    service.add(ONE, **busy())
    service.add(OTHER)
    assert run(bus, 'cancel', ONE).out == f'The request of session {ONE} is being cancelled\n'
    done = run(bus, 'cancel', OTHER)
    assert done.returncode == 0 and done.out == f'Session {OTHER} has no request to cancel\n'
    assert run(bus, 'cancel', '--all').out == '1 request is being cancelled\n'
    service.tell('remove', OTHER)
    assert [call for call in service.calls if call[1] != 'GetManagedObjects'] == [
        (ONE, 'Cancel'), (OTHER, 'Cancel'), (PATH, 'CancelAll')]


def test_end(bus, service):
    service.add(ONE, **busy())
    service.add(OTHER)
    assert run(bus, 'end', ONE).out == f'Session {ONE} is being ended\n'
    assert run(bus, 'end', '--all').out == '2 sessions are being ended\n'
    service.tell('remove', OTHER)
    assert [call for call in service.calls if call[1] != 'GetManagedObjects'] == [
        (ONE, 'End'), (PATH, 'EndAll')]


@pytest.mark.parametrize('command', ['cancel', 'end'])
def test_session_that_has_just_ended(bus, service, command):
    service.add(ONE)
    service.tell('vanish', ONE)
    done = run(bus, command, ONE)
    assert (done.returncode, done.out) == (1, '')
    assert done.err == f'Error: session {ONE} has just ended\n'


@pytest.mark.parametrize('command, method', [
    (['cancel', 'a'], 'Cancel'), (['cancel', '--all'], 'CancelAll'), (['end', 'a'], 'End'),
    (['end', '--all'], 'EndAll')])
def test_refused(bus, service, command, method):
    service.add(ONE)
    service.tell('fail', method, f'{NAME}.Error.Busy', 'Not now\x1b\n')
    done = run(bus, *command)
    assert (done.returncode, done.out) == (1, '')
    assert done.err == 'Error: the service did not do it: Not now??\n'


# Options

@pytest.mark.parametrize('words', [
    ['sessions', 'x'], ['sessions', '--all'], ['sessions', '--timeout', '0'],
    ['sessions', '--timeout', 'x'], ['sessions', '--timeout', '3601'], ['sessions', '--timeout'],
    ['show'], ['show', ''], ['show', 'a', 'b'], ['show', '--all'], ['show', '--watch', 'a'],
    ['cancel'], ['cancel', 'a', '--all'], ['cancel', '--json', 'a'], ['cancel', 'a', 'b'],
    ['end'], ['end', '--all', 'a'], ['end', '--timeout', '-1', 'a'], ['end', '']], ids=' '.join)
def test_wrong_options(words):
    done = run(None, *words)
    assert (done.returncode, done.out) == (2, '')
    assert done.err.startswith('Error: ') and f'See: runtimeuse {words[0]} --help\n' in done.err


@pytest.mark.parametrize('command', ['sessions', 'show', 'cancel', 'end'])
def test_help(command):
    done = run(None, command, '--help')
    assert done.returncode == 0 and f'Usage: runtimeuse {command}' in done.out
    assert f'\n  {command} ' in run(None, '--help').out


# --watch without a terminal

def test_watch_json(bus, service):
    service.add(ONE, **busy())
    with watch(bus, '--json') as running:
        line = Lines(running)
        assert line.json() == {'event': 'service', 'running': True}
        event = line.json()
        assert event['event'] == 'added' and event['session']['id'] == ONE
        assert list(event['session']) == MEMBERS
        service.change(ONE, State='cancelling')
        event = line.json()
        assert event['event'] == 'changed' and event['session']['state'] == 'cancelling'
        assert event['session']['command'] == 'make -j4'
        service.change(ONE, State='cancelling')
        service.change(ONE, OutputBytes=5)
        assert line.json()['session']['output_bytes'] == 5
        service.add(OTHER)
        assert line.json()['session']['id'] == OTHER
        service.remove(ONE)
        event = line.json()
        assert event['event'] == 'removed' and event['session']['output_bytes'] == 5
        service.stop()
        assert line.json() == {'event': 'removed', 'session': {**event['session'], 'id': OTHER,
                                                               **line_of_nothing()}}
        assert line.json() == {'event': 'service', 'running': False}


def line_of_nothing():
    """A session that tells nothing but its id and that it is idle."""
    nothing = {name: None for name in MEMBERS if name != 'id'}
    return {**nothing, 'state': 'idle', 'requests_done': 0, 'requests_failed': 0, 'output_bytes': 0,
            'artifacts_pending': 0, 'artifacts_uploaded': 0, 'artifacts_failed': 0}


def test_watch_over_a_restart(bus):
    """The service that is waited for may be another one each time."""
    with watch(bus, '--json') as running:
        line = Lines(running)
        assert line.json() == {'event': 'service', 'running': False}
        for identifier in (ONE, OTHER):
            service = FakeService(bus, own=False)
            service.add(identifier)
            service.own()
            assert line.json() == {'event': 'service', 'running': True}
            event = line.json()
            assert event['event'] == 'added' and event['session']['id'] == identifier
            service.stop()
            assert line.json()['event'] == 'removed'
            assert line.json() == {'event': 'service', 'running': False}


def test_watch_lines(bus, service):
    """Only what a table would show has a line."""
    service.add(ONE, **busy())
    with watch(bus) as running:
        line = Lines(running)
        words = line().split()
        assert re.fullmatch(r'\d\d:\d\d:\d\d', words[0]) and words[1:] == ['service', 'running']
        assert line().split()[1:5] == ['added', ONE, 'busy', 'agent']
        service.change(ONE, OutputBytes=5)
        service.change(ONE, Phase='after', Command=WILD)
        text = line()
        assert text.split()[1:5] == ['changed', ONE, 'busy', 'after']
        assert text.endswith('  a?]0;title??31m?b c d?')
        service.remove(ONE)
        assert line().split()[1:3] == ['removed', ONE]


@pytest.mark.parametrize('number, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize('options', [[], ['--json']])
def test_watch_is_interrupted(bus, service, options, number, status):
    with watch(bus, *options) as running:
        Lines(running)()
        running.signal(number)
        assert running.wait() == status
        assert running.process.stdout.read() + running.process.stderr.read() == b''


@pytest.mark.parametrize('options', [[], ['--json']])
def test_watch_loses_its_reader(bus, service, options):
    """It is noticed at once, not with the next change."""
    with watch(bus, *options) as running:
        Lines(running)()
        running.process.stdout.close()
        running.process.stdout = None
        assert running.wait() == 141
        assert running.process.stderr.read() == b''


def test_watch_loses_the_bus(bus, service):
    with watch(bus, '--json') as running:
        Lines(running)()
        bus.stop()
        assert running.wait() == 3
        assert b'the connection to the session bus is lost' in running.process.stderr.read()


def test_watch_of_a_service_that_hangs(bus, service):
    service.tell('shut_up', 'GetManagedObjects')
    with watch(bus, '--timeout', '1') as running:
        assert running.wait() == 124


def test_watch_with_a_slow_reader(bus, service):
    """Nothing is kept for who does not read but how things are."""
    text = 'x' * 1000
    wanted = {('changed', 'idle'), ('removed', 'busy')}

    def read_to_the_end(line):
        events = []
        while not wanted <= {(event['event'], event['session']['state']) for event in events}:
            events.append(line.json())
        return events

    service.add(ONE, **busy())
    service.add(OTHER, **busy())
    with watch(bus, '--json') as running, watch(bus, '--json') as other:
        line, other_line = Lines(running), Lines(other)
        assert line.json()['event'] == other_line.json()['event'] == 'service'
        service.tell('flood', ONE, 'Command', text, 5000)
        service.remove(OTHER)
        service.tell('flood', ONE, 'Command', text, 5000)
        service.change(ONE, State='idle')
        # When one has seen it all, the other one has as well, more or less.
        read_to_the_end(other_line)
        assert len(read_to_the_end(line)) < 6000
        assert resident_mib(running.pid, 'VmHWM') < 60 * PATIENCE


def test_signals_of_others(bus, service):
    """Only who has the name is believed."""
    service.add(ONE)
    other = FakeService(bus, own=False)
    with watch(bus, '--json') as running:
        line = Lines(running)
        assert [line.json()['event'] for _ in range(2)] == ['service', 'added']
        other.add(OTHER)
        other.tell('send', f'{PATH}/session/{ONE}', 'org.freedesktop.DBus.Properties',
                   'PropertiesChanged', '(sa{sv}as)', [f'{NAME}.Session', {}, []])
        other.remove(OTHER)
        service.change(ONE, State='busy')
        event = line.json()
        assert event['event'] == 'changed' and event['session']['state'] == 'busy'
    other.stop()


def test_signals_without_sense(bus, service):
    service.add(ONE)
    manager = 'org.freedesktop.DBus.ObjectManager'
    with watch(bus, '--json') as running:
        line = Lines(running)
        assert [line.json()['event'] for _ in range(2)] == ['service', 'added']
        service.tell('send', PATH, manager, 'InterfacesAdded', '(s)', ['x'])
        service.tell('send', PATH, manager, 'InterfacesRemoved', '(i)', [5])
        service.tell('send', PATH, manager, 'InterfacesRemoved', '(oas)',
                     ['/none', [f'{NAME}.Session']])
        service.tell('send', PATH, manager, 'InterfacesAdded', '(oa{sa{sv}})', ['/none', {}])
        service.tell('send', f'{PATH}/session/{ONE}', 'org.freedesktop.DBus.Properties',
                     'PropertiesChanged', '(si)', [f'{NAME}.Session', 5])
        service.change(ONE, State='busy')
        assert line.json()['session']['state'] == 'busy'


# The service itself

@pytest.fixture
def start(bus, start_server):
    """Starts a server that is on the bus when this returns."""
    def start_on_bus(*arguments, **options):
        server = start_server(*arguments, env=bus.env, **options)
        wait_until(bus.has_owner, 'the name on the bus')
        return server

    return start_on_bus


def wait_for_session(bus, condition):
    """Return the only session once it is as it should be."""
    def find():
        sessions = json.loads(run(bus, 'sessions', '--json').out)['sessions']
        return len(sessions) == 1 and condition(sessions[0]) and sessions[0]
    return wait_until(find, 'the session')


def test_server_without_clients(bus, start):
    start()
    assert run(bus, 'sessions', '--json').out == '{"sessions":[]}\n'
    assert run(bus, 'cancel', '--all').out == '0 requests are being cancelled\n'
    assert run(bus, 'end', '--all').out == '0 sessions are being ended\n'
    assert run(bus, 'show', 'a').returncode == 1


def test_request_is_seen_and_cancelled(bus, start):
    server = start()
    with websocket.connect(server.port) as client:
        session = wait_for_session(bus, lambda session: session['state'] == 'idle')
        assert re.fullmatch('[0-9a-f]{32}', session['id'])
        assert session['kind'] == 'websocket' and session['agent'] == 'echo'
        done = run(bus, 'cancel', session['id'])
        assert done.returncode == 0 and 'no request to cancel' in done.out

        client.send(commands('echo begun; sleep 1000', source_id='ticket 7'))
        while client.receive()['message_type'] != 'command_output_message':
            pass
        busy_one = wait_for_session(bus, lambda session: session['command'])
        assert busy_one['id'] == session['id'] and busy_one['source_id'] == 'ticket 7'
        assert busy_one['command'] == 'echo begun; sleep 1000'
        assert (busy_one['state'], busy_one['phase']) == ('busy', 'agent')
        assert 'echo begun; sleep 1000' in run(bus, 'sessions').out
        assert 'ticket 7' in run(bus, 'show', session['id'][:12]).out

        assert run(bus, 'cancel', session['id'][:12]).returncode == 0
        while (message := client.receive())['message_type'] != 'error_message':
            pass
        assert message == CANCELLED
        session = wait_for_session(bus, lambda session: session['state'] == 'idle')
        assert session['request_started_at'] is None and session['requests_done'] == 1


def test_all_are_cancelled_and_ended(bus, start):
    server = start()
    with websocket.connect(server.port) as one, websocket.connect(server.port) as other:
        for client in (one, other):
            client.send(commands('echo begun; sleep 1000'))
            while client.receive()['message_type'] != 'command_output_message':
                pass
        assert run(bus, 'cancel', '--all').out == '2 requests are being cancelled\n'
        for client in (one, other):
            while (message := client.receive())['message_type'] != 'error_message':
                pass
            assert message == CANCELLED
        assert run(bus, 'end', '--all').out == '2 sessions are being ended\n'
        for client in (one, other):
            client.expect_close()
        wait_until(lambda: run(bus, 'sessions', '--json').out == '{"sessions":[]}\n',
                   'the end of the sessions')


def test_session_is_ended(bus, start):
    server = start()
    with websocket.connect(server.port) as client:
        session = wait_for_session(bus, lambda session: True)
        assert run(bus, 'end', session['id'][:8]).out == f'Session {session["id"]} is being ended\n'
        client.expect_close()
        wait_until(lambda: run(bus, 'end', session['id']).returncode == 1, 'the end')


def test_watch_follows_a_server(bus, start, tmp_path):
    """From the first client to the end of the server."""
    server = start()
    with watch(bus, '--json') as running:
        line = Lines(running)
        assert line.json() == {'event': 'service', 'running': True}
        states = []

        def wait_for(event, **values):
            while True:
                told = line.json()
                if told['event'] in ('added', 'changed'):
                    states.append(told['session']['state'])
                if told['event'] == event and values.items() <= told.get('session', told).items():
                    return told
        with websocket.connect(server.port) as client:
            wait_for('added', state='idle')
            command = f'until [ -e {tmp_path}/go ]; do sleep 0.01; done'
            client.send(commands(command))
            wait_for('changed', state='busy', command=command)
            (tmp_path / 'go').touch()
            wait_for('changed', state='idle', command=None, requests_done=1)
        wait_for('removed')
        assert states[0] == 'idle' and 'busy' in states
        server.stop()
        wait_for('service', running=False)


def test_many_sessions(bus, start):
    """Many are listed before anybody asks what takes so long."""
    server = start()
    with contextlib.ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(websocket.connect(server.port))
        started = time.monotonic()
        done = run(bus, 'sessions')
        took = time.monotonic() - started
        assert len(done.out.splitlines()) == 501, done.err
        assert took < 5 * PATIENCE
