# SPDX-License-Identifier: LGPL-2.1-or-later
"""runtimeuse run: what goes where, exit statuses and signals, here and against a server."""

import functools
import http.server
import json
import os
import re
import resource
import signal
import subprocess
import threading
import time

import pytest
from harness import program
from harness.http_server import HttpServer
from harness.processes import PATIENCE, check_soon, find_marked, read_proc, wait_until
from harness.program import Running, Terminal
from harness.server import Server

# Answers with all that it was asked.
MIRROR = '''#!/usr/bin/env python3
import json, os
requests = os.fdopen(3)
def say(**message):
    os.write(4, (json.dumps(message) + "\\n").encode())
say(type="ready", protocol=1, capabilities={})
for line in requests:
    message = json.loads(line)
    if message["type"] == "invoke":
        say(type="result", id=message["id"],
            result={"type": "structured_output", "structured_output": message["invocation"]})
'''


@pytest.fixture(scope='module')
def shell_server(tmp_path_factory):
    """A server with the agent shell."""
    server = Server(tmp_path_factory.mktemp('shell'), agent='shell')
    yield server
    server.stop()


@pytest.fixture(params=['inside', 'url'])
def shell(request):
    """The options for the agent shell."""
    if request.param == 'inside':
        return ['--agent', 'shell']
    return ['--url', request.getfixturevalue('shell_server').url]


@pytest.fixture(params=['inside', 'url'])
def echo(request):
    """The options for the agent echo."""
    if request.param == 'inside':
        return ['--agent', 'echo']
    return ['--url', request.getfixturevalue('server').url]


@pytest.fixture
def mirror(tmp_path):
    path = tmp_path / 'mirror'
    path.write_text(MIRROR)
    path.chmod(0o755)
    return str(path)


def run(*arguments, **options):
    return program.run('run', *arguments, **options)


def start(*arguments, **options):
    return Running('run', *arguments,
                   **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **options})


def test_only_the_result_is_standard_output(shell):
    done = run(*shell, '--before', 'echo before', '--after', 'echo after >&2', 'echo one; echo two')
    assert (done.returncode, done.stdout) == (0, b'one\ntwo\n')
    assert done.stderr.decode() == (
        '$ echo before\nbefore\none\ntwo\n$ echo after >&2\nafter\n')


@pytest.mark.parametrize('prompt, result', [
    ('ECHO:x', 'x\n'), ('ECHO:x\n', 'x\n'), ('ECHO:', ''), ('ECHO:ä€', 'ä€\n'),
    ('STRUCTURED:{"b": [1, 2.50],  "a": null}', '{"b":[1,2.50],"a":null}\n')])
def test_result(echo, prompt, result):
    done = run(*echo, prompt)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, result, b'')


def test_messages_go_to_standard_error(echo):
    done = run(*echo, 'STREAM:3')
    assert done.stderr.decode().split('\n')[0] == 'message 1 of 3'
    assert b'message 1 of 3' not in done.stdout


@pytest.mark.parametrize('prompt, status, answer', [
    ('ECHO:a "b"\n', 0, {'text': 'a "b"\n', 'metadata': {}}),
    ('STRUCTURED:{"a":1}', 0, {'structured_output': {'a': 1}, 'metadata': {}}),
    ('ERROR:no "way"', 1, {'error': 'no "way"', 'metadata': {'source': 'echo_handler'}})])
def test_json(echo, prompt, status, answer):
    done = run(*echo, '--json', prompt)
    assert done.returncode == status
    assert done.stdout.count(b'\n') == 1 and json.loads(done.stdout) == answer


def test_json_without_connection():
    done = run('--url', 'ws://127.0.0.1:1', '--json', 'x')
    assert done.returncode == 3
    assert json.loads(done.stdout)['error'] in done.stderr.decode()


def test_error(echo):
    done = run(*echo, 'ERROR:it is broken')
    assert (done.returncode, done.stdout, done.stderr) == (1, b'', b'Error: it is broken\n')


