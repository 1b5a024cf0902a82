# SPDX-License-Identifier: LGPL-2.1-or-later
"""How commands are run, and how their whole tree ends."""

import itertools
import os
import signal
import sys
from pathlib import Path

import pytest
from harness import processes, websocket
from harness.messages import (CANCEL, CANCELLED, END_SESSION, TERMINALS, command, commands,
                              invocation, output, text_of)
from harness.processes import find_marked, wait_until
from harness.websocket import Closed

ESCAPE_ARTIST = str(Path(__file__).with_name('escape_artist.py'))
numbers = itertools.count(os.getpid() * 1000)


@pytest.fixture
def marker():
    """A number of seconds that nobody else sleeps for."""
    return f'3600.{next(numbers):012d}'


def run(client, text, **members):
    """Run one command; return its exit code, stdout and stderr."""
    messages = client.request(commands(text, **members))
    terminal = messages[-1]
    assert terminal['message_type'] == 'command_execution_result_message', terminal
    result = terminal['results'][0]
    assert result.get('stdout', '') == output(messages)
    return result['exit_code'], output(messages), output(messages, 'stderr')


def test_standard_input_is_at_its_end(client):
    assert run(client, 'cat; echo done') == (0, 'done\n', '')


def test_folder_of_the_server(server, client):
    assert run(client, 'pwd')[1] == f'{server.work}\n'


def test_missing_folders_are_made(server, client, tmp_path):
    folder = tmp_path / 'one' / 'two'
    assert run(client, command('pwd', cwd=str(folder)))[1] == f'{folder}\n'
    assert run(client, command('pwd', cwd='relative/path'))[1] == f'{server.work}/relative/path\n'


@pytest.mark.parametrize('path', ['/proc/none', '/proc/none/deeper', '/dev/null', '/dev/null/x'])
def test_folder_that_cannot_be(client, path):
    """An error, not a hang; it names the path."""
    terminal = client.ask_one(commands(command('echo never', cwd=path)))
    assert terminal['message_type'] == 'error_message'
    assert path in terminal['error']


def test_folder_that_is_a_file(client, tmp_path):
    path = tmp_path / 'file'
    path.write_text('x')
    terminal = client.ask_one(commands(command('echo never', cwd=str(path))))
    assert 'ENOTDIR' in terminal['error'] and str(path) in terminal['error']


def test_environment(start_server):
    server = start_server(env={'INHERITED': 'yes', 'CHANGED': 'old', 'NOTIFY_SOCKET': '/nowhere',
                               'LISTEN_FDNAMES': 'x'})
    with websocket.connect(server.port) as client:
        text = run(client, command('env', env={'CHANGED': 'new', 'ADDED': 'a b\nc'}))[1]
    lines = text.splitlines()
    assert {'INHERITED=yes', 'CHANGED=new', 'ADDED=a b', 'c'} <= set(lines)
    assert not [line for line in lines
                if line.startswith(('LISTEN_', 'NOTIFY_SOCKET', 'RUNTIMEUSE_TOKEN'))]


def test_environment_of_one_command_is_not_that_of_the_next(client):
    messages = client.request(commands(command('echo $X', env={'X': 'x'}), 'echo "$X"'))
    assert output(messages) == 'x\n\n'


def test_no_descriptor_leaks(client):
    """Nothing but stdin, stdout and stderr; 3 is the folder that ls reads."""
    text = run(client, 'ls /proc/self/fd')[1]
    assert text.split() == ['0', '1', '2', '3']


def test_signals_are_as_in_a_shell(client):
    text = run(client, 'grep -E "^Sig(Blk|Ign)" /proc/self/status')[1]
    # Signals 32 and 33 belong to the C library.
    assert [int(line.split()[1], 16) & ~(3 << 31) for line in text.splitlines()] == [0, 0]
    assert run(client, 'yes | head -n 1')[1] == 'y\n'


def test_descriptor_limit_is_given_back(start_server):
    server = start_server(limit=(777, 4096))
    with websocket.connect(server.port) as client:
        assert run(client, 'ulimit -Sn; ulimit -Hn')[1] == '777\n4096\n'
    assert '4096' in processes.read_proc(server.pid, 'limits')


