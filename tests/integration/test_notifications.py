# SPDX-License-Identifier: LGPL-2.1-or-later
"""Long requests are told to the person at the desktop, and nothing there gets in the way."""

import signal
import socket
import time

import pytest
from harness import desktop, flatpak, websocket
from harness.messages import CANCELLED, commands, invocation, text_of
from harness.processes import wait_until
from harness.program import Terminal

LONG = 'while ! [ -e go ]; do sleep 0.01; done'
ABSENT = 'No notifications on this desktop'


@pytest.fixture
def daemon(bus):
    with desktop.notification_daemon(bus) as mock:
        yield mock


@pytest.fixture
def start(bus, start_server):
    """Starts a server that tells of requests however short they are."""
    def start(*arguments, after=0, **options):
        return start_server('--notify-after', str(after), *arguments, env=bus.env, **options)
    return start


def let_go(server):
    (server.work / 'go').touch()


def check_serves(server):
    with websocket.connect(server.port) as client:
        assert text_of(client.request(invocation('ECHO:served'))[-1]) == 'served'


def test_cancel(start, daemon):
    server = start()
    with websocket.connect(server.port) as client:
        client.send(commands('echo secret-output; sleep 60', source_id='nightly <b>sesame</b>\n!',
                             secrets_to_redact=['sesame']))
        call = daemon.wait_call('Notify')
        assert '"“nightly <b>[REDACTED]</b> !” is still running"' in call, call
        assert '"Commands have been running since ' in call, call
        assert '["cancel", "Cancel"]' in call, call
        daemon.emit('ActionInvoked', 'us', "[<uint32 1>, <'cancel'>]")
        assert client.receive_terminal() == CANCELLED
    daemon.wait_call('CloseNotification')
    server.stop()
    # Who cancels a request knows that it is over.
    assert len(daemon.calls('Notify')) == 1
    for word in ('secret-output', 'sesame', 'sleep'):
        assert not any(word in call for call in daemon.calls())


def count_connections(bus):
    return bus.call('org.freedesktop.DBus', '/org/freedesktop/DBus',
                    'org.freedesktop.DBus.ListNames').count("':")


def test_other_actions(bus, start, daemon):
    server = start()
    with websocket.connect(server.port) as client:
        client.send(commands(LONG))
        daemon.wait_call('Notify')
        for arguments in ("[<uint32 7>, <'cancel'>]", "[<uint32 1>, <'default'>]"):
            daemon.emit('ActionInvoked', 'us', arguments)
        daemon.emit('ActionInvoked', 's', "[<'cancel'>]")
        n_connections = count_connections(bus)
        daemon.emit('NotificationClosed', 'uu', '[<uint32 1>, <uint32 2>]')
        # Without a notice the server has no need of the daemon.
        wait_until(lambda: count_connections(bus) < n_connections, 'the end of the connection')
        let_go(server)
        assert client.receive_terminal()['message_type'] == 'command_execution_result_message'
    # It had been closed by the person.
    assert '"A request is done"' in daemon.wait_call('Notify', 2)
    assert not daemon.calls('CloseNotification')


@pytest.mark.parametrize('agent, request_message, title, body', [
    ('echo', commands(LONG), 'A request is done', 'The commands took '),
    ('shell', invocation(LONG, source_id='s'), '“s” is done', 'The agent took '),
    ('shell', invocation(f'{LONG}; exit 3', source_id='s'), '“s” failed',
     'The agent stopped after '),
], ids=['commands', 'agent', 'failed'])
def test_end(start, daemon, agent, request_message, title, body):
    server = start(agent=agent)
    with websocket.connect(server.port) as client:
        client.send(request_message)
        daemon.wait_call('Notify')
        let_go(server)
        client.receive_terminal()
        call = daemon.wait_call('Notify', 2)
    assert f'"{title}"' in call and f'"{body}' in call and '"cancel"' not in call, call
    daemon.wait_call('CloseNotification')


def test_short(start, daemon):
    server = start(after=60)
    check_serves(server)
    server.stop()
    assert not daemon.calls('Notify')


def test_never(start, daemon):
    server = start('--notify', 'never')
    check_serves(server)
    server.stop()
    assert not daemon.calls('Notify')


