# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that take too much or too little: memory stays flat, others are served."""

import json
import socket
import threading

import pytest
from harness import processes, websocket
from harness.messages import BUSY, CANCEL, CANCELLED, commands, invocation, output, text_of
from harness.processes import PATIENCE, SANITIZED, wait_until
from harness.websocket import PING, PONG, TEXT, Closed, Connection, make_frame

# What a client may make the server grow by, whatever it does.
GROWTH_MIB = 16
MEBIBYTE = 1024 * 1024


@pytest.fixture
def lonely(start_server):
    """A server of its own, so that its memory is that of this case."""
    server = start_server()
    with websocket.connect(server.port) as client:
        client.request(commands('true'))
        client.close()
    return server


def check_growth(server, before):
    grown = processes.resident_mib(server.pid, 'VmHWM') - before
    # Sanitizers keep what was freed.
    assert SANITIZED or grown < GROWTH_MIB, f'grew by {grown:.1f} MiB'


def check_served(server):
    with websocket.connect(server.port) as client:
        assert text_of(client.ask_one(invocation('ECHO:x'))) == 'x'
        client.close()


def is_stuck(server):
    """Whether the server used no time for a moment: it waits for its client."""
    def used():
        fields = processes.read_proc(server.pid, 'schedstat').split()
        return int(fields[0]) if fields else 0

    before = used()
    threading.Event().wait(0.1)
    return used() - before < 2000000


def test_output_waits_for_the_client(lonely):
    """A command that prints much stands still until the client reads on; nothing is lost."""
    before = processes.resident_mib(lonely.pid)
    lines = 8000000
    with websocket.connect(lonely.port) as client:
        client.send(commands(f'seq 1 {lines}'))
        client.receive()
        wait_until(lambda: is_stuck(lonely), 'the command waits', 30)
        check_growth(lonely, before)
        check_served(lonely)
        count, last, message = 0, '', {}
        while message.get('message_type') != 'command_execution_result_message':
            message = client.receive()
            if message['message_type'] == 'command_output_message':
                count += message['text'].count('\n')
                last = message['text']
        assert last.endswith(f'{lines}\n') and count > lines * 0.99
        check_growth(lonely, before)


def test_cancel_while_output_waits(lonely):
    """A full pipe must not keep the tree alive."""
    with websocket.connect(lonely.port) as client:
        client.send(commands('yes'))
        client.receive()
        wait_until(lambda: is_stuck(lonely), 'the command waits', 30)
        client.send(CANCEL)
        wait_until(lambda: not lonely.busy_processes(), 'the end of the command')
        messages = client.receive_until_terminal()
        assert messages[-1] == CANCELLED


def test_disconnect_while_output_waits(lonely):
    with websocket.connect(lonely.port) as client:
        client.send(commands('yes'))
        client.receive()
        wait_until(lambda: is_stuck(lonely), 'the command waits', 30)
    wait_until(lambda: not lonely.busy_processes(), 'the end of the command')
    check_served(lonely)


def test_agent_waits_for_the_client(lonely):
    before = processes.resident_mib(lonely.pid)
    count = 40000 if SANITIZED else 150000
    with websocket.connect(lonely.port) as client:
        client.send(invocation(f'STREAM:{count}'))
        client.receive()
        wait_until(lambda: is_stuck(lonely), 'the agent waits', 30)
        check_growth(lonely, before)
        check_served(lonely)
        messages = [message for message in client.receive_until_terminal()
                    if message['message_type'] == 'assistant_message']
        assert messages[-1]['text_blocks'] == [f'message {count} of {count}']
        assert len(messages) == count - 1
        check_growth(lonely, before)