def test_own_session(client):
    """Without a terminal, and a group that is not the server's."""
    group, session, terminal = run(client, 'cut -d" " -f5,6,7 /proc/self/stat')[1].split()
    assert group == session and terminal == '0'


@pytest.mark.parametrize('text, code', [
    ('true', 0), ('false', 1), ('exit 255', 255), ('no-such-program', 127), ('/etc/passwd', 126),
    ('kill -TERM $$', -1), ('kill -KILL $$', -1), ('sh -c "kill -KILL \\$\\$"', 137),
    ('if', 2)])
def test_exit_code(client, text, code):
    assert run(client, text)[0] == code


def test_text_is_decoded_across_reads(client, tmp_path):
    """A character in two pieces is one; what is no character is shown as such."""
    gate = tmp_path / 'gate'
    os.mkfifo(gate)
    client.send(commands(f"printf 'a\\303'; echo x >&2; read x < {gate}; printf '\\244b'; "
                         "printf '\\377\\0c\\342\\202'"))
    messages = [client.receive()]
    while not output(messages, 'stderr'):
        messages.append(client.receive())
    gate.write_text('go on\n')
    messages += client.receive_until_terminal()
    assert output(messages) == 'aäb\ufffd\0c\ufffd'
    assert messages[-1]['results'][0]['stdout'] == 'aäb\ufffd\0c\ufffd'
    assert all(m['text'] for m in messages if m['message_type'] == 'command_output_message')


def test_output_comes_as_it_is_printed(client, tmp_path):
    gate = tmp_path / 'gate'
    os.mkfifo(gate)
    client.send(commands(f'echo prompt; read x < {gate}; echo $x'))
    assert client.receive()['text'] == 'prompt\n'
    gate.write_text('answer\n')
    assert output(client.receive_until_terminal()) == 'answer\n'


def test_much_output_on_both_streams(client):
    """A reader of one pipe only would stand still."""
    messages = client.request(commands('seq 1 300000; seq 300000 -1 1 >&2'))
    assert output(messages) == ''.join(f'{i}\n' for i in range(1, 300001))
    assert output(messages, 'stderr') == ''.join(f'{i}\n' for i in range(300000, 0, -1))


def test_long_stdout_keeps_head_and_tail(client):
    messages = client.request(commands('seq 1 1000000', 'echo second'))
    first, second = messages[-1]['results']
    whole = output(messages)[:-len('second\n')]
    assert len(whole) > 6000000
    assert first['stdout_truncated'] is True and first['exit_code'] == 0
    assert first['stdout'].startswith('1\n2\n3\n') and first['stdout'].endswith('\n1000000\n')
    assert 100000 < len(first['stdout']) < 1000000
    assert second['stdout'] == 'second\n' and 'stdout_truncated' not in second


def test_terminals_share_their_room(client):
    """Many long outputs; the answer still fits into one message."""
    messages = client.request(commands(*['seq 1 100000'] * 8))
    results = messages[-1]['results']
    assert [item['exit_code'] for item in results] == [0] * 8
    assert any(item.get('stdout_truncated') for item in results)


def test_background_child_that_holds_stdout_delays_the_end(client, tmp_path):
    gate = tmp_path / 'gate'
    os.mkfifo(gate)
    client.send(commands(f'(read x < {gate}; echo late) & echo early', 'echo next'))
    assert client.receive()['text'] == 'early\n'
    gate.write_text('go on\n')
    messages = client.receive_until_terminal()
    assert output(messages) == 'late\nnext\n'
    assert messages[-1]['results'][0]['stdout'] == 'early\nlate\n'


# The end of a tree


def start_tree(client, marker):
    """Start a shell with three children, one of them in a session of its own."""
    client.send(commands(f'sleep {marker} & sleep {marker} & setsid sleep {marker} & '
                         'echo started; wait'))
    assert client.receive()['text'] == 'started\n'
    wait_until(lambda: len(find_marked(marker)) >= 3, 'the tree')


