# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the bus shows of the server and its sessions, and what can be done there."""

import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from harness import websocket
from harness.bus import MANAGER, NAME, OBJECT_MANAGER, PATH, PROPERTIES, SESSION, Bus, Probe
from harness.http_server import Halves
from harness.messages import CANCELLED, commands, invocation, output, text_of
from harness.processes import PATIENCE, is_running, wait_until
from harness.receiver import Receiver
from harness.server import PROGRAM
from harness.websocket import Closed

WAIT = 'WAIT:60000'
CONST = {'Id', 'Kind', 'Peer', 'Agent', 'ConnectedAt', 'Version', 'InterfaceVersion'}
# As long as counters may take, and some more.
SOON = 0.6 * PATIENCE


@pytest.fixture
def bus(tmp_path):
    bus = Bus(tmp_path / 'bus')
    yield bus
    bus.stop()


@pytest.fixture
def start(bus, start_server):
    """Starts a server on the bus; returns it and somebody who sees all its signals."""
    probes = []

    def start_on_bus(*arguments, **options):
        probe = Probe(bus, subscribed=True)
        probes.append(probe)
        server = start_server(*arguments, env={**bus.env, **options.pop('env', {})}, **options)
        probe.wait_for_name()
        return server, probe

    yield start_on_bus
    for probe in probes:
        probe.close()


@pytest.fixture
def followed(start):
    """A server with one client; the path of its session, and its properties at first."""
    # Some tests are long, and the client answers pings only when it reads.
    server, probe = start('--limit', 'ping-interval=3600')
    with websocket.connect(server.port) as client:
        path, session = probe.wait_session()
        yield server, probe, client, path, session


def wait_state(probe, path, state):
    wait_until(lambda: probe.get('State', path, SESSION) == state, f'state {state}')


def test_manager(start):
    server, probe = start()
    wanted = {
        'Version': '0.1.0', 'InterfaceVersion': 1, 'Agent': 'echo', 'SessionCount': 0,
        'ActiveRequestCount': 0, 'TotalRequests': 0, 'FailedRequests': 0,
    }
    found = probe.get_all()
    addresses = found.pop('Addresses')
    assert found == wanted
    assert f'ws://127.0.0.1:{server.port}/' in addresses
    for name, value in wanted.items():
        assert probe.get(name) == value
    assert probe.get('Addresses') == addresses
    assert probe.sessions() == {}


def test_introspection_is_what_is_installed(followed):
    """The types are those of the files; all that may change says so, all else that it does not."""
    _, probe, _, path, session = followed
    for where, interface, values in ((PATH, MANAGER, probe.get_all()), (path, SESSION, session)):
        xml = probe.call('Introspect', path=where, interface='org.freedesktop.DBus.Introspectable')
        part = re.search(f'<interface name="{interface}">.*?</interface>', xml[0], re.DOTALL)[0]
        properties = re.findall(r'<property type="(\w+)" name="(\w+)" access="read">(.*?)'
                                r'</property>', part, re.DOTALL)
        assert {name for _, name, _ in properties} == set(values)
        for _, name, rest in properties:
            assert re.search('value="(.*?)"', rest)[1] == ('const' if name in CONST else 'true')


def test_session(followed):
    server, probe, client, path, session = followed
    now = time.time() * 1e6
    assert re.fullmatch(f'{PATH}/session/[0-9a-f]{{32}}', path)
    assert now - 30e6 < session.pop('ConnectedAt') <= now + 1e6
    own = client.socket.getsockname()
    assert session == {
        'Id': path.rsplit('/', 1)[1], 'Kind': 'websocket', 'Peer': f'{own[0]}:{own[1]}',
        'State': 'idle', 'RequestKind': '', 'SourceId': '', 'Agent': 'echo', 'Model': '',
        'Phase': '', 'Command': '', 'RequestStartedAt': 0, 'RequestsDone': 0,
        'RequestsFailed': 0, 'OutputBytes': 0, 'ArtifactsPending': 0, 'ArtifactsUploaded': 0,
        'ArtifactsFailed': 0, 'LastError': '',
    }
    for name, value in session.items():
        assert probe.get(name, path, SESSION) == value
    probe.wait_change(SessionCount=1)
    client.close()
    gone = probe.wait_signal('InterfacesRemoved')
    assert gone['arguments'] == [path, [SESSION]]
    probe.wait_change(SessionCount=0)
    assert server.process.poll() is None