def test_many(start, daemon):
    """A flood of requests is not one of notifications."""
    server = start()
    with websocket.connect(server.port) as client:
        begin = time.monotonic()
        for _ in range(50):
            client.request(invocation('ECHO:x'))
    server.stop()
    seconds = time.monotonic() - begin
    assert len(daemon.calls('Notify')) <= 5 + 1 + 4 * seconds


@pytest.mark.parametrize('mode', ['unwatched', 'always'])
def test_terminal(start, daemon, tmp_path, mode):
    """Who waits at a terminal needs no notification."""
    path = tmp_path / 'socket'
    server = start('--notify', mode, '--listen', f'unix:{path}', '--listen', '127.0.0.1:0')
    with Terminal('exec', '--url', f'unix:{path}', '--', 'sh', '-c', f'echo now; {LONG}') as run:
        run.expect('now')
        # This one is told, so the other was looked at.
        with websocket.connect(server.port) as client:
            client.send(commands(LONG, source_id='other'))
            wait_until(lambda: any('other' in call for call in daemon.calls('Notify')), 'a notice')
            let_go(server)
            client.receive_terminal()
        assert run.wait() == 0
    server.stop()
    told = [call for call in daemon.calls('Notify') if 'other' not in call]
    assert bool(told) == (mode == 'always'), told


def test_stop(start, daemon):
    """Nobody would answer the button."""
    server = start()
    with websocket.connect(server.port) as client:
        client.send(commands('sleep 60'))
        daemon.wait_call('Notify')
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    daemon.wait_call('CloseNotification')


def test_no_daemon(start, bus):
    server = start()
    with websocket.connect(server.port) as client:
        for _ in range(3):
            client.request(invocation('ECHO:x'))
        wait_until(lambda: ABSENT in server.log, server.log)
        client.request(invocation('ECHO:x'))
    check_serves(server)
    server.stop()
    assert server.log.count(ABSENT) == 1, server.log


def test_no_desktop(start_server):
    server = start_server('--notify-after', '0', env={'DBUS_SESSION_BUS_ADDRESS': '',
                                                      'XDG_RUNTIME_DIR': '/nonexistent'})
    check_serves(server)
    server.stop()
    assert ABSENT not in server.log and 'otification' not in server.log, server.log


def test_bus_goes(start, bus, daemon):
    """And comes back, with another daemon on it."""
    server = start()
    with websocket.connect(server.port) as client:
        client.send(commands(LONG))
        daemon.wait_call('Notify')
        bus.stop()
        let_go(server)
        assert client.receive_terminal()['message_type'] == 'command_execution_result_message'
        daemon.stop()
        bus.start()
        daemon.log.unlink()
        with desktop.notification_daemon(bus) as other:
            client.request(invocation('ECHO:x', source_id='again'))
            assert '“again” is done' in other.wait_call('Notify')


def test_hanging_bus(start_server, tmp_path):
    """Serving and stopping go on beside it."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / 'bus'))
        silent.listen()
        server = start_server('--notify-after', '0', '--bus-name', 'off',
                              env={'DBUS_SESSION_BUS_ADDRESS': f'unix:path={tmp_path}/bus'})
        check_serves(server)
        wait_until(lambda: 'did not answer in time (3 s)' in server.log, server.log, 10)
        check_serves(server)
        server.stop()


def test_portal(bus, tmp_path):
    server = flatpak.SandboxedServer(tmp_path / 'server',
                                     flatpak.prefix(flatpak.make_info(tmp_path)),
                                     '--notify-after', '0', env=bus.env)
    with desktop.notification_portal(bus) as portal:
        with websocket.connect(server.port) as client:
            client.send(commands('sleep 60', source_id='nightly'))
            call = portal.wait_call('AddNotification')
            assert '"title": "“nightly” is still running"' in call, call
            identifier = call.split('"')[1]
            portal.emit('ActionInvoked', 'ssav', f"[<'{identifier}'>, <'cancel'>, <@av []>]")
            assert client.receive_terminal() == CANCELLED
        assert identifier in portal.wait_call('RemoveNotification')
    server.stop()