def test_cancel_ends_the_tree(client, marker):
    """Not soon after the terminal, but before it."""
    start_tree(client, marker)
    client.send(CANCEL)
    assert client.receive() == CANCELLED
    assert not find_marked(marker)


def test_cancel_ends_what_ignores_term(client, marker):
    client.send(commands(f"trap '' TERM HUP INT; sleep {marker} & echo started; "
                         f'while :; do sleep {marker}; done'))
    assert client.receive()['text'] == 'started\n'
    client.send(CANCEL)
    assert client.receive() == CANCELLED
    assert not find_marked(marker)


def test_cancel_ends_what_is_stopped(client, marker):
    client.send(commands(f'sleep {marker} & kill -STOP $!; echo started; wait'))
    assert client.receive()['text'] == 'started\n'
    client.send(CANCEL)
    assert client.receive() == CANCELLED
    assert not find_marked(marker)


def test_disconnect_ends_the_tree(server, marker):
    with websocket.connect(server.port) as client:
        start_tree(client, marker)
    wait_until(lambda: not find_marked(marker), 'the end of the tree')


def test_end_of_session_ends_the_tree(client, marker):
    start_tree(client, marker)
    client.send(END_SESSION)
    with pytest.raises(Closed):
        while True:
            client.receive()
    wait_until(lambda: not find_marked(marker), 'the end of the tree')


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_stop_of_the_server_ends_the_tree(start_server, marker, number):
    server = start_server()
    with websocket.connect(server.port) as client:
        start_tree(client, marker)
        server.signal(number)
        with pytest.raises(Closed) as closed:
            while True:
                message = client.receive()
                assert message['message_type'] not in TERMINALS or message == CANCELLED
        assert closed.value.code == 1001
    assert server.wait() == (0 if number == signal.SIGTERM else 130)
    assert not find_marked(marker)


def test_death_of_the_server_ends_the_tree(start_server, marker):
    server = start_server()
    with websocket.connect(server.port) as client:
        start_tree(client, marker)
        server.signal(signal.SIGKILL)
        server.wait()
    wait_until(lambda: not find_marked(marker), 'the end of the tree')


def test_escape_artists(server, marker):
    """One that left its group, session and parent ends; its twin of another session does not."""
    twin = marker + '7'
    line = f'{sys.executable} {ESCAPE_ARTIST}'
    with websocket.connect(server.port) as one, websocket.connect(server.port) as other:
        for client, name in ((one, marker), (other, twin)):
            client.send(commands(f'{line} {name}'))
            assert client.receive()['text'] == 'escaped\n'
        one.send(CANCEL)
        assert one.receive() == CANCELLED
        assert not find_marked(marker)
        assert len(find_marked(twin)) >= 4
        other.send(CANCEL)
        assert other.receive() == CANCELLED
        assert not find_marked(twin)


def test_leftovers_of_a_successful_command_live_on(server, marker):
    with websocket.connect(server.port) as client:
        run(client, f'sleep {marker} >/dev/null 2>&1 &')
        run(client, f'setsid sleep {marker} >/dev/null 2>&1 &')
        assert run(client, 'echo next')[1] == 'next\n'
        assert text_of(client.ask_one(invocation('ECHO:x'))) == 'x'
        wait_until(lambda: len(find_marked(marker)) == 2, 'both leftovers')
        client.close()
    wait_until(lambda: not find_marked(marker), 'the end of the leftovers')


def test_leftovers_survive_a_cancel(server, marker):
    """A cancel ends a request; the session goes on, and so does what it started before."""
    with websocket.connect(server.port) as client:
        run(client, f'sleep {marker} >/dev/null 2>&1 &')
        wait_until(lambda: find_marked(marker), 'the leftover')
        client.send(commands('echo started; sleep 60'))
        client.receive()
        client.send(CANCEL)
        assert client.receive() == CANCELLED
        assert len(find_marked(marker)) == 1
        client.send(END_SESSION)
        client.receive()
        client.expect_close()
    wait_until(lambda: not find_marked(marker), 'the end of the leftovers')