def test_request_is_followed_and_cancelled(followed):
    """The client learns of a cancel over the bus what it would learn of its own."""
    server, probe, client, path, _ = followed
    text = 'echo working; sleep 61'
    client.send(commands(text, source_id='tests/cancel'))
    began = probe.wait_signal('RequestStarted')
    assert (began['path'], began['arguments']) == (path, ['command', 'tests/cancel'])
    probe.wait_change(path=path, State='busy', RequestKind='command', SourceId='tests/cancel',
                      Phase='agent', Command=text, OutputBytes=len('working\n'))
    assert probe.get('ActiveRequestCount') == 1
    assert time.time() * 1e6 - 60e6 < probe.get('RequestStartedAt', path, SESSION)
    assert client.receive()['text'] == 'working\n'

    started = time.monotonic()
    assert probe.call('Cancel', path=path, interface=SESSION) == [True]
    assert client.receive() == CANCELLED
    print(f'cancel over the bus: {(time.monotonic() - started) * 1000:.1f} ms')
    ended = probe.wait_signal('RequestFinished')
    outcome, details = ended['arguments']
    assert ended['path'] == path and outcome == 'cancelled'
    assert 0 < details.pop('duration') < 60e6
    assert details == {'request-kind': 'command', 'source-id': 'tests/cancel', 'unreported': 0,
                       'output-bytes': len('working\n')}
    probe.wait_change(path=path, State='idle', RequestKind='', SourceId='', Phase='', Command='',
                      RequestStartedAt=0, RequestsDone=1)
    wait_until(lambda: probe.get('ActiveRequestCount') == 0, 'no request')
    assert probe.get('FailedRequests') == 0
    assert probe.call('Cancel', path=path, interface=SESSION) == [False]
    # The session is as good as before.
    assert text_of(client.request(invocation('ECHO:on'))[-1]) == 'on'
    server.check_at_rest()


def test_state_while_a_command_does_not_stop(followed):
    _, probe, client, path, _ = followed
    client.send(commands("trap '' TERM; echo ready; while :; do sleep 1; done"))
    assert client.receive()['text'] == 'ready\n'
    assert probe.call('Cancel', path=path, interface=SESSION) == [True]
    probe.wait_change(path=path, State='cancelling')
    assert probe.call('Cancel', path=path, interface=SESSION) == [True]
    assert client.receive() == CANCELLED
    probe.wait_change(path=path, State='idle')


def test_phases(start, tmp_path):
    """Each phase is held up until it was seen."""
    server, probe = start(agent='shell')
    for name in ('before', 'agent', 'after'):
        os.mkfifo(tmp_path / name)
    with Halves() as files, websocket.connect(server.port) as client:
        path, _ = probe.wait_session()
        client.send(invocation(
            f'cat {tmp_path}/agent', model='a-model', source_id='phases',
            pre_agent_downloadables=[{'download_url': f'{files.url}/file',
                                      'working_dir': str(tmp_path)}],
            pre_agent_invocation_commands=[{'command': 'cat before', 'cwd': str(tmp_path)}],
            post_agent_invocation_commands=[{'command': 'cat after', 'cwd': str(tmp_path)}]))
        probe.wait_change(path=path, Phase='download', RequestKind='invocation', Model='a-model')
        files.go_on.set()
        probe.wait_change(path=path, Phase='before', Command='cat before')
        (tmp_path / 'before').write_text('x')
        probe.wait_change(path=path, Phase='agent')
        (tmp_path / 'agent').write_text('x')
        probe.wait_change(path=path, Phase='after', Command='cat after')
        (tmp_path / 'after').write_text('x')
        probe.wait_change(path=path, Phase='', Command='', Model='')
        assert client.receive_until_terminal()[-1]['message_type'] == 'result_message'


