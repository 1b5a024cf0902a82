# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the server says before a connection is a WebSocket, and whom it lets in."""

import pytest
from harness import websocket
from harness.messages import invocation, text_of
from harness.websocket import TEXT, Connection, make_frame

KEY = 'dGhlIHNhbXBsZSBub25jZQ=='


@pytest.fixture
def connection(server):
    with Connection(server.port) as made:
        yield made


def check_works(server, **options):
    with websocket.connect(server.port, **options) as client:
        assert text_of(client.ask_one(invocation('ECHO:x'))) == 'x'
        client.close()


def test_upgrade(connection):
    answer = connection.ask()
    connection.check_accept(answer)
    assert answer.headers['upgrade'].lower() == 'websocket'
    assert answer.headers['connection'].lower() == 'upgrade'


@pytest.mark.parametrize('target', ['/', '/any/path', '/?query=1', '/%2e%2e/x'])
def test_any_path(server, target):
    check_works(server, target=target)


def test_compression_is_declined(connection):
    answer = connection.ask(Sec_WebSocket_Extensions='permessage-deflate; client_max_window_bits')
    connection.check_accept(answer)
    assert 'sec-websocket-extensions' not in answer.headers


def test_first_subprotocol_is_chosen(connection):
    answer = connection.ask(Sec_WebSocket_Protocol='one, two')
    connection.check_accept(answer)
    assert answer.headers['sec-websocket-protocol'] == 'one'


def test_accept_header_of_the_standard(connection):
    answer = connection.ask(Sec_WebSocket_Key=KEY)
    assert answer.headers['sec-websocket-accept'] == 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='


def test_plain_get(connection):
    answer = connection.ask(Upgrade=None, Connection=None)
    assert answer.status == 426


@pytest.mark.parametrize('key', [None, '', 'short', '!' * 24])
def test_bad_key(connection, key):
    assert connection.ask(Sec_WebSocket_Key=key).status == 400


@pytest.mark.parametrize('version', ['12', '99', 'x', None])
def test_other_version(connection, version):
    answer = connection.ask(Sec_WebSocket_Version=version)
    assert answer.status in (400, 426)
    assert '13' in answer.headers.get('sec-websocket-version', '')


@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE', 'OPTIONS'])
def test_other_method(connection, method):
    answer = connection.ask(method, Content_Length='0')
    assert answer.status == 405
    assert 'access-control-allow-origin' not in answer.headers


@pytest.mark.parametrize('request_line', [
    b'hello\r\n\r\n', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n', b'GET\r\n\r\n',
    b'GET / SMTP/1.0\r\n\r\n'])
def test_not_http(server, connection, request_line):
    connection.write(request_line)
    answer = connection.read_until_end()
    assert answer == b'' or b' 400 ' in answer.split(b'\r\n')[0]
    check_works(server)


def test_huge_header_is_refused(server, connection):
    try:
        connection.write(connection.request_head(X_Long='x' * 1000000))
        answer = connection.read_until_end()
    except (BrokenPipeError, ConnectionResetError):
        answer = b''
    assert b' 101 ' not in answer.split(b'\r\n')[0]
    check_works(server)


def test_connect_and_close(server):
    """So do the clients that wait for a server to come up."""
    for _ in range(200):
        with Connection(server.port):
            pass
    check_works(server)


def test_reset_in_the_middle_of_a_request(server):
    for _ in range(50):
        with Connection(server.port) as connection:
            connection.write(b'GET / HTTP/1.1\r\nHost: ')
    check_works(server)


def test_frame_in_the_same_segment_as_the_upgrade(connection):
    text = b'{"message_type": "command_execution_message", "commands": []}'
    connection.write(connection.request_head() + make_frame(TEXT, text))
    connection.check_accept(connection.read_answer())
    assert connection.receive() == {'message_type': 'command_execution_result_message',
                                    'results': []}


def test_request_byte_by_byte(connection):
    for byte in connection.request_head():
        connection.write(bytes([byte]))
    connection.check_accept(connection.read_answer())


# Origin


@pytest.mark.parametrize('origin', [
    'https://evil.example', 'null', '', 'http://127.0.0.1:1', 'file://',
    'http://localhost.evil.example'])
def test_foreign_origin(connection, origin):
    """A page in a browser must not reach an agent of this machine."""
    connection.write(connection.request_head(Origin=origin) +
                     make_frame(TEXT, b'{"message_type": "command_execution_message", '
                                      b'"commands": [{"command": "touch hijacked"}]}'))
    assert connection.read_answer().status == 403


