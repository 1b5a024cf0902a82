# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many clients that do anything at any time; afterwards nothing of them is left."""

import random
import threading

from harness import websocket
from harness.messages import (CANCEL, END_SESSION, command, commands, invocation, text_of)
from harness.processes import SANITIZED
from harness.websocket import BINARY, CLOSE, PING, TEXT, Closed, close_payload, make_frame

CLIENTS = 16
CONNECTIONS = 6 if SANITIZED else 12
# What a client does not read within this many seconds, it does not read yet.
GLANCES = (0.001, 0.02, 0.2)


def request(source):
    """Make a request of any kind."""
    number = source.randrange(1, 300)
    return source.choice([
        commands(f'echo a; sleep 0.{number}', secrets_to_redact=['a']),
        commands(f'yes | head -n {number * 500}'),
        commands('setsid sleep 60 >/dev/null 2>&1 & sleep 60 >/dev/null 2>&1 &'),
        commands(command('exit 3', cwd='/dev/null')),
        invocation(f'STREAM:{number * 10}'),
        invocation(f'WAIT:{number}'),
        invocation(f'SLOW:{number}'),
        invocation('ECHO:' + 'x' * number * 1000, pre_agent_invocation_commands=[command('true')],
                   post_agent_invocation_commands=[command(f'exit {number % 2}')]),
    ])


def garbage(source):
    """Make bytes that are a frame, more or less."""
    data = source.randbytes(source.randrange(40))
    return source.choice([
        data, make_frame(TEXT, b'{'), make_frame(BINARY, data), make_frame(PING, data),
        make_frame(source.randrange(16), data, fin=source.random() < 0.5,
                   reserved=source.choice([0, 0, 0, 4]), mask=source.random() < 0.9),
        make_frame(CLOSE, close_payload(1000))])


def glance(client, source):
    """Read a little."""
    client.socket.settimeout(source.choice(GLANCES))
    try:
        for _ in range(source.randrange(1, 30)):
            client.receive()
    except TimeoutError:
        pass
    client.socket.settimeout(websocket.TIMEOUT)


def live(client, source):
    """One life of a connection."""
    for _ in range(source.randrange(1, 12)):
        what = source.random()
        if what < 0.5:
            client.send(request(source))
        elif what < 0.7:
            client.send(CANCEL)
        elif what < 0.75:
            client.send(END_SESSION)
        else:
            client.write(garbage(source))
        if source.random() < 0.5:
            glance(client, source)
    if source.random() < 0.5:
        # After half a frame of garbage it goes unheard.
        client.socket.settimeout(1)
        client.close()


def run_client(port, seed):
    source = random.Random(seed)
    for _ in range(CONNECTIONS):
        with websocket.connect(port) as client:
            try:
                live(client, source)
            except (Closed, ConnectionError, TimeoutError):
                continue
            except (AssertionError, ValueError):
                # A read that was given up in the middle of a message; the next one is nonsense.
                continue


def test_chaos(server):
    threads = [threading.Thread(target=run_client, args=(server.port, seed))
               for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with websocket.connect(server.port) as client:
        assert text_of(client.ask_one(invocation('ECHO:still here'))) == 'still here'
        client.close()