def test_artifacts(followed, tmp_path):
    _, probe, client, path, _ = followed
    folder = tmp_path / 'artifacts'
    folder.mkdir()
    receiver = Receiver(trouble=lambda where, status: 403 if 'bad' in where else status)
    offers = []
    try:
        client.send(commands('echo 1 >good; echo 2 >bad', 'sleep 0.3',
                             commands=[{'command': 'echo 1 >good; echo 2 >bad; sleep 0.3',
                                        'cwd': str(folder)}],
                             artifacts_dirs=[str(folder)]))
        while len(offers) < 2:
            message = client.receive()
            if message['message_type'] == 'artifact_upload_request_message':
                offers.append(message)
        probe.wait_change(path=path, ArtifactsPending=2)
        for offer in offers:
            client.send({**offer, 'message_type': 'artifact_upload_response_message',
                         'presigned_url': f"{receiver.url}/{offer['filename']}",
                         'content_type': 'text/plain'})
        probe.wait_change(path=path, ArtifactsUploaded=1, ArtifactsFailed=1, ArtifactsPending=0)
    finally:
        receiver.close()


def test_upload_phase(start, tmp_path):
    """The answer is held back until it is sure that nothing more happens to a new file."""
    server, probe = start('--limit', 'artifact-quiet=500')
    folder = tmp_path / 'artifacts'
    folder.mkdir()
    with websocket.connect(server.port) as client:
        path, _ = probe.wait_session()
        client.send(commands({'command': 'echo x >file', 'cwd': str(folder)},
                             artifacts_dirs=[str(folder)]))
        probe.wait_change(path=path, Phase='upload')
        assert probe.get('Command', path, SESSION) == ''


def test_failures(followed):
    _, probe, client, path, _ = followed
    client.request(invocation('ECHO:x', pre_agent_invocation_commands=[{'command': 'exit 7'}]))
    outcome, details = probe.wait_signal('RequestFinished')['arguments']
    assert (outcome, details['error']) == ('failed', 'command-failed')
    probe.wait_change(path=path, RequestsDone=1, RequestsFailed=1, timeout=3)
    error = probe.get('LastError', path, SESSION)
    assert error == 'command-failed: pre-agent command failed with exit code: 7'
    client.request(invocation('ECHO:x'))
    assert probe.get('LastError', path, SESSION) == error
    probe.wait_change(TotalRequests=2)
    assert probe.get('FailedRequests') == 1
    assert probe.get('RequestsDone', path, SESSION) == 2


def test_words_of_an_agent_stay_here(start):
    """The text of its error can be anything, also what a script printed."""
    server, probe = start(agent='shell')
    with websocket.connect(server.port) as client:
        path, _ = probe.wait_session()
        last = client.request(invocation('echo very-private >&2; exit 3'))[-1]
        assert 'very-private' in last['error']
        outcome, details = probe.wait_signal('RequestFinished')['arguments']
        assert (outcome, details['error']) == ('failed', 'agent-failed')
        probe.wait_change(path=path, LastError='agent-failed')
        assert probe.get('LastError', path, SESSION) == 'agent-failed'


def test_counters_are_told_four_times_a_second(followed):
    _, probe, client, path, _ = followed
    client.send(commands('i=0; while [ $i -lt 300 ]; do echo $i; i=$((i+1)); sleep 0.01; done'))
    client.receive_until_terminal()
    told = collect(probe, path, 'PropertiesChanged', until='RequestFinished')
    counters = [signal for signal in told if 'OutputBytes' in signal['arguments'][1]]
    seconds = told[-1]['time'] - told[0]['time']
    print(f'{len(told)} signals in {seconds:.1f} s, {len(counters)} with counters')
    assert 2 <= len(counters) <= 4 * seconds + 2
    values = [signal['arguments'][1]['OutputBytes'] for signal in counters]
    assert values == sorted(set(values))


def test_what_a_session_came_to(start):
    """The last is told before the session goes, though its turn has not come."""
    server, probe = start()
    with websocket.connect(server.port) as client:
        path, _ = probe.wait_session()
        client.request(invocation('ECHO:x'))
        client.request(invocation('ERROR:x'))
    wait_until(lambda: probe.get('SessionCount') == 0, 'no session')
    told = {}
    for heard in probe.signals:
        if heard['path'] == path and heard['signal'] == 'PropertiesChanged':
            told.update(heard['arguments'][1])
    assert (told.get('RequestsDone'), told.get('RequestsFailed')) == (2, 1)


def collect(probe, path, name, until):
    """Return the signals of a session up to the one that ends it."""
    seen = []

    def note(signal):
        if signal['path'] == path and signal['signal'] == name:
            seen.append(signal)
        return signal['path'] == path and signal['signal'] == until

    deadline = time.monotonic() + 10 * PATIENCE
    while True:
        while probe.signals:
            if note(probe.signals.pop(0)):
                return seen
        probe._take(deadline)


