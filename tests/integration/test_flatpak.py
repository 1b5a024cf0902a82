# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside a Flatpak, commands stay inside unless two say otherwise, and then run as elsewhere.

The sandbox is no more than a file that says so, and bwrap; flatpak-spawn, and the service that it
asks, are those of Flatpak.
"""

import os
import shutil
import signal
import subprocess

import pytest
from harness import desktop, flatpak, program, websocket
from harness.messages import CANCEL, CANCELLED, command, commands, output
from harness.processes import find_marked, read_proc, wait_until

TALK = {'org.freedesktop.Flatpak': 'talk'}
SECRET = 'value-of-a-variable'
# Of a command that does not end when it is asked to.
DEAF = "trap '' HUP INT TERM; (sleep {0}; true) & sleep {0}; true"


@pytest.fixture
def helper(bus, tmp_path):
    """The service of Flatpak that runs commands for sandboxes, outside of them."""
    runtime = tmp_path / 'runtime'
    runtime.mkdir(mode=0o700)
    environment = {**os.environ, **bus.env, 'XDG_RUNTIME_DIR': str(runtime), 'WHERE': 'outside'}
    environment.pop('INSIDE', None)
    with flatpak.session_helper(bus, environment) as process:
        yield process


@pytest.fixture
def start(bus, tmp_path):
    """Starts servers inside; they are stopped and checked afterwards."""
    started = []

    def start_inside(*arguments, policy=TALK):
        env = {**bus.env, 'INSIDE': SECRET, 'PATH': flatpak.path_with_spawn()}
        server = flatpak.SandboxedServer(tmp_path / f'server-{len(started)}',
                                         flatpak.prefix(flatpak.make_info(tmp_path, **policy)),
                                         *arguments, env=env)
        started.append(server)
        return server

    yield start_inside
    for server in started:
        server.stop()


def is_inside(client):
    """Whether commands see the file of the sandbox."""
    messages = client.request(commands('test -e /.flatpak-info && echo inside || echo outside'))
    return {'inside\n': True, 'outside\n': False}[output(messages)]


def run(server, *texts, **members):
    with websocket.connect(server.port) as client:
        return client.request(commands(*texts, **members))


def marker():
    """A number of seconds that no other process sleeps for."""
    return f'1000.{os.getpid()}{os.urandom(3).hex()}'.translate(str.maketrans('abcdef', '123456'))


def wait_running(mark):
    """Return the processes of the command, as soon as there are both."""
    return wait_until(lambda: len(found := find_marked(mark)) == 2 and found, 'the command')


def wait_gone(mark):
    try:
        wait_until(lambda: not find_marked(mark), 'the end of the command', 15)
    finally:
        for pid in find_marked(mark):
            os.kill(pid, signal.SIGKILL)


def test_off_by_default(start, helper):
    """Whatever the user lets this program do."""
    server = start()
    with websocket.connect(server.port) as client:
        assert is_inside(client)


def test_outside(start, helper):
    server = start('--host-commands')
    with websocket.connect(server.port) as client:
        assert not is_inside(client)
    messages = run(server, command('echo out; echo err >&2; pwd; exit 7', cwd='/usr'))
    assert output(messages) == 'out\n/usr\n' and output(messages, 'stderr') == 'err\n'
    assert messages[-1]['results'][0]['exit_code'] == 7


def test_variables(start, helper):
    """Only those of the request go along, however odd, and none by a command line."""
    env = {'MINE': SECRET, 'LINES': 'a\nb', 'EMPTY': '', 'SPACE': ' x ', 'LD_PRELOAD': ''}
    server = start('--host-commands')
    script = 'printf "[%s]" "$MINE" "$LINES" "${EMPTY-none}" "$SPACE" "${INSIDE-none}" "$WHERE"'
    messages = run(server, command(script, env=env))
    assert output(messages) == f'[{SECRET}][a\nb][][ x ][none][outside]'

    mark = marker()
    with websocket.connect(server.port) as client:
        client.send(commands(command(f'sleep {mark} & sleep {mark}', env=env)))
        wait_running(mark)
        for entry in os.listdir('/proc'):
            if entry.isdigit():
                assert SECRET not in read_proc(entry, 'cmdline')
                if 'flatpak-spawn' in read_proc(entry, 'cmdline').split('\0')[0]:
                    assert SECRET not in read_proc(entry, 'environ')
        client.send(CANCEL)
        assert client.receive_terminal() == CANCELLED
    wait_gone(mark)


@pytest.mark.parametrize('how', ['cancel', 'disconnect', 'stop', 'kill'])
def test_end(start, helper, how):
    """Also a command that ignores what asks it to end."""
    server = start('--host-commands', '--limit', 'kill-grace=100')
    mark = marker()
    with websocket.connect(server.port) as client:
        client.send(commands(DEAF.format(mark)))
        wait_running(mark)
        if how == 'cancel':
            client.send(CANCEL)
            assert client.receive_terminal() == CANCELLED
        elif how == 'stop':
            server.signal(signal.SIGTERM)
            assert server.wait() == 0, server.log
        elif how == 'kill':
            server.signal(signal.SIGKILL)
    wait_gone(mark)
    if how == 'kill':
        server.process.wait()
        # It had no time to clear up.
        shutil.rmtree(server.temporary)


def test_left_behind(start, helper):
    """What a command leaves behind ends with it: nobody could end it later."""
    server = start('--host-commands')
    mark = marker()
    messages = run(server, f'sleep {mark} >/dev/null 2>&1 & echo started')
    assert output(messages) == 'started\n'
    wait_gone(mark)


def test_children(start, helper):
    """A command that waits for all its children is not kept waiting."""
    server = start('--host-commands')
    code = 'import os; print(os.wait()[1])'
    script = f"exec /usr/bin/python3 -c 'import os; os.fork() or os._exit(3); {code}'"
    assert output(run(server, script)) == f'{3 << 8}\n'


def test_background(start, bus):
    """The desktop is asked not to end a program without a window."""
    with desktop.Mock(bus, *desktop.PORTAL, 'org.freedesktop.portal.Background') as portal:
        portal.add_method('RequestBackground', 'sa{sv}', 'o', 'ret = "/org/freedesktop/answer"')
        server = start(policy={})
        assert '"autostart": false' in portal.wait_call('RequestBackground').lower()
        with websocket.connect(server.port) as client:
            assert is_inside(client)


def start_in_vain(info, **options):
    command_line = [program.PROGRAM, '--port', '0', '--agent', 'echo', '--host-commands']
    done = subprocess.run([*(flatpak.prefix(info) if info else []), *command_line],
                          env={**os.environ, 'LC_ALL': 'C.UTF-8', **options}, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and not done.stdout, done
    return done.stderr


def test_not_permitted(tmp_path):
    """The error says what to do."""
    error = start_in_vain(flatpak.make_info(tmp_path))
    assert ('flatpak override --user --talk-name=org.freedesktop.Flatpak '
            f'{flatpak.APPLICATION}') in error


def test_no_flatpak():
    assert 'not inside a Flatpak' in start_in_vain(None)


def test_no_spawn(tmp_path):
    error = start_in_vain(flatpak.make_info(tmp_path, **TALK), PATH='/nonexistent')
    assert 'has no flatpak-spawn' in error


def test_doctor(tmp_path):
    for policy, words in ((TALK, 'inside org.example.Test'), ({}, 'flatpak override --user')):
        done = subprocess.run([*flatpak.prefix(flatpak.make_info(tmp_path, **policy)),
                               program.PROGRAM, 'doctor'], check=False, capture_output=True,
                              text=True, timeout=60)
        assert words in done.stdout, done.stdout
        assert ('override' in done.stdout) == (not policy)
