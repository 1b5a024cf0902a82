# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program: options, exit statuses, messages, start and stop."""

import os
import signal
import socket
import subprocess
import time

import pytest
from harness import websocket
from harness.messages import commands, invocation, text_of
from harness.processes import (
    PATIENCE, check_soon, descendants, descriptors, is_running, read_proc, wait_until)
from harness.program import Running
from harness.server import PROGRAM, kept_port
from harness.websocket import Closed


def run(*arguments, env=None):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=8 * PATIENCE, check=False,
                          env={**os.environ, 'LC_ALL': 'C.UTF-8', **(env or {})})


def check_works(server):
    with websocket.connect(server.port) as client:
        assert text_of(client.ask_one(invocation('ECHO:x'))) == 'x'
        client.close()


@pytest.mark.parametrize('arguments', [['--help'], ['-h'], ['serve', '--help']])
def test_help(arguments):
    done = run(*arguments)
    assert done.returncode == 0 and done.stderr == ''
    assert 'Usage: runtimeuse' in done.stdout
    for option in ('--port', '--handler', '--agent', '--host', '--allow-origin', '--allowed-host',
                   '--token-file', '--insecure-no-auth', '--log-level', '--version'):
        assert option in done.stdout, option


def test_help_lists_the_commands():
    for command in ('serve', 'run', 'exec', 'doctor'):
        assert f'\n  {command} ' in run('--help').stdout


def test_version():
    done = run('--version')
    assert done.returncode == 0
    assert '0.1.0' in done.stdout


@pytest.mark.parametrize('arguments', [['--agent', 'bogus'], ['--agent=bogus'],
                                       ['serve', '--agent', 'echo', '--agent', 'bogus']])
def test_unknown_agent(arguments):
    done = run(*arguments)
    assert done.returncode == 1 and done.stdout == ''
    assert 'unknown agent "bogus"' in done.stderr
    assert 'echo' in done.stderr and 'shell' in done.stderr


@pytest.mark.parametrize('port', ['x', '-1', '65536', '', '80x', '1e3', '99999999999999999999'])
def test_bad_port(port):
    done = run('--port', port, '--agent', 'echo')
    assert done.returncode == 1 and 'port' in done.stderr.lower()
    assert 'listening' not in done.stdout


HOST = """#!/usr/bin/env python3
import json, os, sys
requests = os.fdopen(3)
def say(**message):
    os.write(4, (json.dumps(message) + "\\n").encode())
say(type="ready", protocol=1, capabilities={})
for line in requests:
    message = json.loads(line)
    if message["type"] == "invoke":
        text = message["invocation"]["user_prompt"].upper()
        say(type="result", id=message["id"], result={"type": "text", "text": text})
"""


def make_handler(folder, text):
    path = folder / 'handler'
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_handler(start_server, tmp_path):
    """It is loaded before the server is ready, counts more than an agent, and ends with it."""
    server = start_server('--handler', make_handler(tmp_path, HOST), agent='bogus')
    assert any('handler' in read_proc(pid, 'cmdline') for pid in descendants(server.pid))
    with websocket.connect(server.port) as client:
        assert text_of(client.ask_one(invocation('quiet'))) == 'QUIET'
        client.close()


@pytest.mark.parametrize('content, word', [
    (None, 'does not exist'),
    ('#!/bin/sh\necho "nothing works" >&2; exit 3\n', 'nothing works'),
    ('#!/bin/sh\necho \'{"type":"fatal","error":"module at x must export"}\' >&4; exit 1\n',
     'Error: module at x must export')])
def test_handler_that_cannot_be_loaded(tmp_path, content, word):
    path = make_handler(tmp_path, content) if content else str(tmp_path / 'nothing.js')
    done = run('--port', '0', '--handler', path)
    assert done.returncode == 1 and word in done.stderr
    assert 'listening' not in done.stdout


@pytest.mark.parametrize('busy', [False, True])
def test_stop_beside_a_handler_that_does_not_listen(start_server, tmp_path, busy):
    script = ("#!/bin/sh\ntrap '' TERM\n"
              'echo \'{"type":"ready","protocol":1,"capabilities":{}}\' >&4\n'
              'read line <&3; : >asked; while :; do sleep 60; done\n')
    server = start_server('--handler', make_handler(tmp_path, script), agent=None)
    with websocket.connect(server.port) as client:
        if busy:
            client.send(invocation('x'))
            wait_until((server.work / 'asked').exists, 'the invocation')
        left = descendants(server.pid)
        started = time.monotonic()
        server.signal(signal.SIGTERM)
        assert client.expect_close() == 1001
    assert server.wait() == 0
    assert time.monotonic() - started < 5 * PATIENCE
    wait_until(lambda: not any(map(is_running, left)), 'the end of the handler')