def test_no_command_of_a_foreign_origin_ran(server):
    assert not (server.work / 'hijacked').exists()


def test_own_address_is_a_foreign_origin_too(server, connection):
    assert connection.ask(Origin=f'http://127.0.0.1:{server.port}').status == 403


def test_allowed_origin(start_server):
    server = start_server('--allow-origin', 'https://good.example',
                          '--allow-origin', 'http://other.example:8000')
    for origin in ('https://good.example', 'http://other.example:8000'):
        check_works(server, Origin=origin)
    for origin in ('https://good.example.evil.example', 'https://good.example:444',
                   'http://good.example', 'null', ''):
        with Connection(server.port) as connection:
            assert connection.ask(Origin=origin).status == 403, origin


def test_two_origins(connection):
    head = connection.request_head(Origin='https://good.example')
    connection.write(head.replace(b'\r\n\r\n', b'\r\nOrigin: https://evil.example\r\n\r\n'))
    assert connection.read_answer().status in (400, 403)


# Host


@pytest.mark.parametrize('host', [
    'evil.example', 'evil.example:{port}', '127.0.0.1.evil.example:{port}',
    'localhost.evil.example', '[::2]:{port}', '126.0.0.1:{port}', 'evil.example.', ''])
def test_foreign_host(server, connection, host):
    answer = connection.ask(Host=host.format(port=server.port))
    assert answer.status in (400, 403)


@pytest.mark.parametrize('host', ['localhost:{port}', '127.0.0.1:{port}', '[::1]:{port}',
                                  'LOCALHOST:{port}', 'localhost'])
def test_own_host(server, connection, host):
    connection.check_accept(connection.ask(Host=host.format(port=server.port)))


def test_no_host(connection):
    assert connection.ask(Host=None).status in (400, 403)


def test_allowed_host(start_server):
    server = start_server('--allowed-host', 'runtime.example')
    check_works(server, Host='runtime.example')
    check_works(server, Host=f'runtime.example:{server.port}')
    with Connection(server.port) as connection:
        assert connection.ask(Host='other.example').status in (400, 403)


def test_ipv6_loopback(server):
    try:
        connection = Connection(server.port, '::1')
    except OSError:
        pytest.skip('no IPv6 on this machine')
    with connection:
        connection.check_accept(connection.ask())


# Token

TOKEN = 'token-5f0e8c1d7b'


@pytest.fixture
def guarded(start_server, tmp_path):
    path = tmp_path / 'token'
    path.write_text(TOKEN + '\n')
    path.chmod(0o600)
    return start_server('--token-file', str(path))


@pytest.mark.parametrize('headers', [
    {}, {'Authorization': ''}, {'Authorization': 'Bearer'}, {'Authorization': 'Bearer '},
    {'Authorization': 'Bearer wrong'}, {'Authorization': f'Bearer {TOKEN[:-1]}'},
    {'Authorization': f'Bearer {TOKEN}x'}, {'Authorization': f'Bearer {TOKEN} x'},
    {'Authorization': f'Basic {TOKEN}'}, {'Authorization': TOKEN}])
def test_wrong_token(guarded, headers):
    with Connection(guarded.port) as connection:
        assert connection.ask(**headers).status == 401
    with Connection(guarded.port) as connection:
        assert connection.ask(target='/?token=wrong', **headers).status == 401


def test_right_token(guarded):
    check_works(guarded, Authorization=f'Bearer {TOKEN}')
    check_works(guarded, Authorization=f'bearer {TOKEN}')
    check_works(guarded, target=f'/?token={TOKEN}')
    check_works(guarded, target=f'/path?a=b&token={TOKEN}&c=d')


def test_right_token_opens_any_host_but_no_origin(guarded):
    check_works(guarded, Authorization=f'Bearer {TOKEN}', Host='runtime.example')
    with Connection(guarded.port) as connection:
        answer = connection.ask(Authorization=f'Bearer {TOKEN}', Origin='https://evil.example')
        assert answer.status == 403


def test_other_address_needs_a_token(start_server, tmp_path):
    with pytest.raises(AssertionError, match='insecure-no-auth'):
        start_server('--host', '0.0.0.0')
    path = tmp_path / 'token'
    path.write_text(TOKEN)
    server = start_server('--host', '0.0.0.0', '--token-file', str(path))
    check_works(server, Authorization=f'Bearer {TOKEN}')
    with Connection(server.port) as connection:
        assert connection.ask().status == 401


def test_other_address_without_a_token_on_request(start_server):
    check_works(start_server('--host', '0.0.0.0', '--insecure-no-auth'))