@pytest.mark.parametrize('option, word', [('--before', b'pre-agent'), ('--after', b'post-agent')])
def test_command_that_fails(shell, option, word):
    done = run(*shell, option, 'echo oops >&2; exit 3', 'echo hello')
    assert (done.returncode, done.stdout) == (1, b'')
    assert b'oops\n' in done.stderr
    assert word + b'-invocation' in done.stderr or word + b' command failed' in done.stderr


def test_prompt_from_standard_input(shell):
    done = run(*shell, '-', stdin='echo ä\necho two\n'.encode())
    assert (done.returncode, done.stdout.decode()) == (0, 'ä\ntwo\n')


@pytest.mark.parametrize('text, word', [
    (b'x' * (16 * 1024 * 1024 + 1), b'16 MiB'), (b'\xff', b'UTF-8'), (b'a\0b', b'UTF-8')])
def test_prompt_that_cannot_be_used(text, word):
    done = run('--agent', 'echo', '-', stdin=text)
    assert done.returncode == 2 and word in done.stderr


def test_standard_input_without_end():
    """No more is read than may be there."""
    with open('/dev/zero', 'rb') as endless:
        with start('--agent', 'echo', '-', stdin=endless) as running:
            assert running.wait() == 2


def test_everything_reaches_the_agent(mirror, tmp_path):
    (tmp_path / 'system').write_text('be kind\n')
    (tmp_path / 'schema').write_text('{"type": "object", "x": 1.50}')
    done = run('--handler', mirror, '--system', f'@{tmp_path}/system', '--model', 'größer',
               '--schema', str(tmp_path / 'schema'), '--env', 'A=1', '--env', 'B=', '--secret',
               'MY_KEY', '--', '-prompt-', env={'MY_KEY': 'not-to-be-seen'})
    assert done.returncode == 0, done.stderr
    asked = json.loads(done.stdout)
    assert asked['system_prompt'] == 'be kind\n' and asked['user_prompt'] == '-prompt-'
    assert asked['model'] == 'größer'
    assert asked['output_format'] == {'type': 'object', 'x': 1.5} or (
        asked['output_format']['schema'] == {'type': 'object', 'x': 1.5})
    assert asked['env'] == {'A': '1', 'B': '', 'MY_KEY': '[REDACTED]'}
    assert b'not-to-be-seen' not in done.stdout + done.stderr


def test_system_prompt_is_taken_as_it_is(mirror):
    done = run('--handler', mirror, '--system', 'be @kind', 'x')
    assert json.loads(done.stdout)['system_prompt'] == 'be @kind'


def test_nothing_of_the_handler_is_left(mirror):
    run('--handler', mirror, 'x')
    assert not find_marked(mirror)


def test_handler_that_cannot_be_loaded(tmp_path):
    done = run('--handler', str(tmp_path / 'nothing.py'), 'x')
    assert done.returncode == 1 and b'does not exist' in done.stderr


def test_interrupted_while_the_handler_is_loaded(tmp_path):
    path = tmp_path / 'slow'
    path.write_text('#!/bin/sh\n: >loading; exec sleep 1000 >&4\n')
    path.chmod(0o755)
    with start('--handler', str(path), 'x', cwd=tmp_path) as running:
        wait_until((tmp_path / 'loading').exists, 'the start of the handler')
        running.look()
        running.signal()
        assert running.wait(15) == 130
        running.check_nothing_left()


def test_secret(shell):
    """Neither on a command line nor in any output."""
    value = 'this-must-not-be-seen'
    script = 'echo "<$KEY>"; sleep 1000'
    with start(*shell, '--secret', 'KEY', script, env={'KEY': value}) as running:
        assert running.process.stderr.readline() == b'<[REDACTED]>\n'
        for pid in (running.pid, *running.look()):
            assert value not in read_proc(pid, 'cmdline')
        running.signal()
        assert running.wait() == 130
        assert value.encode() not in running.process.stdout.read() + running.process.stderr.read()


