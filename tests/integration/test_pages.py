# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plain requests: whether the service is well, and its numbers."""

import os
import re
import time

import pytest

from harness import websocket
from harness.messages import commands, invocation
from harness.processes import wait_until

TOKEN = 'a-token-of-the-tests'
OTHER_HOST = 'evil.example'

# A line of the text format: a name, labels, a number.
SAMPLE = re.compile(r'([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? '
                    r'(\d+(?:\.\d+)?(?:e[+-]?\d+)?)', re.ASCII)


def get(port, path, method='GET', **headers):
    """Ask for a page, and return the answer; the server closes the connection after it."""
    with websocket.Connection(port) as connection:
        connection.write(connection.request_head(
            method, path, **{'Upgrade': None, 'Connection': None, 'Sec_WebSocket_Key': None,
                             'Sec_WebSocket_Version': None, **headers},
            without=('Sec-WebSocket-Key', 'Sec-WebSocket-Version')))
        answer = connection.read_answer() if method == 'GET' else None
        rest = connection.read_until_end()
        if answer is None:
            return rest
        assert not rest
        assert answer.headers['connection'] == 'close'
        return answer


def read_metrics(port, **headers):
    """Read the numbers, strictly by the rules of the format."""
    answer = get(port, '/metrics', **headers)
    assert answer.status == 200
    assert answer.headers['content-type'] == 'text/plain; version=0.0.4; charset=utf-8'
    text = answer.body.decode()
    assert text.endswith('\n')
    values, types, family = {}, {}, None
    for line in text.splitlines():
        if line.startswith('# HELP '):
            family = line.split()[2]
            assert family not in types, f'{family} comes twice'
        elif line.startswith('# TYPE '):
            _, _, name, kind = line.split()
            assert name == family and kind in ('counter', 'gauge', 'histogram')
            types[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            name, labels, value = match.groups()
            base = name
            if types[family] == 'histogram':
                base = re.sub('_(bucket|sum|count)$', '', name)
            assert base == family, f'{name} among {family}'
            key = f'{name}{{{labels}}}' if labels else name
            assert key not in values, f'{key} comes twice'
            values[key] = float(value)
    return values, types


@pytest.fixture
def path(tmp_path_factory):
    return tmp_path_factory.mktemp('s') / 'socket'


def test_health(server):
    for page in ('/healthz', '/readyz'):
        answer = get(server.port, page)
        assert (answer.status, answer.body) == (200, b'ok\n')
        assert get(server.port, page, Host=OTHER_HOST).status == 200
        assert get(server.port, f'{page}?verbose').status == 200
        assert get(server.port, f'{page}/more').status == 426
        head = get(server.port, page, method='HEAD')
        assert head.startswith(b'HTTP/1.1 200 OK\r\n') and head.endswith(b'\r\n\r\n')


def test_web_pages_see_nothing(server):
    for page in ('/healthz', '/readyz', '/metrics'):
        answer = get(server.port, page, Origin='https://evil.example')
        assert answer.status == 403
        assert 'access-control-allow-origin' not in answer.headers
    assert get(server.port, '/metrics', Host=OTHER_HOST).status == 403


def test_other_methods(server):
    for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'):
        assert get(server.port, '/healthz', method=method).startswith(b'HTTP/1.1 405 ')


def test_metrics(start_server):
    server = start_server()
    before, types = read_metrics(server.port)
    assert types['runtimeuse_request_duration_seconds'] == 'histogram'
    for name, kind in types.items():
        assert (kind == 'counter') == name.endswith('_total'), name
    assert all(value == 0 for name, value in before.items()
               if name.startswith('runtimeuse_') and 'build_info' not in name)
    assert abs(before['process_start_time_seconds'] - time.time()) < 3600

    with websocket.connect(server.port) as client:
        client.request(invocation('ECHO:x'))
        client.request(invocation('ERROR:x'))
        client.request(commands('echo 12345; exit 3'))
        client.send(invocation('WAIT:60000'))
        wait_until(lambda: read_metrics(server.port)[0]['runtimeuse_requests_active'] == 1,
                   'the request')
        client.send({'message_type': 'cancel_message'})
        client.receive_until_terminal()
        after, _ = read_metrics(server.port)
        assert after['runtimeuse_sessions'] == 1
        client.close()

    requests = 'runtimeuse_requests_total{kind="%s",outcome="%s"}'
    assert after[requests % ('invocation', 'succeeded')] == 1
    assert after[requests % ('invocation', 'failed')] == 1
    assert after[requests % ('invocation', 'cancelled')] == 1
    assert after[requests % ('command', 'succeeded')] == 1
    assert after[requests % ('command', 'failed')] == 0
    assert after['runtimeuse_requests_active'] == 0
    assert after['runtimeuse_output_bytes_total'] >= 6
    for kind, count in (('invocation', 3), ('command', 1)):
        name = 'runtimeuse_request_duration_seconds'
        assert after[f'{name}_count{{kind="{kind}"}}'] == count
        assert after[f'{name}_sum{{kind="{kind}"}}'] > 0
        buckets = [value for key, value in after.items()
                   if key.startswith(f'{name}_bucket{{kind="{kind}",le=')]
        assert buckets == sorted(buckets) and buckets[-1] == count

    wait_until(lambda: read_metrics(server.port)[0]['runtimeuse_sessions'] == 0, 'the end')
    ended, _ = read_metrics(server.port)
    assert ended['runtimeuse_sessions_total'] == 1
    assert ended['runtimeuse_output_bytes_total'] == after['runtimeuse_output_bytes_total']
    assert all(ended[name] >= value for name, value in after.items() if '_total' in name)


def test_commands_are_counted(start_server):
    server = start_server()
    with websocket.connect(server.port) as client:
        client.send(commands('sleep 1000'))
        wait_until(lambda: read_metrics(server.port)[0]['runtimeuse_commands_running'] == 1,
                   'the command')
        client.send({'message_type': 'cancel_message'})
        client.receive_until_terminal()
        assert read_metrics(server.port)[0]['runtimeuse_commands_running'] == 0
        client.close()


def test_refused_are_counted(start_server):
    server = start_server()
    for _ in range(3):
        assert get(server.port, '/', Host=OTHER_HOST).status == 403
    assert get(server.port, '/other').status == 426
    assert read_metrics(server.port)[0]['runtimeuse_refused_connections_total'] == 4


def test_process(server):
    values, _ = read_metrics(server.port)
    if os.geteuid() == 0:
        assert values['process_open_fds'] >= 5
    assert values['process_max_fds'] >= values['process_open_fds'] > 0
    assert 2 ** 20 < values['process_resident_memory_bytes'] < 2 ** 30
    assert values['process_cpu_seconds_total'] > 0


def test_no_metrics(start_server):
    server = start_server('--no-metrics')
    assert get(server.port, '/metrics').status == 426
    assert get(server.port, '/healthz').status == 200


def test_token(start_server, tmp_path, path):
    token = tmp_path / 'token'
    token.write_text(TOKEN)
    token.chmod(0o600)
    server = start_server('--token-file', str(token), '--listen', f'unix:{path}')
    assert get(server.port, '/metrics').status == 401
    assert get(server.port, '/metrics', Authorization='Bearer wrong').status == 401
    assert get(server.port, '/healthz').status == 200
    read_metrics(server.port, Authorization=f'Bearer {TOKEN}')
    read_metrics(path)


def test_full_server(start_server):
    """Whoever looks after a server that is full must not take it for dead."""
    server = start_server('--limit', 'max-connections=1')
    with websocket.connect(server.port) as client:
        assert get(server.port, '/healthz').status == 200
        with websocket.Connection(server.port) as refused:
            assert refused.ask().status == 503
        client.close()


def test_locale(start_server):
    """Numbers are written alike in all languages."""
    server = start_server(env={'LC_ALL': 'de_DE.UTF-8'})
    values, _ = read_metrics(server.port)
    assert values['process_cpu_seconds_total'] < 10
