# SPDX-License-Identifier: LGPL-2.1-or-later
"""Heartbeats tell a client that a silent request is alive."""

import asyncio
import time

from harness import websocket
from harness.messages import CANCEL, CANCELLED, command, commands, invocation
from harness.processes import PATIENCE
from runtimeuse_client import CommandInterface, QueryOptions, RuntimeUseClient


def check_heartbeats(messages, interval):
    beats = [m for m in messages if m['message_type'] == 'heartbeat_message']
    for number, beat in enumerate(beats, 1):
        assert list(beat) == ['message_type', 'phase', 'elapsed_ms']
        assert beat['phase'] == 'request_in_flight'
        assert isinstance(beat['elapsed_ms'], int)
        assert number * interval <= beat['elapsed_ms']
    return len(beats)


def test_heartbeats_of_agent_and_commands(start_server):
    server = start_server('--limit', 'heartbeat-interval=200')
    with websocket.connect(server.port) as client:
        assert check_heartbeats(client.request(invocation('WAIT:2500')), 200) >= 3
        assert check_heartbeats(client.request(invocation('SLOW:2500')), 200) >= 3
        assert check_heartbeats(client.request(commands('sleep 2.5')), 200) >= 3
        messages = client.request(invocation(
            'WAIT:800', pre_agent_invocation_commands=[command('sleep 0.8')],
            post_agent_invocation_commands=[command('sleep 0.8')]))
        assert check_heartbeats(messages, 200) >= 3


def test_no_heartbeat_of_a_quick_request_or_without_one(start_server):
    server = start_server('--limit', 'heartbeat-interval=200')
    with websocket.connect(server.port) as client:
        assert len(client.request(invocation('ECHO:x'))) == 1
        client.socket.settimeout(0.7)
        try:
            raise AssertionError(client.receive())
        except TimeoutError:
            pass


def test_no_heartbeat_after_a_cancel(start_server):
    server = start_server('--limit', 'heartbeat-interval=100')
    with websocket.connect(server.port) as client:
        for _ in range(10):
            client.send(invocation('WAIT:60000'))
            assert client.receive()['message_type'] == 'heartbeat_message'
            client.send(CANCEL)
            assert client.receive_until_terminal()[-1] == CANCELLED
            assert client.request(invocation('ECHO:x'))[0]['message_type'] == 'result_message'


def test_the_real_interval(start_server):
    """15 s, as the published client is told: its patience is not tried any longer."""
    server = start_server()

    async def one_query(client):
        started = time.monotonic()
        await client.query('ECHO:x', QueryOptions(
            system_prompt='', model='', idle_timeout=19,
            pre_agent_invocation_commands=[CommandInterface(command='sleep 25')]))
        return time.monotonic() - started

    async def watch():
        return await asyncio.gather(one_query(RuntimeUseClient(server.url)),
                                    asyncio.to_thread(watch_raw, server.port))

    elapsed, beats = asyncio.run(watch())
    assert elapsed > 24.9 and beats == 1


def watch_raw(port):
    with websocket.connect(port) as client:
        client.socket.settimeout(30 * PATIENCE)
        return check_heartbeats(client.request(commands('sleep 25')), 15000)