def test_flood_of_requests(followed):
    """Every request is told or counted, and the bus hardly notices."""
    _, probe, client, path, _ = followed
    count = 3000
    started = time.monotonic()
    for _ in range(count):
        client.send(invocation('ECHO:x'))
        client.receive()
    signals = []
    deadline = time.monotonic() + 20 * PATIENCE
    told = 0
    while told < count:
        while probe.signals:
            signal = probe.signals.pop(0)
            if signal['path'] == path:
                signals.append(signal['signal'])
            if signal['signal'] == 'RequestFinished':
                told += 1 + signal['arguments'][1]['unreported']
        if told < count:
            # When it may tell again, one more request tells what was not told.
            try:
                probe._take(time.monotonic() + 0.5)
            except AssertionError:
                assert time.monotonic() < deadline
                client.request(invocation('ECHO:x'))
                count += 1
    assert told == count
    seconds = time.monotonic() - started
    print(f'{count} requests in {seconds:.2f} s: {len(signals)} signals')
    # The tokens, a pair for each four times a second, and the counters.
    assert len(signals) <= 2 * 20 + 12 * (seconds + 2)
    assert probe.get('RequestsDone', path, SESSION) == count
    assert probe.get('TotalRequests') == count


def test_all_sessions(start):
    server, probe = start()
    clients = [websocket.connect(server.port) for _ in range(5)]
    for client in clients[:3]:
        client.send(invocation(WAIT))
    wait_until(lambda: probe.get('ActiveRequestCount') == 3, 'three requests')
    states = [session['State'] for session in probe.sessions().values()]
    assert sorted(states) == ['busy'] * 3 + ['idle'] * 2
    assert probe.call('CancelAll') == [3]
    for client in clients[:3]:
        assert client.receive() == CANCELLED
    wait_until(lambda: probe.get('ActiveRequestCount') == 0, 'no request')
    assert probe.call('CancelAll') == [0]
    clients[0].send(invocation(WAIT))
    assert probe.call('EndAll') == []
    for number, client in enumerate(clients):
        with pytest.raises(Closed):
            while True:
                message = client.receive()
                assert message['message_type'] in ('end_session_confirm_message',
                                                   'error_message'), number
    wait_until(lambda: probe.get('SessionCount') == 0, 'no session')
    with websocket.connect(server.port) as client:
        assert text_of(client.request(invocation('ECHO:still'))[-1]) == 'still'


def test_end(followed):
    _, probe, client, path, _ = followed
    client.send(invocation(WAIT))
    probe.wait_change(path=path, State='busy')
    assert probe.call('End', path=path, interface=SESSION) == []
    assert client.receive() == CANCELLED
    assert client.receive() == {'message_type': 'end_session_confirm_message'}
    with pytest.raises(Closed):
        client.receive()
    probe.wait_signal('InterfacesRemoved', lambda signal: signal['arguments'][0] == path)


def test_drain(start, tmp_path):
    server, probe = start()
    with websocket.connect(server.port) as busy, websocket.connect(server.port) as idle:
        wait_until(lambda: probe.get('SessionCount') == 2, 'two sessions')
        busy.send(commands(f'until [ -e {tmp_path}/go ]; do sleep 0.01; done'))
        wait_until(lambda: probe.get('ActiveRequestCount') == 1, 'a request')
        assert probe.call('Drain') == []
        assert probe.call('Drain') == []
        with pytest.raises(Closed) as closed:
            idle.receive()
        assert closed.value.code == 1001
        with websocket.Connection(server.port) as late:
            assert late.ask().status == 503
        (tmp_path / 'go').touch()
        assert output(busy.receive_until_terminal()) == ''
        with pytest.raises(Closed):
            busy.receive()
    # Nobody is left whom it could serve.
    assert server.wait() == 0
    assert not probe.has_name()


def is_refused(server):
    with websocket.Connection(server.port) as late:
        return late.ask().status == 503


