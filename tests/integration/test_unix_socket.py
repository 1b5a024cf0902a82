# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server on a Unix socket: who may connect, and whose files it touches."""

import os
import signal
import socket
import stat
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import program, websocket
from harness.messages import commands, invocation, output, text_of
from harness.processes import wait_until
from harness.server import PROGRAM, Server

TOKEN = 'a-token-of-the-tests'
STRANGER = 65534

only_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root can be somebody else')

# Tells what another user gets for an upgrade request to a socket.
ASK = '''
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(15)
try:
    connection.connect(sys.argv[1])
except PermissionError:
    print('cannot connect')
    sys.exit()
connection.sendall(sys.argv[2].encode().decode('unicode_escape').encode())
print(connection.recv(4096).decode().split()[1])
'''

UPGRADE = ('GET / HTTP/1.1\\r\\nHost: localhost\\r\\nUpgrade: websocket\\r\\n'
           'Connection: Upgrade\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n'
           'Sec-WebSocket-Version: 13\\r\\n')


@pytest.fixture
def folder():
    """One that others may enter, and whose name is short."""
    with tempfile.TemporaryDirectory(prefix='runtimeuse-', dir='/tmp') as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture
def path(folder):
    return folder / 'socket'


@pytest.fixture
def serve(start_server, path):
    """Starts a server that listens on the path, and on nothing else."""
    def start(*arguments, **options):
        return start_server('--listen', f'unix:{path}', *arguments,
                            **{'port': None, **options})

    return start


def check_works(path, **headers):
    with websocket.connect(path, **headers) as client:
        assert text_of(client.ask_one(invocation('ECHO:x'))) == 'x'
        client.close()


def refused(*arguments):
    """What the program says that cannot serve."""
    result = program.run('serve', '--agent', 'echo', *arguments)
    assert result.returncode == 1, result
    return result.stderr.decode()