def flood(client, frame, mebibytes):
    """Send without reading until the server takes no more, or all is sent."""
    client.socket.settimeout(1.0 * PATIENCE)
    sent, total = 0, mebibytes * MEBIBYTE
    block = frame * max(1, 65536 // len(frame))
    try:
        while sent < total:
            sent += client.socket.send(block)
    except (TimeoutError, socket.timeout):
        pass
    client.socket.settimeout(websocket.TIMEOUT * PATIENCE)
    return sent


def test_ping_flood(lonely):
    """Each ping has a pong as its answer; they may not pile up."""
    before = processes.resident_mib(lonely.pid)
    with websocket.connect(lonely.port) as client:
        flood(client, make_frame(PING, b'x' * 125), 128)
        check_growth(lonely, before)
        check_served(lonely)
    check_served(lonely)


def test_refusal_flood(lonely):
    before = processes.resident_mib(lonely.pid)
    request = make_frame(TEXT, json.dumps(commands('true')).encode())
    with websocket.connect(lonely.port) as client:
        client.send(invocation('WAIT:60000'))
        flood(client, request, 64)
        check_growth(lonely, before)
        check_served(lonely)
    check_served(lonely)


def test_error_flood(lonely):
    """Malformed input is answered too."""
    before = processes.resident_mib(lonely.pid)
    with websocket.connect(lonely.port) as client:
        flood(client, make_frame(TEXT, b'{'), 32)
        check_growth(lonely, before)
        check_served(lonely)
    check_served(lonely)


def test_request_flood(lonely):
    """Requests and their answers, without reading any."""
    before = processes.resident_mib(lonely.pid)
    request = make_frame(TEXT, json.dumps(invocation('ECHO:' + 'x' * 1000)).encode())
    with websocket.connect(lonely.port) as client:
        flood(client, request, 64)
        check_growth(lonely, before)
        check_served(lonely)
    check_served(lonely)


def test_many_refusals_are_all_sent(lonely):
    """To a client that reads."""
    with websocket.connect(lonely.port) as client:
        client.send(invocation('WAIT:60000'))
        for _ in range(100):
            client.send(commands('true'))
            assert client.receive()['error'] == BUSY
        client.send(CANCEL)
        assert client.receive() == CANCELLED


def test_pong_while_a_command_runs(lonely):
    with websocket.connect(lonely.port) as client:
        client.send(commands('echo started; sleep 60'))
        client.receive()
        for number in range(20):
            payload = f'ping {number}'.encode()
            client.send_frame(PING, payload)
            assert client.read_frame()[:2] == (PONG, payload)
        client.send(CANCEL)
        assert client.receive() == CANCELLED


def test_large_messages_are_given_back(lonely):
    """Memory of a message of 30 MiB does not stay with the server."""
    client = websocket.connect(lonely.port)
    padding = 'x' * (30 * MEBIBYTE)
    for _ in range(2):
        assert client.ask_one(commands('true', padding=padding))['results']
    client.close()
    if not SANITIZED:
        wait_until(lambda: processes.resident_mib(lonely.pid) < 20, 'memory is given back')


def test_unfinished_messages_of_many_clients(lonely):
    """A header alone, that announces much, reserves nothing."""
    before = processes.resident_mib(lonely.pid)
    clients = [websocket.connect(lonely.port) for _ in range(50)]
    for client in clients:
        client.write(make_frame(TEXT, b'{"a": "', length=90 * MEBIBYTE))
    check_served(lonely)
    check_growth(lonely, before)
    for client in clients:
        client.socket.close()


def test_slow_header(start_server):
    """A client that never finishes its request is sent away; others are served meanwhile."""
    server = start_server('--limit', 'handshake-timeout=1')
    with Connection(server.port) as silent, Connection(server.port) as slow:
        slow.write(b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ')
        check_served(server)
        for connection in (silent, slow):
            answer = connection.read_until_end()
            assert answer == b'' or b' 408 ' in answer.split(b'\r\n')[0]
    check_served(server)


def test_connection_limit(start_server):
    """Too many get 503; when others leave, there is room again."""
    server = start_server('--limit', 'max-connections=20')
    clients = [websocket.connect(server.port) for _ in range(20)]
    for _ in range(3):
        with Connection(server.port) as refused:
            assert refused.ask().status == 503
    assert 'connections' in server.log
    clients.pop().close()
    wait_until(lambda: is_welcome(server), 'room for another')
    for client in clients:
        client.socket.close()
    wait_until(lambda: is_welcome(server), 'room for others')


def is_welcome(server):
    with Connection(server.port) as connection:
        try:
            return connection.ask().status == 101
        except (Closed, ConnectionResetError, BrokenPipeError):
            return False


def test_descriptor_limit(start_server):
    """The default limit leaves enough descriptors for commands."""
    server = start_server(limit=(100, 200))
    clients = []
    while True:
        connection = Connection(server.port)
        status = connection.ask().status
        if status != 101:
            connection.socket.close()
            break
        clients.append(connection)
    assert status == 503 and 20 < len(clients) < 200
    messages = clients[0].request(commands('echo works'))
    assert output(messages) == 'works\n'
    for client in clients:
        client.socket.close()
    wait_until(lambda: is_welcome(server), 'room again')


def test_many_idle_connections(lonely):
    before = processes.resident_mib(lonely.pid)
    clients = [websocket.connect(lonely.port) for _ in range(400)]
    check_served(lonely)
    check_growth(lonely, before)
    for client in clients:
        client.socket.close()
    check_served(lonely)


def test_dead_peer_is_found(start_server):
    """One that answers no ping, and reads nothing."""
    server = start_server('--limit', 'ping-interval=1')
    dead = websocket.connect(server.port)
    alive = websocket.connect(server.port)
    alive.send(invocation('WAIT:3500'))
    dead.send(commands('sleep 60'))
    wait_until(lambda: server.busy_processes(), 'the command')
    # The one that reads answers the pings, and lives.
    assert alive.receive()['message_type'] == 'result_message'
    wait_until(lambda: not server.busy_processes(), 'the end of the dead one', 10)
    alive.close()
    dead.socket.close()


def test_client_that_takes_nothing(start_server):
    server = start_server('--limit', 'stall-timeout=1')
    with websocket.connect(server.port) as client:
        client.send(commands('yes'))
        client.receive()
        wait_until(lambda: not server.busy_processes() and is_stuck(server),
                   'the end of the stalled session', 10)
    check_served(server)