def test_leftovers_end_with_the_server(start_server, marker):
    server = start_server()
    with websocket.connect(server.port) as client:
        run(client, f"trap '' TERM; sleep {marker} >/dev/null 2>&1 &")
        server.signal(signal.SIGTERM)
        assert client.expect_close() == 1001
    assert server.wait() == 0
    assert not find_marked(marker)


def test_commands_in_many_sessions(server):
    clients = [websocket.connect(server.port) for _ in range(30)]
    for turn in range(3):
        for number, client in enumerate(clients):
            client.send(commands(f'echo {number}.{turn}; exit {number}'))
        for number, client in enumerate(clients):
            messages = client.receive_until_terminal()
            assert output(messages) == f'{number}.{turn}\n'
            assert messages[-1]['results'][0]['exit_code'] == number
    for client in clients:
        client.close()


def test_cancel_of_a_command_at_any_moment(client):
    """Before the start, during it, and while it ends."""
    for number in range(100):
        client.send(commands(f'echo {number}; sleep 0.00{number % 10}'))
        if number % 3:
            client.receive()
        client.send(CANCEL)
        terminal = client.receive_until_terminal()[-1]
        if terminal != CANCELLED:
            assert terminal['results'][0]['exit_code'] == 0
        # Only now is it known that the cancel did not come after the terminal.
        assert text_of(client.ask_one(invocation('ECHO:x'))) == 'x'


def test_shell_agent(start_server, tmp_path):
    server = start_server(agent='shell')
    with websocket.connect(server.port) as client:
        messages = client.request(invocation('echo one; echo two; echo $X; pwd',
                                             agent_env={'X': 'x y'}))
        blocks = [block for m in messages[:-1] for block in m['text_blocks']]
        wanted = ['one', 'two', 'x y', str(server.work)]
        assert '\n'.join(block.rstrip('\n') for block in blocks) == '\n'.join(wanted)
        assert text_of(messages[-1]).rstrip('\n') == '\n'.join(wanted)

        terminal = client.ask_one(invocation('echo "{\\"a\\": 1}"',
                                             output_format_json_schema_str='{"type": "object"}'))
        assert terminal['data'] == {'type': 'structured_output', 'structured_output': {'a': 1}}
        terminal = client.ask_one(invocation('echo no object',
                                             output_format_json_schema_str='{"type": "object"}'))
        assert terminal['message_type'] == 'error_message'
        terminal = client.ask_one(invocation('echo reason >&2; exit 3'))
        assert terminal['message_type'] == 'error_message'
        assert 'reason' in terminal['error'] and '3' in terminal['error']


def test_numbers_pass_unchanged(start_server):
    """What an agent printed is not ours to round."""
    text = '{"a":1e400,"b":18446744073709551616,"c":0.1,"d":-0,"e":1E5,"f":12345678901234567890123}'
    server = start_server(agent='shell')
    with websocket.connect(server.port) as client:
        client.send(invocation(f"echo '{text}'", output_format_json_schema_str='{}'))
        frames = [client.read_frame()]
        while b'assistant_message' in frames[-1][1]:
            frames.append(client.read_frame())
        assert f'"structured_output":{text}'.encode() in frames[-1][1]


def test_cancel_of_the_shell_agent(start_server, marker):
    server = start_server(agent='shell')
    with websocket.connect(server.port) as client:
        client.send(invocation(f'sleep {marker} & setsid sleep {marker} & echo started; wait'))
        assert client.receive()['message_type'] == 'assistant_message'
        client.send(CANCEL)
        assert client.receive() == CANCELLED
        assert not find_marked(marker)


def test_default_agent_without_a_key(start_server):
    """Commands work, an invocation says what is missing."""
    server = start_server(agent=None, env={'OPENAI_API_KEY': '', 'OPENAI_BASE_URL': ''})
    with websocket.connect(server.port) as client:
        assert run(client, 'echo x')[1] == 'x\n'
        terminal = client.ask_one(invocation('hello'))
        assert terminal['message_type'] == 'error_message'
        assert 'OPENAI_API_KEY' in terminal['error']
