# SPDX-License-Identifier: LGPL-2.1-or-later
"""runtimeuse exec: arguments, output, exit statuses and signals, here and against a server."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from harness import program
from harness.processes import (
    PATIENCE, SANITIZED, check_soon, find_marked, read_proc, resident_mib, wait_until)
from harness.program import Running, Terminal
from harness.server import PROGRAM, kept_port

TOKEN = 'correct-horse-battery'
BULK = (16 if SANITIZED else 256) * 1024 * 1024
# A stream that is not the same anywhere.
PRINT_BULK = '''
import sys
piece = b"".join(b"%d line of text, with a quote \\" in it\\n" % i for i in range(20000))
left = int(sys.argv[1])
while left > 0:
    left -= sys.stdout.buffer.write(piece[:left])
'''


@pytest.fixture(params=['inside', 'url'])
def where(request):
    """The options that name a runtime."""
    if request.param == 'inside':
        return []
    return ['--url', request.getfixturevalue('server').url]


def run(where, *arguments, **options):
    return program.run('exec', *where, *arguments, **options)


def start(where, *arguments, **options):
    return Running('exec', *where, *arguments,
                   **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **options})


@pytest.mark.parametrize('script, status', [
    ('exit 0', 0), ('exit 1', 1), ('exit 3', 3), ('exit 124', 124), ('exit 255', 255),
    ('kill -9 $$', 255), ('kill $$', 255)])
def test_status(where, script, status):
    done = run(where, '--', 'sh', '-c', script)
    assert (done.returncode, done.stdout, done.stderr) == (status, b'', b'')


def test_command_not_found(where):
    done = run(where, '--', 'no-such-command')
    assert done.returncode == 127 and b'no-such-command' in done.stderr


def test_word_of_the_shell_is_no_command(where):
    """Nothing is interpreted on the way: `exit` is a program that does not exist."""
    assert run(where, 'exit', '0').returncode == 127


def test_streams(where):
    done = run(where, 'sh', '-c', 'echo out; echo err >&2')
    assert (done.returncode, done.stdout, done.stderr) == (0, b'out\n', b'err\n')


WORDS = ["it's", '"', 'a b', 'two\nlines', 'end\n', '$(echo no)', '`echo no`', '$HOME', '${x}',
         '-n', '--', '--url', '-', '', ' ', '\\', '\\n', '*', '~', '!', '#', '&', ';', '|', 'ä€😀',
         '\x01\x7f\t\r', "'; echo no; '", '=', 'A=b', "''", 'x' * 100000]
SHOW = 'import json, sys; print(json.dumps(sys.argv[1:]))'


@pytest.mark.parametrize('separator', [[], ['--']])
def test_arguments(where, separator):
    done = run(where, *separator, sys.executable, '-c', SHOW, *WORDS)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == WORDS


@pytest.mark.parametrize('name', ['it is $a', "quote'd", 'A=b'])
def test_name_of_the_command(where, tmp_path, name):
    path = tmp_path / name
    path.write_text('#!/bin/sh\necho "$1"\n')
    path.chmod(0o755)
    done = run(where, '--env', f'PATH={tmp_path}:/usr/bin:/bin', '--', name, 'hello')
    assert (done.returncode, done.stdout) == (0, b'hello\n'), done.stderr


def test_argument_that_is_too_long(where):
    done = run(where, '--', 'echo', 'x' * 130000, 'x' * 130000)
    assert done.returncode == 1 and b'Error: ' in done.stderr
    assert len(done.stderr) < 1000


def test_argument_that_is_not_utf8(where):
    done = run(where, '--', 'echo', b'\xff')
    assert done.returncode == 2 and b'UTF-8' in done.stderr


def test_argument_in_another_locale(where):
    done = run(where, '--', 'echo', 'ä€', env={'LC_ALL': 'C'})
    assert done.stdout == 'ä€\n'.encode()


def test_output_is_text(where):
    done = run(where, '--', 'printf', r'a\000b\377c\303\244')
    assert done.stdout == b'a\0b' + '\ufffdcä'.encode()


def test_directory_and_environment(where, tmp_path):
    done = run(where, '--cwd', str(tmp_path), '--env', 'A=1', '--env', 'B=x=y', '--env', 'A=2',
               '--', 'sh', '-c', 'pwd; echo $A $B')
    assert done.stdout.decode() == f'{tmp_path}\n2 x=y\n'


def test_input_is_empty(where):
    done = run(where, 'cat', stdin=b'not for the command')
    assert (done.returncode, done.stdout) == (0, b'')


def test_secret(where):
    value = 'this-must-not-be-seen'
    script = 'echo "<$KEY>"; echo "$KEY" >&2; sleep 1000'
    with start(where, '--secret', 'KEY', '--', 'sh', '-c', script, env={'KEY': value}) as running:
        assert running.process.stdout.readline() == b'<[REDACTED]>\n'
        assert value not in read_proc(running.pid, 'cmdline')
        running.signal()
        assert running.wait() == 130
        assert value.encode() not in running.process.stderr.read()


@pytest.mark.parametrize('words', [
    ['--secret', 'NOT_SET_ANYWHERE'], ['--secret', 'EMPTY'], ['--secret', 'KEY=s3cret'],
    ['--env', 's3cret'], ['--env', '=s3cret'], ['--timeout', '0'], ['--timeout', 'x'],
    ['--timeout', '-1'], ['--timeout', '99999999999'], ['--token-file', '/dev/null'],
    ['--no-such']])
def test_wrong_options(words):
    done = run([], *words, '--', 'true', env={'EMPTY': ''})
    assert done.returncode == 2 and done.stdout == b''
    assert b'exec --help' in done.stderr and b's3cret' not in done.stderr


@pytest.mark.parametrize('words', [[], ['--'], [''], ['--', '']])
def test_no_command(words):
    assert run([], *words).returncode == 2


def test_help():
    done = run([], '--help')
    assert done.returncode == 0 and b'Usage: runtimeuse exec' in done.stdout
    # After the command it belongs to that.
    assert run([], 'sh', '-c', 'echo "$0"', '--help').stdout == b'--help\n'


def test_timeout(where):
    started = time.monotonic()
    done = run(where, '--timeout', '1', 'sleep', '1000')
    assert done.returncode == 124 and b'1 seconds' in done.stderr
    assert time.monotonic() - started < 5 * PATIENCE


@pytest.mark.parametrize('number, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(where, number, status):
    """The command ends with all its processes before the program does."""
    marker = f'9{os.getpid()}{status}'
    with start(where, 'sh', '-c', f'sleep {marker} & echo started; sleep {marker}') as running:
        running.process.stdout.readline()
        running.signal(number)
        assert running.wait() == status
        assert not find_marked(marker)


def test_interrupted_twice(where, tmp_path):
    """A second signal does not wait for what is being ended; it ends all the same."""
    check_soon(1.8, lambda: interrupt_twice(where, tmp_path))


def interrupt_twice(where, tmp_path):
    marker = f'8{os.getpid()}'
    (tmp_path / 'asked').unlink(missing_ok=True)
    script = (f'trap ": >asked" TERM; (trap "" TERM; exec sleep {marker}) & echo started; '
              'while :; do wait; done')
    with start(where, '--cwd', str(tmp_path), 'sh', '-c', script) as running:
        running.process.stdout.readline()
        begin = time.monotonic()
        running.signal()
        wait_until((tmp_path / 'asked').exists, 'the first signal')
        running.signal()
        assert running.wait() == 130
        took = time.monotonic() - begin
    wait_until(lambda: not find_marked(marker), 'the end of the command')
    return took


def test_interrupted_on_a_terminal(where):
    with Terminal('exec', *where, 'sh', '-c', 'echo started; sleep 1000') as terminal:
        terminal.expect('started\n')
        terminal.look()
        terminal.press(b'\x03')
        terminal.expect('Error: cancelled\n')
        assert terminal.wait() == 130
        terminal.check_nothing_left()


def test_order_on_a_terminal(where):
    with Terminal('exec', *where, 'sh', '-c', 'echo out; echo err >&2') as terminal:
        assert sorted(terminal.read_all().split()) == ['err', 'out']
        assert terminal.wait() == 0


def test_background_process_is_ended():
    """What a command leaves behind in this process does not outlive it."""
    marker = f'7{os.getpid()}'
    done = run([], 'sh', '-c', f'sleep {marker} >/dev/null 2>&1 & exit 4')
    assert done.returncode == 4
    assert not find_marked(marker)


def hash_of(stream):
    digest, length = hashlib.sha256(), 0
    while data := stream.read(1 << 20):
        digest.update(data)
        length += len(data)
    return digest.hexdigest(), length


def test_bulk(where):
    """Every byte comes through."""
    with subprocess.Popen([sys.executable, '-c', PRINT_BULK, str(BULK)],
                          stdout=subprocess.PIPE) as direct:
        wanted = hash_of(direct.stdout)
    assert wanted[1] == BULK
    with start(where, sys.executable, '-c', PRINT_BULK, str(BULK)) as running:
        assert hash_of(running.process.stdout) == wanted
        assert running.wait() == 0


def test_reader_that_is_slow(where):
    """Nothing is read that nobody takes, so no memory is used for it."""
    with start(where, sys.executable, '-c', PRINT_BULK, str(BULK)) as running:
        first = running.process.stdout.read(1)
        settled = [0, 0]

        def is_settled():
            # How much was read; who is not root sees only how long it has waited for a processor.
            shown = read_proc(running.pid, 'io') or read_proc(running.pid, 'schedstat')
            settled[:] = settled[1], int(shown.split()[1])
            time.sleep(0.1)
            return settled[0] == settled[1]

        wait_until(is_settled, 'the end of reading', timeout=20)
        assert resident_mib(running.pid) < 60 or SANITIZED
        assert len(first + running.process.stdout.read()) == BULK
        assert running.wait() == 0


def test_interrupted_while_nobody_reads(where):
    with start(where, 'yes') as running:
        running.process.stdout.read(1)
        running.look()
        running.signal()
        assert running.wait() == 130
        running.check_nothing_left()


@pytest.mark.parametrize('stream', ['stdout', 'stderr'])
def test_reader_that_goes_away(where, stream):
    redirect = '>&2' if stream == 'stderr' else ''
    with start(where, 'sh', '-c', f'while :; do echo y {redirect}; done') as running:
        getattr(running.process, stream).readline()
        running.look()
        getattr(running.process, stream).close()
        assert running.wait() == 141
        running.check_nothing_left()
        other = running.process.stderr if stream == 'stdout' else running.process.stdout
        assert other.read() == b''


def test_output_that_cannot_be_written(where):
    with open('/dev/full', 'wb') as full:
        with start(where, 'echo', 'hello', stdout=full) as running:
            assert running.wait() == 1
            assert b'Error: cannot write' in running.process.stderr.read()


def test_output_to_a_file_that_exists(where, tmp_path):
    """What is shared with others, like the position in a file, stays theirs."""
    script = f'(echo before; {PROGRAM} exec {" ".join(where)} -- echo hello; echo after) >out'
    subprocess.run(['sh', '-c', script], cwd=tmp_path, timeout=20 * PATIENCE, check=True)
    assert (tmp_path / 'out').read_text() == 'before\nhello\nafter\n'


def test_standard_streams_stay_blocking(where):
    """They may be those of a shell, which cannot work with others."""
    reader, writer = os.pipe()
    with start(where, 'echo', 'hello', stdout=writer) as running:
        assert running.wait() == 0
    assert os.get_blocking(writer)
    os.close(reader)
    os.close(writer)


def test_nobody_listens():
    with kept_port() as port:
        done = run(['--url', f'ws://127.0.0.1:{port}'], 'true')
    assert done.returncode == 3 and b'Nothing listens' in done.stderr


@pytest.mark.parametrize('url', ['', 'http://127.0.0.1:1', 'ws:', 'ws://', '127.0.0.1:8080',
                                 'ws://[', 'ws://127.0.0.1:99999', '\x01'])
def test_wrong_url(url):
    done = run(['--url', url], 'true')
    assert done.returncode in (2, 3) and done.stderr.startswith(b'Error: ')


class TestToken:
    @pytest.fixture
    def guarded(self, start_server, tmp_path):
        (tmp_path / 'token').write_text(TOKEN + '\n')
        (tmp_path / 'token').chmod(0o600)
        (tmp_path / 'wrong').write_text('another-horse-battery')
        (tmp_path / 'wrong').chmod(0o600)
        return start_server('--token-file', str(tmp_path / 'token'))

    def test_file(self, guarded, tmp_path):
        done = run(['--url', guarded.url, '--token-file', str(tmp_path / 'token')], 'echo', 'hello')
        assert (done.returncode, done.stdout, done.stderr) == (0, b'hello\n', b'')

    def test_variable(self, guarded):
        """It is used, and not handed on."""
        done = run(['--url', guarded.url], 'echo', 'hello', env={'RUNTIMEUSE_TOKEN': TOKEN})
        assert (done.returncode, done.stdout) == (0, b'hello\n')

    def test_missing(self, guarded):
        done = run(['--url', guarded.url], 'true')
        assert done.returncode == 3 and b'token' in done.stderr

    def test_wrong(self, guarded, tmp_path):
        done = run(['--url', guarded.url, '--token-file', str(tmp_path / 'wrong')], 'true')
        assert done.returncode == 3 and b'401' in done.stderr
        assert b'horse' not in done.stderr

    def test_unreadable(self, guarded):
        done = run(['--url', guarded.url, '--token-file', '/no/such/file'], 'true')
        assert done.returncode == 2 and b'/no/such/file' in done.stderr


@pytest.mark.parametrize('number, status, word', [
    (signal.SIGTERM, 1, b'cancelled'), (signal.SIGKILL, 3, b'closed')])
def test_server_that_goes_away(start_server, number, status, word):
    server = start_server()
    with start(['--url', server.url], 'sh', '-c', 'echo started; sleep 1000') as running:
        running.process.stdout.readline()
        server.signal(number)
        assert running.wait() == status
        assert word in running.process.stderr.read()
    server.process.wait(5 * PATIENCE)
    server.process.stdout.close()


class Stranger(threading.Thread):
    """Answers one connection with a text, and closes it."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.listener.settimeout(20 * PATIENCE)
        self.url = f'ws://127.0.0.1:{self.listener.getsockname()[1]}'

    def run(self):
        with self.listener, self.listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(self.text)


@pytest.mark.parametrize('text', [
    b'', b'220 mail.example.org ESMTP\r\n', b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', b'HTTP/1.1 101 Switching\r\n\r\n',
    b'\0' * 100000])
def test_something_else_listens(text):
    stranger = Stranger(text)
    stranger.start()
    done = run(['--url', stranger.url], 'true')
    stranger.join()
    assert done.returncode == 3 and done.stderr.startswith(b'Error: ')
    assert len(done.stderr) < 2000