def test_what_goes_on_is_seen(start):
    """Also after SIGTERM, and it can be cancelled; nobody else takes the name meanwhile."""
    server, probe = start('--drain-timeout', '600')
    with websocket.connect(server.port) as client:
        path, _ = probe.wait_session()
        client.send(commands('sleep 1000'))
        wait_state(probe, path, 'busy')
        server.signal(signal.SIGTERM)
        wait_until(lambda: is_refused(server), 'nobody let in')
        wait_until(lambda: list(probe.sessions()) == [path], 'one session')
        # Otherwise the bus would start another one for whoever calls.
        assert probe.has_name()
        assert probe.call('Cancel', path=path, interface=SESSION) == [True]
        assert client.receive() == CANCELLED
    assert server.wait() == 0
    assert not probe.has_name()


def test_who_cancels_is_in_the_log(followed):
    """Once, however often somebody calls."""
    server, probe, client, path, session = followed
    client.send(invocation(WAIT))
    wait_state(probe, path, 'busy')
    for _ in range(3):
        probe.call('Cancel', path=path, interface=SESSION)
    assert client.receive() == CANCELLED
    wait_state(probe, path, 'idle')
    assert probe.call('Cancel', path=path, interface=SESSION) == [False]
    probe.call('End', path=path, interface=SESSION)
    client.expect_close()
    wait_until(lambda: probe.get('SessionCount') == 0, 'no session')
    for words in ('cancels the request of session', 'ends session'):
        assert server.log.count(f"{probe.name} {words} {session['Id']}\n") == 1, server.log


def start_by_call(bus, tmp_path):
    """Have the bus start the server, by the file that is installed; return its pid and port."""
    wrapper = tmp_path / 'runtimeuse'
    wrapper.write_text(f'#!/bin/sh\nexec {PROGRAM} "$@" --agent echo --port 0 2>{tmp_path}/log\n')
    wrapper.chmod(0o755)
    entries = find_service_file().read_text()
    assert f'Name={NAME}\n' in entries and 'SystemdService=runtimeuse.service\n' in entries
    entries, count = re.subn('(?m)^Exec=.*/runtimeuse serve$', f'Exec={wrapper} serve', entries)
    assert count == 1
    bus.stop()
    (bus.services / f'{NAME}.service').write_text(entries)
    bus.start()
    with Probe(bus) as probe:
        assert not probe.has_name()
        answer = probe.call('Get', MANAGER, 'Agent', signature='(ss)', interface=PROPERTIES,
                            auto_start=True)
        assert answer == ['echo']
        pid = probe.call('GetConnectionUnixProcessID', NAME, signature='(s)',
                         path='/org/freedesktop/DBus', interface='org.freedesktop.DBus',
                         name='org.freedesktop.DBus')[0]
        return pid, int(probe.get('Addresses')[0].rstrip('/').rsplit(':', 1)[1])


def test_activation(bus, tmp_path):
    """A call starts the server."""
    pid, port = start_by_call(bus, tmp_path)
    with websocket.connect(port) as client:
        assert text_of(client.request(invocation('ECHO:started'))[-1]) == 'started'
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not is_running(pid), 'the end of the server')
    with Probe(bus) as probe:
        assert not probe.has_name()


def test_activation_ends_with_the_bus(bus, tmp_path):
    """Nobody knows of the server that a bus has started when that is gone; what runs ends first."""
    pid, port = start_by_call(bus, tmp_path)
    go_on = tmp_path / 'go-on'
    with websocket.connect(port) as client:
        client.send(commands(f'echo begun; until [ -e {go_on} ]; do sleep 0.01; done; echo ended'))
        assert 'begun' in client.receive()['text']
        bus.stop()
        wait_until(lambda: 'its last session' in (tmp_path / 'log').read_text(), 'the news')
        go_on.touch()
        assert 'ended' in client.receive()['text']
        assert client.receive()['message_type'] == 'command_execution_result_message'
        wait_until(lambda: not is_running(pid), 'the end of the server')


def find_service_file():
    """Return the file that says how to start the server, of the build or as it is installed."""
    folder = os.environ.get('RUNTIMEUSE_TEST_BUS_SERVICES')
    if folder is None:
        folder = Path(PROGRAM).resolve().parents[2] / 'data/dbus-1'
    return Path(folder) / f'{NAME}.service'