@pytest.mark.parametrize('words, said', [
    (['--no-such', 'x'], '--no-such'), ([], 'prompt'), (['a', 'b'], 'quotes'),
    (['--url', 'ws://x', '--agent', 'echo', 'x'], '--agent'),
    (['--url', 'ws://x', '--handler', 'y', 'x'], '--handler'),
    (['--agent', 'bogus', 'x'], 'unknown agent "bogus"'), (['--agent'], '--agent'),
    (['--timeout', '1.5', 'x'], '--timeout'), (['--env', 's3cret', 'x'], '--env'),
    (['--secret', 'NOT_SET_ANYWHERE', 'x'], 'NOT_SET_ANYWHERE'),
    (['--before', '', 'x'], '--before'),
    (['--token-file', '/dev/null', 'x'], '--url'), (['--schema', '/no/such', 'x'], '/no/such'),
    (['--system', '@/no/such', 'x'], '/no/such'), (['--schema', '/', 'x'], '/')])
def test_wrong_options(words, said):
    done = run(*words)
    assert done.returncode == 2 and done.stdout == b''
    assert said in done.stderr.decode() and 'run --help' in done.stderr.decode()
    assert b's3cret' not in done.stderr


def test_help():
    done = run('--help')
    assert done.returncode == 0 and b'Usage: runtimeuse run' in done.stdout


def test_default_agent():
    """The same as that of the server, which needs a model and a key."""
    done = run('x')
    assert done.returncode == 1 and b'model' in done.stderr and b'openai' in done.stderr
    done = run('--model', 'm', 'x', env={'OPENAI_API_KEY': None, 'OPENAI_BASE_URL': None})
    assert done.returncode == 1 and b'OPENAI_API_KEY' in done.stderr


def test_timeout(echo):
    started = time.monotonic()
    done = run(*echo, '--timeout', '1', 'WAIT:60000')
    assert done.returncode == 124 and b'1 seconds' in done.stderr
    assert time.monotonic() - started < 5 * PATIENCE