@pytest.mark.parametrize('number, status', [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_stop_while_the_handler_is_loaded(tmp_path, number, status):
    path = make_handler(tmp_path, '#!/bin/sh\n: >loading; exec sleep 1000 >&4\n')
    process = subprocess.Popen([PROGRAM, '--port', '0', '--handler', path], cwd=tmp_path,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        wait_until((tmp_path / 'loading').exists, 'the start of the handler')
        left = descendants(process.pid)
        process.send_signal(number)
        assert process.wait(10 * PATIENCE) == status
        assert process.stdout.read() == b''
        wait_until(lambda: not any(map(is_running, left)), 'the end of the handler')
    finally:
        process.kill()
        process.stdout.close()


@pytest.mark.parametrize('arguments, word', [
    (['--log-level', 'loud'], 'loud'), (['--host', 'not an address'], 'not an address'),
    (['--token-file', '/no/such/file'], '/no/such/file'),
    (['--limit', 'no-such-limit=1'], 'NAME=NUMBER'),
    (['--limit', 'max-connections=x'], 'max-connections')])
def test_bad_value(arguments, word):
    done = run('--port', '0', '--agent', 'echo', *arguments)
    assert done.returncode == 1 and word in done.stderr


@pytest.mark.parametrize('content', ['', '\n', 'short', 'two words 0123456789', 'ä' * 20])
def test_bad_token(tmp_path, content):
    path = tmp_path / 'token'
    path.write_text(content)
    done = run('--port', '0', '--agent', 'echo', '--token-file', str(path))
    assert done.returncode == 1
    assert 'token' in done.stderr.lower()
    assert len(content) < 6 or content.strip() not in done.stderr


def test_port_in_use():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run('--port', str(port), '--agent', 'echo')
    assert done.returncode == 1
    assert str(port) in done.stderr and 'listening on' not in done.stdout


def test_two_servers_cannot_share_a_port(start_server):
    server = start_server()
    done = run('--port', str(server.port), '--agent', 'echo')
    assert done.returncode == 1
    check_works(server)


def test_ready_line(start_server):
    server = start_server()
    assert server.stdout == f'RuntimeUse server listening on port {server.port}\n'
    assert server.port > 0
    check_works(server)


def test_given_port(start_server):
    with kept_port() as port:
        server = start_server('serve', port=port)
        assert server.port == port
        check_works(server)


def test_last_option_wins_and_unknown_ones_are_ignored(start_server):
    server = start_server('--agent', 'bogus', '--unknown', 'value', 'positional', '--port', '1')
    check_works(server)


def test_option_without_value_at_the_end(tmp_path):
    """As in the reference: ignored."""
    with subprocess.Popen([PROGRAM, '--port=0', '--agent=echo', '--handler'], cwd=tmp_path,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert b'listening on port' in process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize('option', ['--token-file', '--host', '--allow-origin'])
def test_option_that_protects_needs_its_value(tmp_path, option):
    """An unset variable in a script must not leave the server open."""
    done = subprocess.run([PROGRAM, '--port=0', option], cwd=tmp_path, capture_output=True,
                          text=True, timeout=10)
    assert done.returncode == 1
    assert option in done.stderr


def test_words_that_are_ignored_are_not_repeated(tmp_path):
    """They may be a secret that was meant for an option of another version."""
    with subprocess.Popen([PROGRAM, '--port=0', '--agent=echo', '--tokn=s3cret', 's3cret'],
                          cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert b'listening on port' in process.stdout.readline()
        finally:
            process.kill()
        words = process.stderr.read()
    assert b'--tokn' in words
    assert b's3cret' not in words


def test_default_port_is_said(start_server):
    server = start_server('--log-level', 'error')
    assert 'listening on port' in server.stdout


@pytest.mark.parametrize('number, status', [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_stop_when_idle(start_server, number, status):
    server = start_server()
    with websocket.connect(server.port) as client:
        started = time.monotonic()
        server.signal(number)
        with pytest.raises(Closed) as closed:
            client.receive()
        assert closed.value.code == 1001
    assert server.wait() == status
    assert time.monotonic() - started < 5 * PATIENCE


def test_stop_beside_a_client_that_says_nothing(start_server):
    """One does not answer the close, one reads nothing, one is in the middle of its request."""
    server = start_server()
    silent = websocket.connect(server.port)
    stuck = websocket.connect(server.port)
    stuck.send(commands('yes'))
    with websocket.Connection(server.port) as unfinished:
        unfinished.write(b'GET / HTTP/1.1\r\n')
        stuck.receive()
        started = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert time.monotonic() - started < 5 * PATIENCE
    silent.socket.close()
    stuck.socket.close()


def test_stop_beside_an_agent_that_does_not_listen(start_server):
    server = start_server()
    with websocket.connect(server.port) as client:
        client.send(invocation('SLOW:60000', pre_agent_invocation_commands=[
            {'command': 'echo started'}]))
        client.receive()
        server.signal(signal.SIGTERM)
        assert client.expect_close() == 1001
    assert server.wait() == 0


def is_refused(port):
    try:
        websocket.Connection(port).socket.close()
    except ConnectionRefusedError:
        return True
    return False


def test_second_signal_while_stopping(start_server):
    """It does not wait for what is being ended; the tree ends all the same."""
    check_soon(1.8, lambda: stop_twice(start_server()))


def stop_twice(server):
    with websocket.connect(server.port) as client:
        client.send(commands("trap '' TERM; echo started; while :; do sleep 60; done"))
        client.receive()
        left = server.busy_processes()
        begin = time.monotonic()
        server.signal(signal.SIGTERM)
        wait_until(lambda: is_refused(server.port), 'the stop has begun')
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        took = time.monotonic() - begin
    wait_until(lambda: not any(map(is_running, left)), 'the end of the tree')
    return took


def test_signals_until_the_end(start_server):
    """One that comes when all is over does not change how the process ends."""
    for _ in range(10):
        server = start_server()
        deadline = time.monotonic() + 5 * PATIENCE
        while server.process.poll() is None:
            assert time.monotonic() < deadline, server.log
            server.signal(signal.SIGTERM)
        assert server.wait() == 0, server.log


def test_nobody_reads_what_the_server_prints(start_server):
    """Those who start it often leave it a pipe that they never read."""
    server = start_server('--log-level', 'debug')
    for number in range(300):
        with websocket.connect(server.port) as client:
            client.request(commands('exit 1', source_id='x' * 200))
            client.send_text('{')
            client.receive()
            client.close()
    check_works(server)


def test_serve_without_its_line(tmp_path):
    """Whoever started it may know where it listens; that the line is lost harms nobody."""
    with open('/dev/full', 'wb') as full, kept_port() as port, Running(
            'serve', '--agent', 'echo', '--port', str(port), stdout=full) as running:
        wait_until(lambda: can_connect(port), 'the server')
        running.process.send_signal(signal.SIGTERM)
        assert running.wait() == 0


def can_connect(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


@pytest.mark.parametrize('arguments', [['--help'], ['--version'], ['config'], ['config', '--json'],
                                       ['agents'], ['doctor', '--json'], ['sessions', '--help']])
def test_output_that_is_lost(arguments):
    """Is no success; nobody is told of it who has stopped reading on purpose."""
    with open('/dev/full', 'wb') as full, Running(*arguments, stdout=full,
                                                  stderr=subprocess.PIPE) as running:
        assert running.wait() == 1
        assert b'Error: cannot write the output' in running.process.stderr.read()
    reader, writer = os.pipe()
    os.close(reader)
    with Running(*arguments, stdout=writer, stderr=subprocess.PIPE) as running:
        assert running.wait() == 128 + signal.SIGPIPE
        assert b'Error' not in running.process.stderr.read()
    os.close(writer)


def test_log_to_a_full_pipe(tmp_path):
    """A blocked log must not stall the protocol."""
    process = subprocess.Popen([PROGRAM, '--port', '0', '--agent', 'echo', '--log-level', 'debug'],
                               cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        port = int(process.stdout.readline().split()[-1])
        for _ in range(500):
            with websocket.connect(port) as client:
                for _ in range(5):
                    client.send_text('{"message_type": "' + 'x' * 200 + '"}')
                client.send_text('{')
                client.receive()
                client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5 * PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()


def test_log_is_for_reading(start_server):
    """No terminal obeys it, no text turns it round, and no text looks like a line of its own."""
    server = start_server(agent='shell')
    script = r"printf '\033[31mred\342\200\256\n00:00:00 error: \346\227\245\n\001' >&2; exit 3"
    with websocket.connect(server.port) as client:
        client.request({**invocation(script), 'source_id': 'a\u202eb'})
    lines = wait_until(lambda: server.log if '\u65e5' in server.log else None, 'the line')
    assert '[a?b] request failed: ' in lines
    assert '?[31mred' in lines and '\n    00:00:00 error: \u65e5' in lines
    assert not set(lines) & {'\x1b', '\u202e', '\x01'}


def test_loopback_only_by_default(start_server):
    server = start_server()
    listening = {line.split()[1] for name in ('tcp', 'tcp6')
                 for line in open(f'/proc/net/{name}').readlines()[1:]
                 if line.split()[3] == '0A' and line.split()[1].endswith(f':{server.port:04X}')}
    addresses = {address.split(':')[0] for address in listening}
    assert addresses <= {'0100007F', '00000000000000000000000001000000'} and addresses


def test_descriptors_are_not_inherited_from_the_starter(start_server):
    """What the server was given beyond the standard three is not passed on to commands."""
    server = start_server()
    with websocket.connect(server.port) as client:
        client.request(commands('true'))
        assert not [path for path in descriptors(server.pid).values() if 'secret' in path]