def run_tool(bus, *command, timeout=15):
    done = subprocess.run(command, env={**os.environ, **bus.env}, capture_output=True, text=True,
                          timeout=timeout * PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_gjs(bus, start):
    server, _ = start()
    script = os.path.join(os.path.dirname(__file__), 'bus_client.js')
    with subprocess.Popen(['gjs', script, NAME, PATH], env={**os.environ, **bus.env}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == 'ready\n'
        with websocket.connect(server.port) as client:
            assert process.stdout.readline() == 'following\n'
            client.send(commands('sleep 62', source_id='gjs'))
            assert client.receive() == CANCELLED
            seen = json.loads(process.stdout.readline())
        assert process.wait(10 * PATIENCE) == 0
    assert len(seen['manager']) == 8 and seen['manager']['Agent'] == 'echo'
    assert len(seen['session']) == 19 and seen['session']['State'] == 'idle'
    assert (seen['cancelAll'], seen['endAll'], seen['drain']) == ([0], [], [])
    assert (seen['cancel'], seen['end']) == ([True], [])
    names = [name for name, _ in seen['signals']]
    assert names == ['RequestStarted', 'RequestFinished']
    assert seen['signals'][0][1] == ['command', 'gjs']
    outcome, details = seen['signals'][1][1]
    assert outcome == 'cancelled' and details['request-kind'] == 'command'


def test_from_gdbus(bus, followed):
    server, probe, client, path, session = followed

    def gdbus(method, *arguments, where=PATH):
        return run_tool(bus, 'gdbus', 'call', '--session', '--dest', NAME, '--object-path', where,
                        '--method', method, *arguments)

    assert "'Agent': <'echo'>" in gdbus(f'{PROPERTIES}.GetAll', MANAGER)
    for name in probe.get_all():
        assert gdbus(f'{PROPERTIES}.Get', MANAGER, name).startswith('(<')
    for name in session:
        assert gdbus(f'{PROPERTIES}.Get', SESSION, name, where=path).startswith('(<')
    assert path in gdbus(f'{OBJECT_MANAGER}.GetManagedObjects')
    with subprocess.Popen(['gdbus', 'monitor', '--session', '--dest', NAME], text=True,
                          env={**os.environ, **bus.env}, stdout=subprocess.PIPE) as monitor:
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(iter(monitor.stdout.readline, '')))
        reader.start()

        def has_line(*words):
            return any(all(word in line for word in words) for line in list(lines))

        def is_listening():
            """It says whom it listens to before it does."""
            websocket.connect(server.port).close()
            return has_line('InterfacesAdded')

        wait_until(is_listening, 'the monitor')
        client.send(invocation(WAIT))
        wait_until(lambda: has_line(f'{SESSION}.RequestStarted'), 'the begin')
        assert gdbus(f'{SESSION}.Cancel', where=path) == '(true,)\n'
        wait_until(lambda: has_line(f'{SESSION}.RequestFinished', 'cancelled'), 'the end')
        monitor.terminate()
        reader.join()
    assert gdbus(f'{SESSION}.Cancel', where=path) == '(false,)\n'
    assert gdbus(f'{MANAGER}.CancelAll') == '(uint32 0,)\n'
    assert gdbus(f'{SESSION}.End', where=path) == '()\n'
    assert gdbus(f'{MANAGER}.EndAll') == '()\n'
    assert gdbus(f'{MANAGER}.Drain') == '()\n'


def test_from_busctl(bus, followed):
    _, probe, client, path, session = followed

    def busctl(*arguments):
        return run_tool(bus, 'busctl', f'--address={bus.address}', *arguments)

    assert path in busctl('tree', NAME)
    listed = busctl('introspect', NAME, path, SESSION)
    for name in (*session, 'Cancel', 'End', 'RequestStarted', 'RequestFinished'):
        assert f'.{name} ' in listed
    for name in probe.get_all():
        busctl('get-property', NAME, PATH, MANAGER, name)
    for name in session:
        busctl('get-property', NAME, path, SESSION, name)
    assert busctl('get-property', NAME, path, SESSION, 'State') == 's "idle"\n'
    client.send(invocation(WAIT))
    probe.wait_change(path=path, State='busy')
    assert busctl('call', NAME, path, SESSION, 'Cancel') == 'b true\n'
    assert client.receive() == CANCELLED
    assert busctl('call', NAME, PATH, MANAGER, 'CancelAll') == 'u 0\n'
    assert busctl('call', NAME, path, SESSION, 'End') == ''
    assert busctl('call', NAME, PATH, MANAGER, 'EndAll') == ''
    assert busctl('call', NAME, PATH, MANAGER, 'Drain') == ''