@pytest.mark.parametrize('number, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(shell, number, status):
    marker = f'6{os.getpid()}{status}'
    with start(*shell, f'sleep {marker} & echo started; sleep {marker}') as running:
        running.process.stderr.readline()
        running.signal(number)
        assert running.wait() == status
        assert running.process.stdout.read() == b''
        assert not find_marked(marker)


def test_interrupted_twice(shell, tmp_path):
    check_soon(1.8, lambda: interrupt_twice(shell, tmp_path))


def interrupt_twice(shell, tmp_path):
    marker = f'5{os.getpid()}'
    (tmp_path / 'asked').unlink(missing_ok=True)
    script = (f'cd {tmp_path}; trap ": >asked" TERM; (trap "" TERM; exec sleep {marker}) & '
              'echo started; while :; do wait; done')
    with start(*shell, script) as running:
        running.process.stderr.readline()
        begin = time.monotonic()
        running.signal()
        wait_until((tmp_path / 'asked').exists, 'the first signal')
        running.signal()
        assert running.wait() == 130
        took = time.monotonic() - begin
    wait_until(lambda: not find_marked(marker), 'the end of the script')
    return took


def test_nobody_reads_the_result(echo):
    reader, writer = os.pipe()
    os.close(reader)
    with start(*echo, 'ECHO:x', stdout=writer) as running:
        assert running.wait() == 141
        assert running.process.stderr.read() == b''
    os.close(writer)


def test_nobody_reads_what_happens(shell):
    """The result is what counts."""
    reader, writer = os.pipe()
    os.close(reader)
    with start(*shell, '--before', 'echo before', 'echo hello', stderr=writer) as running:
        assert running.process.stdout.read() == b'hello\n'
        assert running.wait() == 0
    os.close(writer)


class TestTerminal:
    def test_result_is_shown_once(self, shell):
        with Terminal('run', *shell, 'echo hello') as terminal:
            assert terminal.read_all() == 'hello\n'
            assert terminal.wait() == 0

    def test_result_that_was_not_said(self, echo):
        with Terminal('run', *echo, 'STREAM:2') as terminal:
            text = terminal.read_all()
        result = run(*echo, 'STREAM:2').stdout.decode()
        assert text == 'message 1 of 2\nmessage 2 of 2\n' + result

    def test_result_elsewhere(self, shell):
        """What is said is not the result when that goes into a file."""
        with Terminal('run', *shell, 'echo hello', stdout=subprocess.PIPE) as terminal:
            assert terminal.read_all() == 'hello\n'
            assert terminal.process.stdout.read() == b'hello\n'

    def test_messages_elsewhere(self, shell):
        with Terminal('run', *shell, 'echo hello', stderr=subprocess.PIPE) as terminal:
            assert terminal.read_all() == 'hello\n'
            assert terminal.process.stderr.read() == b'hello\n'

    def test_output_of_commands_is_dimmed(self, shell):
        with Terminal('run', *shell, '--before', 'echo before', 'echo hello') as terminal:
            assert terminal.read_all() == (
                '\x1b[2m$ echo before\x1b[0m\n\x1b[2mbefore\x1b[0m\nhello\n')

    def test_sign_of_life(self, start_server):
        """It vanishes when there is something to show."""
        server = start_server('--limit', 'heartbeat-interval=100', agent='shell')
        with Terminal('run', '--url', server.url, 'sleep 0.7; echo hello') as terminal:
            text = terminal.read_all()
        clear = r'\r\x1b\[K'
        sign = rf'{clear}\x1b\[2mstill running, \d+ s\x1b\[0m'
        # The end of the request may come later than what it shows.
        assert re.fullmatch(rf'({sign})+{clear}hello\n(({sign})+{clear})?', text), repr(text)

    @pytest.mark.parametrize('env', [{'NO_COLOR': '1'}, {'TERM': 'dumb'}, {'TERM': None}])
    def test_plain(self, shell, env):
        words = ['--before', 'printf before', 'echo hello']
        with Terminal('run', *shell, *words, env=env) as terminal:
            assert terminal.read_all() == '$ printf before\nbefore\nhello\n'

    def test_ctrl_c(self, shell):
        with Terminal('run', *shell, 'echo started; sleep 1000') as terminal:
            terminal.expect('started\n')
            terminal.look()
            terminal.press(b'\x03')
            terminal.expect('Error: cancelled\n')
            assert terminal.wait() == 130
            terminal.check_nothing_left()

    def test_reader_that_stops(self, shell):
        """Ctrl-S holds the terminal; Ctrl-C works all the same."""
        with Terminal('run', *shell, 'echo started; yes') as terminal:
            terminal.expect('started\n')
            terminal.press(b'\x13')
            terminal.look()
            terminal.signal()
            assert terminal.wait() == 130
            terminal.check_nothing_left()


# Files


@pytest.fixture
def code(tmp_path):
    """A folder to be sent."""
    folder = tmp_path / 'code'
    (folder / 'sub').mkdir(parents=True)
    (folder / 'a').write_text('one')
    (folder / 'sub/run').write_text('#!/bin/sh\necho two\n')
    (folder / 'sub/run').chmod(0o755)
    return folder


def test_folder_in_and_artifacts_out(shell, code, tmp_path):
    work = tmp_path / 'work'
    result = program.run('run', *shell, '--upload', f'{code}={work}',
                         '--artifacts', f'{work}/out={tmp_path}/back',
                         f'cd {work}; cat a; sub/run; mkdir out/d; cp a out/d/b; '
                         'head -c 5000000 /dev/zero >out/large')
    assert result.returncode == 0 and result.stdout == b'onetwo\n', result
    assert (tmp_path / 'back/d/b').read_text() == 'one'
    assert (tmp_path / 'back/large').read_bytes() == bytes(5000000)
    assert sorted(path.name for path in (tmp_path / 'back').iterdir()) == ['d', 'large']
    assert b'receiv' not in result.stderr and b'send' not in result.stderr


def test_what_cannot_be_sent_is_named(shell, code, tmp_path):
    (code / 'link').symlink_to('/etc/passwd')
    os.mkfifo(code / 'pipe')
    result = program.run('run', *shell, '--upload', f'{code}={tmp_path}/work',
                         f'ls {tmp_path}/work')
    assert result.returncode == 0 and result.stdout == b'a\nsub\n'
    assert b'Warning: not sent: link: it is a link that leads out of the folder' in result.stderr
    assert b'Warning: not sent: pipe' in result.stderr


def test_file_that_cannot_be_stored(shell, tmp_path):
    """It is an error, but what there is of the answer is given."""
    (tmp_path / 'back').mkdir()
    (tmp_path / 'back/a').write_text('in the way')
    result = program.run('run', *shell, '--artifacts', f'{tmp_path}/out={tmp_path}/back',
                         f'cd {tmp_path}/out; mkdir a; echo x >a/b; echo y >c; echo done')
    assert result.returncode == 1 and result.stdout == b'done\n', result
    assert f'Error: did not receive {tmp_path}/out/a/b: '.encode() in result.stderr
    assert (tmp_path / 'back/a').read_text() == 'in the way'
    assert (tmp_path / 'back/c').read_text() == 'y\n'


def test_download(shell, tmp_path):
    (tmp_path / 'served').mkdir()
    (tmp_path / 'served/file').write_text('content')
    with HttpServer(functools.partial(http.server.SimpleHTTPRequestHandler,
                                      directory=tmp_path / 'served')) as server:
        result = program.run('run', *shell, '--download', f'{server.url}/file?key=v={tmp_path}/in',
                             '--download', f'{server.url}/file={tmp_path}/in2',
                             f'cat {tmp_path}/in/file {tmp_path}/in2/file')
    assert result.returncode == 0 and result.stdout == b'contentcontent\n', result


@pytest.mark.parametrize('option, value, words', [
    ('--upload', 'x', '--upload takes HERE=THERE'), ('--upload', '=x', '--upload takes'),
    ('--artifacts', 'x=', '--artifacts takes THERE=HERE'), ('--download', '', '--download takes'),
    ('--download', 'http://h/x=', '--download takes')])
def test_wrong_file_options(option, value, words):
    result = program.run('run', '--agent', 'shell', option, value, 'true')
    assert result.returncode == 2 and words.encode() in result.stderr, result


def test_many_files_with_few_descriptors(tmp_path):
    """Files that are on their way cost no descriptor each."""
    result = program.run('run', '--agent', 'shell',
                         '--artifacts', f'{tmp_path}/out={tmp_path}/back',
                         f'cd {tmp_path}/out; for i in $(seq 1500); do echo $i >f$i; done',
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
    assert result.returncode == 0, result
    assert len(list((tmp_path / 'back').iterdir())) == 1500


def test_secret_in_the_folder(shell, tmp_path):
    """Paths are shown without it, and their files come all the same."""
    result = program.run('run', *shell, '--secret', 'WORD', '--artifacts',
                         f'{tmp_path}/hidden-word/out={tmp_path}/back',
                         f'echo x >{tmp_path}/hidden-word/out/a', env={'WORD': 'hidden-word'})
    assert result.returncode == 0 and b'hidden-word' not in result.stderr, result
    assert (tmp_path / 'back/a').read_text() == 'x\n'


@pytest.mark.parametrize('inner', ['', '/here', '/a/b'])
def test_folder_in_itself(shell, tmp_path, inner):
    result = program.run('run', *shell, '--artifacts',
                         f'{tmp_path}/out={tmp_path}/out{inner}', 'true')
    assert result.returncode == 1 and b'lies in it' in result.stderr, result


def test_one_folder_to_two(shell, tmp_path):
    result = program.run('run', *shell, '--artifacts', f'{tmp_path}/out={tmp_path}/a',
                         '--artifacts', f'{tmp_path}//./out/={tmp_path}/b', 'true')
    assert result.returncode == 1 and b'one folder only' in result.stderr, result


def test_folder_that_goes_and_comes_back(shell, code, tmp_path):
    """What was not changed is left alone, and what was changed keeps its mode."""
    before = (code / 'a').stat()
    result = program.run('run', *shell, '--upload', f'{code}={tmp_path}/work',
                         '--artifacts', f'{tmp_path}/work={code}',
                         f'cd {tmp_path}/work; echo echo three >>sub/run')
    assert result.returncode == 0, result
    assert (code / 'a').stat().st_ino == before.st_ino
    assert (code / 'a').stat().st_mtime_ns == before.st_mtime_ns
    done = subprocess.run([code / 'sub/run'], capture_output=True, check=True)
    assert done.stdout == b'two\nthree\n'


def test_empty_folder(shell, tmp_path):
    (tmp_path / 'empty').mkdir()
    result = program.run('run', *shell, '--upload', f'{tmp_path}/empty={tmp_path}/work',
                         f'ls -A {tmp_path}/work; echo done')
    assert result.returncode == 0 and result.stdout == b'done\n', result


def test_files_of_a_run_that_fails(shell, tmp_path):
    result = program.run('run', *shell, '--artifacts', f'{tmp_path}/out={tmp_path}/back',
                         f'echo why >{tmp_path}/out/log; exit 3')
    assert result.returncode == 1
    assert (tmp_path / 'back/log').read_text() == 'why\n'


def test_name_that_a_terminal_would_obey(tmp_path):
    (tmp_path / 'back').mkdir()
    (tmp_path / 'back/x').write_text('in the way')
    with Terminal('run', '--agent', 'shell', '--artifacts', f'{tmp_path}/out={tmp_path}/back',
                  f"cd {tmp_path}/out; mkdir x; "
                  "echo 1 >\"x/$(printf 'a\\nb\\033[31m')\"") as running:
        text = running.read_all()
        assert running.wait() == 1
    line = next(line for line in text.splitlines() if 'Error: did not receive' in line)
    assert 'x/a?b?[31m' in line
    assert '\033[31m' not in text


def test_missing_folder(shell, tmp_path):
    result = program.run('run', *shell, '--upload', f'{tmp_path}/missing={tmp_path}/x', 'true')
    assert result.returncode == 1
    assert f'Cannot read the folder {tmp_path}/missing'.encode() in result.stderr


def test_progress_on_a_terminal(code, tmp_path):
    with Terminal('run', '--agent', 'shell', '--upload', f'{code}={tmp_path}/work',
                  '--artifacts', f'{tmp_path}/out={tmp_path}/back',
                  f'head -c 30000000 /dev/zero >{tmp_path}/out/large') as running:
        text = running.read_all()
        assert running.wait() == 0
        running.check_nothing_left()
    assert f'sending {code}' in text or '…' in text
    assert '[####################] 100 %' in text
    assert 'large (30.0' in text


def test_interrupted_while_files_come(tmp_path):
    """A cancel leaves no half of a file behind."""
    with Terminal('run', '--agent', 'shell', '--artifacts', f'{tmp_path}/out={tmp_path}/back',
                  f'echo x >{tmp_path}/out/small; echo ready; sleep 60') as running:
        running.expect('ready')
        wait_until(lambda: (tmp_path / 'back/small').exists(), 'the file')
        running.look()
        running.press(b'\x03')
        assert running.wait() == 130
        running.check_nothing_left()
    assert [path.name for path in (tmp_path / 'back').iterdir()] == ['small']