def leave_socket(path):
    """Leave what a server leaves behind that was killed."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


def ask_as(uid, path, *headers):
    request = UPGRADE + ''.join(f'{header}\\r\\n' for header in headers) + '\\r\\n'
    return subprocess.run(['/usr/bin/python3', '-c', ASK, path, request], user=uid, group=uid,
                          extra_groups=[], cwd='/', check=True, capture_output=True, text=True,
                          timeout=60).stdout.strip()


def test_serves(serve, path):
    server = serve()
    assert server.stdout == f'RuntimeUse server listening on unix:{path}\n'
    assert f'ws+unix:{path}' in server.log
    check_works(path)
    server.stop()
    assert not path.exists()


def test_command_line(serve, path):
    server = serve()
    url = f'unix:{path}'
    result = program.run('run', '--url', url, 'ECHO:hello')
    assert result.returncode == 0 and result.stdout.strip() == b'hello', result
    result = program.run('exec', '--url', url, 'sh', '-c', 'echo here; exit 3')
    assert result.returncode == 3 and result.stdout == b'here\n', result
    server.stop()
    result = program.run('run', '--url', url, 'ECHO:hello')
    assert result.returncode != 0
    assert f'Nothing listens at {url}' in result.stderr.decode()


def test_folders_travel(serve, path, tmp_path):
    """Folders of a request go over TCP between the client and the server, as ever."""
    server = serve()
    here, back = tmp_path / 'here', tmp_path / 'back'
    here.mkdir()
    back.mkdir()
    (here / 'file').write_text('content')
    there = server.work / 'there'
    result = program.run('run', '--url', f'unix:{path}', '--upload', f'{here}={there}',
                         '--artifacts', f'{there}={back}',
                         '--before', f'cp {there}/file {there}/made', 'ECHO:x', timeout=60)
    assert result.returncode == 0, result
    assert (back / 'made').read_text() == 'content'


@pytest.mark.parametrize('umask', [0, 0o022, 0o077, 0o177])
def test_mode(serve, path, umask):
    serve(prefix=['/bin/sh', '-c', f'umask {umask:o}; exec "$@"', 'sh'])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_runtime_folder(start_server, folder):
    """The program makes its own folder in that of the user, and nobody else may enter it."""
    path = folder / 'runtimeuse' / 'socket'
    start_server('--listen', f'unix:{path}', port=None, env={'XDG_RUNTIME_DIR': str(folder)})
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    check_works(path)


def test_no_token_for_the_user(serve, path, tmp_path):
    token = tmp_path / 'token'
    token.write_text(TOKEN)
    token.chmod(0o600)
    server = serve('--token-file', str(token), port=0)
    check_works(path)
    check_works(path, Host='evil.example')
    with websocket.Connection(server.port) as connection:
        assert connection.ask().status == 401
    check_works(server.port, Authorization=f'Bearer {TOKEN}')


def test_web_page(serve, path):
    serve()
    with websocket.Connection(path) as connection:
        assert connection.ask(Origin='https://evil.example').status == 403


def test_killed_server(serve, path):
    """What a server left that was killed is replaced."""
    killed = serve()
    killed.signal(signal.SIGKILL)
    killed.wait()
    assert path.is_socket()
    serve()
    check_works(path)


def test_live_server(serve, path):
    serve()
    before = path.stat().st_ino
    assert 'another server listens there' in refused('--listen', f'unix:{path}')
    assert path.stat().st_ino == before
    check_works(path)


def test_start_at_once(folder):
    """Of servers that start at the same time where a socket was left, one serves."""
    for attempt in range(10):
        path = folder / f'socket-{attempt}'
        leave_socket(path)

        def start(number, path=path, attempt=attempt):
            try:
                return Server(folder / f'{attempt}-{number}', '--listen', f'unix:{path}', port=None)
            except AssertionError as error:
                assert 'another server listens there' in str(error)
                return None

        with ThreadPoolExecutor(4) as pool:
            servers = [server for server in pool.map(start, range(4)) if server]
        try:
            assert len(servers) == 1
            check_works(path)
        finally:
            for server in servers:
                server.stop()
        assert not path.exists()


@pytest.mark.parametrize('kind', ['file', 'folder', 'pipe', 'link'])
def test_no_socket(folder, path, kind):
    if kind == 'file':
        path.write_text('precious')
    elif kind == 'folder':
        path.mkdir()
    elif kind == 'pipe':
        os.mkfifo(path)
    else:
        leave_socket(folder / 'target')
        path.symlink_to(folder / 'target')
    before = path.lstat()
    message = refused('--listen', f'unix:{path}')
    assert str(path) in message
    assert ('there is a directory; ' if kind == 'folder' else 'no socket') in message
    after = path.lstat()
    assert (after.st_ino, after.st_mode, after.st_size, after.st_mtime_ns) == (
        before.st_ino, before.st_mode, before.st_size, before.st_mtime_ns)


def test_no_folder(folder):
    message = refused('--listen', f'unix:{folder}/missing/socket')
    assert f'{folder}/missing' in message


def test_long_path(folder):
    for length in (107, 200):
        message = refused('--listen', f'unix:{folder}/'.ljust(len('unix:') + length, 'x'))
        assert 'path of a socket has at most 10' in message
    assert not list(folder.iterdir())


def test_removed_meanwhile(serve, path):
    """At the end the server takes away its own file only."""
    server = serve()
    path.unlink()
    path.write_text('of somebody else')
    server.stop()
    assert path.read_text() == 'of somebody else'


@only_root
def test_wrong_owner(path):
    leave_socket(path)
    os.chown(path, STRANGER, STRANGER)
    message = refused('--listen', f'unix:{path}')
    assert f'uid {STRANGER}' in message
    assert path.is_socket() and path.stat().st_uid == STRANGER


@only_root
def test_other_user_cannot_connect(serve, path):
    serve()
    assert ask_as(STRANGER, path) == 'cannot connect'


@only_root
def test_other_user_needs_the_token(serve, path, tmp_path):
    """Also where somebody has widened the rights of the socket."""
    token = tmp_path / 'token'
    token.write_text(TOKEN)
    token.chmod(0o600)
    server = serve('--token-file', str(token), '--insecure-no-auth')
    path.chmod(0o666)
    assert ask_as(STRANGER, path) == '403'
    assert ask_as(STRANGER, path, 'Authorization: Bearer wrong-token-of-them') == '403'
    assert ask_as(STRANGER, path, f'Authorization: Bearer {TOKEN}') == '101'
    wait_until(lambda: f'uid={STRANGER}' in server.log, 'a word on the stranger')
    server.stop()

    server = serve('--insecure-no-auth')
    path.chmod(0o666)
    assert ask_as(STRANGER, path, f'Authorization: Bearer {TOKEN}') == '403'
    wait_until(lambda: f'uid={STRANGER}' in server.log, 'a word on the stranger')


@only_root
def test_server_of_another_user(path, folder):
    """Root may talk to the server of a user, and is not anybody."""
    folder.chmod(0o777)
    command = [PROGRAM, '--agent', 'echo', '--listen', f'unix:{path}']
    with subprocess.Popen(command, user=STRANGER, group=STRANGER, extra_groups=[], cwd='/',
                          env={**os.environ, 'TMPDIR': str(folder), 'HOME': str(folder)},
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline().endswith(f'unix:{path}\n')
            assert path.stat().st_uid == STRANGER
            check_works(path)
            assert ask_as(STRANGER, path) == '101'
            assert ask_as(STRANGER - 1, path) == 'cannot connect'
            path.chmod(0o666)
            assert ask_as(STRANGER - 1, path) == '403'
        finally:
            process.terminate()
            process.wait(20)


def test_clients_at_once(serve, path):
    """A hundred clients that come together are all let in."""
    serve()

    def ask(number):
        with websocket.connect(path) as client:
            answer = text_of(client.ask_one(invocation(f'ECHO:{number}')))
            client.close()
            return answer

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(ask, range(100))) == [str(number) for number in range(100)]


def test_slow_client(serve, path):
    """Output waits for a client that does not read, and nothing is lost."""
    serve()
    with websocket.connect(path) as client:
        client.send(commands('head -c 8000000 /dev/zero | tr "\\\\0" x; echo'))
        wait_until(lambda: client.socket.recv(1, socket.MSG_PEEK), 'output')
        assert len(output(client.receive_until_terminal())) == 8000001
        client.close()
