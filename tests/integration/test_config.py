# SPDX-License-Identifier: LGPL-2.1-or-later
"""The configuration: files, environment and options, their order, and what is wrong in them."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from harness import websocket
from harness.messages import invocation, text_of
from harness.processes import PATIENCE
from harness.server import PROGRAM

DATA = Path(__file__).resolve().parents[2] / 'data'
EXAMPLE = DATA / 'runtimeuse.conf.example'
MANUAL = DATA / 'runtimeuse.conf.5'
TOKEN = 'a token of nobody else'.replace(' ', '-')


class Places:
    """The places where files are searched, and a way to run the program with them."""

    def __init__(self, folder):
        self.folder = folder
        self.user = folder / 'user/runtimeuse/runtimeuse.conf'
        self.near = folder / 'near/runtimeuse/runtimeuse.conf'
        self.far = folder / 'far/runtimeuse/runtimeuse.conf'
        for path in (self.user, self.near, self.far):
            path.parent.mkdir(parents=True)
        self.environment = {
            **os.environ, 'HOME': str(folder / 'home'),
            'XDG_CONFIG_HOME': str(folder / 'user'),
            'XDG_CONFIG_DIRS': f'{folder}/near:{folder}/far'}

    def run(self, *arguments, prefix=(), **variables):
        return subprocess.run([*prefix, PROGRAM, *arguments], cwd=self.folder,
                              env={**self.environment, **variables}, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=8 * PATIENCE,
                              check=False)

    def show(self, *arguments, **variables):
        done = self.run('config', '--json', *arguments, **variables)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def lookup(self, key, *arguments, **variables):
        """Return value and source of a key."""
        found, = [item for item in self.show(*arguments, **variables)['keys']
                  if key == item['key']]
        return found['value'], found['source']


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


def test_order(places):
    """Each place counts more than those before it."""
    assert places.lookup('port') == (8080, 'default')
    places.far.write_text('[runtimeuse]\nport = 1\n')
    assert places.lookup('port') == (1, f'{places.far}:2')
    places.near.write_text('[runtimeuse]\n\nport=2')
    assert places.lookup('port') == (2, f'{places.near}:3')
    places.user.write_text('# comment\n[runtimeuse]\n  port  =  3  \n')
    assert places.lookup('port') == (3, f'{places.user}:3')
    variables = {'RUNTIMEUSE_PORT': '4'}
    assert places.lookup('port', **variables) == (4, 'environment RUNTIMEUSE_PORT')
    assert places.lookup('port', '--port', '5', **variables) == (5, 'option')
    assert places.lookup('port', '--port=5', '--port', '6', **variables) == (6, 'option')


def test_service_manager(places):
    """One that is told of the end gives requests time to come to theirs, if nothing else is set."""
    manager = {'NOTIFY_SOCKET': '@notify'}
    assert places.lookup('drain-timeout') == (0, 'default')
    assert places.lookup('drain-timeout', NOTIFY_SOCKET='') == (0, 'default')
    assert places.lookup('drain-timeout', **manager) == (20, 'environment NOTIFY_SOCKET')
    shown = places.run('config', **manager).stdout
    assert re.search('^drain-timeout +20 +environment NOTIFY_SOCKET$', shown, re.MULTILINE)
    places.user.write_text('[runtimeuse]\ndrain-timeout = 0\n')
    assert places.lookup('drain-timeout', **manager) == (0, f'{places.user}:2')
    assert places.lookup('drain-timeout', **manager, RUNTIMEUSE_DRAIN_TIMEOUT='5') == (
        5, 'environment RUNTIMEUSE_DRAIN_TIMEOUT')
    assert places.lookup('drain-timeout', '--drain-timeout', '20', **manager) == (20, 'option')


def test_the_first_folder_counts_most(places):
    """Whatever order the specification names them in: the file that counts more is read last."""
    for path in (places.far, places.near, places.user):
        path.write_text('[runtimeuse]\n')
    shown = places.show()['files']
    assert shown == [{'path': str(path), 'read': True}
                     for path in (places.far, places.near, places.user)]


def test_places_that_do_not_count(places):
    """Folders that are no absolute paths are passed over, as the specification wants it."""
    places.user.write_text('[runtimeuse]\nport = 1\n')
    places.near.write_text('[runtimeuse]\nport = 2\n')
    value = places.lookup('port', XDG_CONFIG_HOME='user',
                          XDG_CONFIG_DIRS=f'far:{places.folder}/near')
    assert value == (2, f'{places.near}:2')
    assert places.show(XDG_CONFIG_HOME='user', XDG_CONFIG_DIRS='far')['files'] == []


def test_usual_places(places):
    """Without the variables it is the folders that everybody knows."""
    shown = places.show(XDG_CONFIG_HOME='', XDG_CONFIG_DIRS='')['files']
    assert [file['path'] for file in shown] == [
        '/etc/xdg/runtimeuse/runtimeuse.conf',
        str(places.folder / 'home/.config/runtimeuse/runtimeuse.conf')]


def test_named_file(places):
    """It is read instead of the others; the option counts more than the variable."""
    places.user.write_text('[runtimeuse]\nhost = ::1\n')
    first, second = places.folder / 'first', places.folder / 'second'
    first.write_text('[runtimeuse]\nport = 1\n')
    second.write_text('[runtimeuse]\nport = 2\n')
    variables = {'RUNTIMEUSE_CONFIG': str(first)}

    assert places.lookup('port', **variables) == (1, f'{first}:2')
    assert places.lookup('host', **variables) == (None, 'default')
    assert places.lookup('port', '--config', 'second', **variables) == (2, 'second:2')
    assert places.lookup('port', '--config', '/dev/null', **variables) == (8080, 'default')
    assert places.lookup('port', '--config', 'second', '--port', '3') == (3, 'option')


def test_lists(places):
    """Each place replaces what the ones before it have; options are repeated."""
    places.near.write_text('[runtimeuse]\nallow-origin = http://a; http://b;\n')
    assert places.lookup('allow-origin')[0] == ['http://a', 'http://b']
    places.user.write_text('[runtimeuse]\nallow-origin = http://c\\;d\n')
    assert places.lookup('allow-origin')[0] == ['http://c;d']
    variables = {'RUNTIMEUSE_ALLOW_ORIGIN': 'http://e;http://f'}
    assert places.lookup('allow-origin', **variables)[0] == ['http://e', 'http://f']
    assert places.lookup('allow-origin', '--allow-origin', 'http://g;h', '--allow-origin=x://i',
                         **variables) == (['http://g;h', 'x://i'], 'option')
    assert places.lookup('allow-origin', RUNTIMEUSE_ALLOW_ORIGIN='') == (
        [], 'environment RUNTIMEUSE_ALLOW_ORIGIN')


def test_names_of_files(places):
    """In a file they belong to its folder, elsewhere to the working directory."""
    places.user.write_text('[runtimeuse]\nhandler = a/b.py\ntoken-file = ~/t\nlisten = unix:s\n')
    assert places.lookup('handler')[0] == str(places.user.parent / 'a/b.py')
    assert places.lookup('token-file')[0] == str(places.folder / 'home/t')
    assert places.lookup('listen')[0] == [f'unix:{places.user.parent}/s']
    assert places.lookup('handler', RUNTIMEUSE_HANDLER='c.py')[0] == 'c.py'
    assert places.lookup('listen', '--listen', 'unix:s')[0] == ['unix:s']


@pytest.mark.parametrize('arguments, value', [
    (['--scopes'], True), (['--scopes=no'], False), (['--scopes=true'], True),
    (['--scopes', '--scopes=false'], False)])
def test_switches(places, arguments, value):
    places.user.write_text('[runtimeuse]\nscopes = true\n')
    assert places.lookup('scopes', *arguments) == (value, 'option')


def test_switch_that_is_on_by_default(places):
    assert places.lookup('metrics', '--no-metrics') == (False, 'option')
    places.user.write_text('[runtimeuse]\nmetrics = false\n')
    assert places.lookup('metrics') == (False, f'{places.user}:2')
    assert places.lookup('metrics', '--metrics') == (True, 'option')


def test_limits(places):
    places.user.write_text('[limits]\nmax-connections = 1\n[agent-limits]\nmax-turns = 2\n')
    assert places.lookup('max-connections') == (1, f'{places.user}:2')
    assert places.lookup('max-turns') == (2, f'{places.user}:4')
    assert places.lookup('max-connections', RUNTIMEUSE_LIMIT_MAX_CONNECTIONS='3')[0] == 3
    assert places.lookup('max-turns', RUNTIMEUSE_AGENT_LIMIT_MAX_TURNS='4')[0] == 4
    assert places.lookup('max-connections', '--limit', 'max-connections=5')[0] == 5
    assert places.lookup('max-turns', '--agent-limit=max-turns=6') == (6, 'option')
    assert places.lookup('max-retries') == (None, 'default')


FAULTS = [
    (b'[runtimeuse]\nprot = 1\n', 2, 'no key prot'),
    (b'[server]\nport = 1\n', 1, 'no group [server]'),
    (b'port = 1\n', 1, '[runtimeuse]'),
    (b'[runtimeuse]\n\nport = high\n', 3, 'from 0 to 65535'),
    (b'[runtimeuse]\nport = 1\nport = 2\n', 3, ':2'),
    (b'[runtimeuse]\nport\n', 2, 'KEY=VALUE'),
    (b'[runtimeuse]\nmax-connections = 1\n', 2, '[limits]'),
    (b'[limits]\nmax-connections = -1\n', 2, 'from 0'),
    (b'[runtimeuse]\nnotify = loud\n', 2, 'unwatched'),
    (b'[runtimeuse]\nscopes = perhaps\n', 2, 'true or false'),
    (b'[runtimeuse]\nlisten = here\n', 2, 'unix:PATH'),
    (b'[runtimeuse]\nlog-level = loud\n', 2, 'debug'),
    (b'[runtimeuse]\nhost = \xff\n', 2, 'UTF-8'),
    (b'\xff\xfe[\x00r\x00', 1, ''),
    (b'[runtimeuse]\nhost = a\x00b\n', 2, 'control'),
    (b'[runtimeuse]\nallow-origin = https://a.example; banana\n', 2, 'https://example.org'),
    (b'[runtimeuse]\nallow-origin = https://a.example/path\n', 2, 'without a path'),
    (b'[runtimeuse]\nallowed-host = http://a.example/\n', 2, 'the name of a host'),
]


@pytest.mark.parametrize('content, line, word', FAULTS)
@pytest.mark.parametrize('command', [['config'], ['serve', '--port', '0', '--agent', 'echo']])
def test_fault_in_a_file(places, content, line, word, command):
    """Nothing is served, and file and line are named."""
    places.near.write_bytes(content)
    done = places.run(*command)
    assert done.returncode == 1 and done.stdout == ''
    assert done.stderr.startswith(f'Error: {places.near}:{line}: '), done.stderr
    assert word in done.stderr and done.stderr.count('\n') == 1


@pytest.mark.parametrize('line, word', [
    ('agent = nobody', 'unknown agent "nobody"'), ('host = no.such.host.invalid', 'no.such.host'),
    ('token-file = nowhere', 'Cannot read the token'),
    ('handler = ./nowhere.py', 'does not exist')])
def test_fault_that_shows_later(places, line, word):
    """Only who uses a value sees that it is wrong; where it stands is said all the same."""
    agent = '' if line.startswith('agent') else 'agent = echo\n'
    places.near.write_text(f'[runtimeuse]\nport = 0\n{line}\n{agent}')
    done = places.run('serve')
    assert done.returncode == 1 and done.stdout == ''
    assert done.stderr.startswith(f'Error: {places.near}:3: '), done.stderr
    assert word in done.stderr


def test_agent_that_is_unknown(places):
    places.near.write_text('[runtimeuse]\nagent = nobody\n')
    done = places.run('config')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith(f'Error: {places.near}:2: unknown agent "nobody"')


def test_byte_order_mark(places):
    places.near.write_bytes(b'\xef\xbb\xbf[runtimeuse]\nport = 81\n')
    assert places.lookup('port') == (81, f'{places.near}:2')


def test_token_is_not_shown(places):
    """Where it comes from is, unless it counts less than an option."""
    token = 'sesame-0123456789-sesame'
    shown = ('[REDACTED]', 'environment RUNTIMEUSE_TOKEN')
    assert places.lookup('token', RUNTIMEUSE_TOKEN=token) == shown
    text = places.run('config', RUNTIMEUSE_TOKEN=token).stdout
    assert re.search(r'^token +\[REDACTED\] +environment RUNTIMEUSE_TOKEN$', text, re.MULTILINE)
    assert 'sesame' not in text
    for arguments, variables in ((['--token-file', 'x'], {'RUNTIMEUSE_TOKEN': token}), ([], {})):
        keys = places.show(*arguments, **variables)['keys']
        assert 'token' not in [item['key'] for item in keys]


def test_fault_in_the_environment(places):
    done = places.run('config', RUNTIMEUSE_PORT='high')
    assert done.returncode == 1
    assert done.stderr == ('Error: RUNTIMEUSE_PORT: must be a number from 0 to 65535, '
                           'not "high"\n')
    assert places.run('config', RUNTIMEUSE_LIMIT_ARTIFACT_WAIT='51').stderr == (
        'Error: RUNTIMEUSE_LIMIT_ARTIFACT_WAIT: must be a number from 0 to 50, not "51"\n')


def test_fault_in_an_option(places):
    done = places.run('config', '--port', 'high')
    assert done.returncode == 1
    assert done.stderr == 'Error: --port: must be a number from 0 to 65535, not "high"\n'


@pytest.mark.parametrize('arguments, word', [
    (['--prot', '1'], '--prot'), (['word'], 'word'), (['--token-file'], '--token-file'),
    (['--config'], '--config'), (['--limit', 'x'], 'NAME=NUMBER'), (['--no-scopes'], '--no-scopes'),
    (['--', '--json'], '--json')])
def test_wrong_options_of_config(places, arguments, word):
    done = places.run('config', *arguments)
    if arguments == ['--', '--json']:
        assert done.returncode == 0 and json.loads(done.stdout)
        return
    assert done.returncode == 2 and done.stdout == ''
    assert word in done.stderr and 'runtimeuse config --help' in done.stderr


@pytest.mark.parametrize('command', ['config', 'serve'])
@pytest.mark.parametrize('option', ['--no-metrics', '--help', '--version'])
def test_value_of_a_switch_that_takes_none(places, command, option):
    done = places.run(command, f'{option}=hidden')
    assert done.returncode == (2 if command == 'config' else 1) and done.stdout == ''
    assert f'Error: {option} takes no value\n' in done.stderr and 'hidden' not in done.stderr


@pytest.mark.parametrize('command, option', [
    ('config', '--json'), ('run', '--keys-for-tools'), ('run', '--help'), ('exec', '--help'),
    ('agents', '--json'), ('doctor', '--json'), ('sessions', '--watch'), ('show', '--json'),
    ('cancel', '--all'), ('end', '--all')])
def test_value_of_a_switch_of_a_command(places, command, option):
    done = places.run(command, f'{option}=hidden')
    assert done.returncode == 2 and done.stdout == ''
    assert f'Error: {option} takes no value\n' in done.stderr and 'hidden' not in done.stderr


@pytest.mark.parametrize('words, said', [
    (['run', '--agent', 'echo', '--system', '--json=x', 'prompt'], 'prompt\n'),
    (['run', '--agent', 'echo', '--', '--json=x'], '--json=x\n'),
    (['exec', 'echo', '--help=x'], '--help=x\n'),
    (['exec', '-', '--help=x'], '-: not found\n')])
def test_what_only_looks_like_a_switch(places, words, said):
    done = places.run(*words)
    assert (done.stdout or done.stderr).endswith(said)


def test_later_values_do_not_hide_a_fault(places):
    """It would show when the other value is gone."""
    places.far.write_text('[runtimeuse]\nport = high\n')
    places.user.write_text('[runtimeuse]\nport = 1\n')
    assert places.run('config', '--port', '2').returncode == 1


def test_help_and_version_need_no_configuration(places):
    places.user.write_text('nonsense\n')
    for arguments in (['--help'], ['serve', '--help'], ['config', '--help'], ['--version'],
                      ['run', '--help'], ['doctor', '--json'], ['agents']):
        assert 'nonsense' not in places.run(*arguments).stderr
        assert places.run(*arguments).stdout


# Root without what makes it read everything.
ORDINARY = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search']


@pytest.mark.parametrize('is_folder', [False, True])
def test_file_that_cannot_be_read(places, is_folder):
    """That is not the same as one that is not there: something in it may protect."""
    places.user.write_text('[runtimeuse]\n')
    shut = places.user.parent if is_folder else places.user
    shut.chmod(0)
    done = places.run('config', prefix=ORDINARY if os.getuid() == 0 else ())
    shut.chmod(0o700)
    assert done.returncode == 1
    assert str(places.user) in done.stderr and 'Permission denied' in done.stderr


def make_folder(path):
    path.mkdir()


def make_fifo(path):
    os.mkfifo(path)


def make_loop(path):
    path.symlink_to(path)


def make_huge(path):
    path.write_text('[runtimeuse]\n' + '# x\n' * 262144)


@pytest.mark.parametrize('make, word', [
    (make_folder, 'no regular file'), (make_fifo, 'no regular file'), (make_loop, 'symbolic links'),
    (make_huge, '1 MiB')])
@pytest.mark.parametrize('is_named', [False, True])
def test_what_is_no_file_of_ours(places, make, word, is_named):
    make(places.user)
    done = places.run('config', *(['--config', str(places.user)] if is_named else []))
    assert done.returncode == 1
    assert str(places.user) in done.stderr and word in done.stderr


@pytest.mark.parametrize('path, word', [
    ('nothing', 'No such file'), ('', 'No such file'), ('/dev/zero', '1 MiB'),
    ('/dev/null/x', 'Not a directory'), ('user', 'no regular file'),
    ('/proc/self/mem', 'Input/output error' if os.geteuid() == 0 else 'Permission denied')])
def test_named_file_that_is_none(places, path, word):
    for done in (places.run('config', f'--config={path}'),
                 places.run('config', RUNTIMEUSE_CONFIG=path)):
        assert done.returncode == 1
        assert 'configuration' in done.stderr and word in done.stderr


def test_folder_that_is_a_file(places):
    """It is not there, then."""
    places.user.parent.rmdir()
    places.user.parent.write_text('')
    assert places.show()['files'][-1] == {'path': str(places.user), 'read': False}


def test_file_that_everybody_can_change(places):
    places.user.write_text('[runtimeuse]\nport = 1\n')
    assert places.run('config').stderr == ''
    places.user.chmod(0o666)
    done = places.run('config')
    assert done.returncode == 0
    assert f'chmod o-w {places.user}' in done.stderr


def test_variables_that_set_nothing(places):
    """They are named, but not what is in them; those that are ours for other things are not."""
    done = places.run('config', RUNTIMEUSE_PROT='s3cret', RUNTIMEUSE_TOKEN=TOKEN,
                      RUNTIMEUSE_TOKEN_FILE='/x', RUNTIMEUSE_LIBEXECDIR='/x')
    assert done.returncode == 0
    assert done.stderr.count('\n') == 1 and 'RUNTIMEUSE_PROT' in done.stderr
    assert 's3cret' not in done.stderr + done.stdout and TOKEN not in done.stdout


def test_variables_of_kubernetes(places):
    """It sets them beside a service that is called runtimeuse."""
    variables = {'RUNTIMEUSE_PORT': 'tcp://10.96.0.7:8080', 'RUNTIMEUSE_SERVICE_HOST': '10.96.0.7',
                 'RUNTIMEUSE_PORT_8080_TCP_ADDR': '10.96.0.7', 'RUNTIMEUSE_SERVICE_PORT': '8080'}
    assert places.lookup('port', **variables) == (8080, 'default')
    assert places.run('config', **variables).stderr.count('\n') == 1


def test_text(places):
    """For people: each key in a line, under its group, and the files."""
    places.user.write_text('[runtimeuse]\nhost = 127.0.0.2\n')
    lines = places.run('config', '--scopes').stdout.splitlines()
    assert lines[0] == '[runtimeuse]'
    assert ['host', '127.0.0.2', f'{places.user}:2'] in [line.split() for line in lines]
    assert ['scopes', 'true', 'option'] in [line.split() for line in lines]
    assert ['listen', '-', 'default'] in [line.split() for line in lines]
    assert lines.index('[limits]') < lines.index('[agent-limits]')
    assert f'{places.user}  (read)' in lines and f'{places.near}  (not there)' in lines


def uncomment(text):
    return re.sub(r'^#([a-z-]+ = )', r'\1', text, flags=re.MULTILINE)


def test_example(places):
    """It has every key; uncommented it is accepted, and has the defaults that there are."""
    before = places.show()['keys']
    places.user.write_text(EXAMPLE.read_text())
    assert places.show()['keys'] == before

    places.user.write_text(uncomment(EXAMPLE.read_text()))
    for old, new in zip(before, places.show()['keys']):
        assert new['source'].startswith(f'{places.user}:'), f'{new["key"]} is missing'
        assert old['value'] in (None, [], new['value']), new['key']


def test_manual(places):
    """It has every key in its group, in the order of the program, with its default."""
    parts = re.split(r'^\.SH "GROUP \[(.*)\]"$', MANUAL.read_text().replace('\\-', '-'),
                     flags=re.MULTILINE)
    found = {}
    for group, text in zip(parts[1::2], parts[2::2]):
        text = text.split('\n.SH')[0]
        for name, words in re.findall(r'^\.TP\n\.BI? ([a-z-]+).*\n(.*)', text, re.MULTILINE):
            default = re.search(r' Default: (.*)\.$', words)
            found[group, name] = default and default[1]

    keys = places.show()['keys']
    assert list(found) == [(item['group'], item['key']) for item in keys]
    for item in keys:
        if item['value'] not in (None, []):
            value = item['value']
            value = str(value).lower() if isinstance(value, bool) else str(value)
            assert found[item['group'], item['key']] == value, item['key']


# What it is good for


def serve(places, *arguments, **variables):
    """Start it without any option that would hide the configuration."""
    return subprocess.Popen([PROGRAM, *arguments], cwd=places.folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**places.environment, **variables})


@pytest.fixture
def start(places):
    started = []

    def start_one(*arguments, **variables):
        process = serve(places, *arguments, **variables)
        started.append(process)
        line = process.stdout.readline()
        assert 'listening on port' in line, process.stderr.read()
        return int(line.split()[-1])

    yield start_one
    for process in started:
        process.terminate()
        _, log = process.communicate(timeout=5 * PATIENCE)
        assert process.returncode == 0, log


def test_serve(places, start):
    """All of it from a file: agent, port, who may connect, and limits."""
    places.user.write_text('[runtimeuse]\nagent = echo\nport = 0\ntoken-file = token\n'
                           'allow-origin = https://a.example; https://b.example\n'
                           'allowed-host = c.example\n[limits]\nmax-connections = 1\n')
    (places.user.parent / 'token').write_text(TOKEN)
    (places.user.parent / 'token').chmod(0o600)
    port = start()

    for headers, status in (({}, 401), ({'Authorization': f'Bearer {TOKEN}',
                                         'Origin': 'https://d.example'}, 403)):
        with websocket.Connection(port) as connection:
            assert connection.ask(**headers).status == status
    with websocket.connect(port, Authorization=f'Bearer {TOKEN}',
                           Origin='https://b.example') as client:
        assert text_of(client.ask_one(invocation('ECHO:x'))) == 'x'
        with websocket.Connection(port) as connection:
            assert connection.ask(Authorization=f'Bearer {TOKEN}').status == 503
        client.close()


def test_token_in_the_environment(places, start):
    """It counts more than a file that the configuration names, but not than the option."""
    for name in ('of-file', 'of-option'):
        path = places.user.parent / name
        path.write_text(f'{name}-0123456789')
        path.chmod(0o600)
    places.user.write_text('[runtimeuse]\nagent = echo\nport = 0\ntoken-file = of-file\n')
    option = ['--token-file', str(places.user.parent / 'of-option')]

    for arguments, variables, token in (
            ([], {}, 'of-file-0123456789'),
            ([], {'RUNTIMEUSE_TOKEN': TOKEN}, TOKEN),
            ([], {'RUNTIMEUSE_TOKEN_FILE': option[1]}, 'of-option-0123456789'),
            (option, {'RUNTIMEUSE_TOKEN': TOKEN}, 'of-option-0123456789')):
        port = start(*arguments, **variables)
        with websocket.connect(port, Authorization=f'Bearer {token}') as client:
            client.close()


def test_serve_says_what_is_odd(places):
    places.user.write_text('[runtimeuse]\nagent = echo\nport = 0\n')
    with serve(places, RUNTIMEUSE_PROT='1') as process:
        assert 'listening' in process.stdout.readline()
        process.terminate()
        assert 'RUNTIMEUSE_PROT' in process.stderr.read()
        assert process.wait(5 * PATIENCE) == 0


def test_agent_of_run(places):
    """It comes from the configuration, unless an option says another."""
    places.user.write_text('[runtimeuse]\nagent = shell\n')
    done = places.run('run', 'echo $((6 * 7))')
    assert (done.returncode, done.stdout) == (0, '42\n'), done.stderr
    assert places.run('run', 'ECHO:x', RUNTIMEUSE_AGENT='echo').stdout == 'x\n'
    assert places.run('run', '--agent', 'echo', 'ECHO:y').stdout == 'y\n'
    assert places.run('run', '--config', '/dev/null', '--agent', 'echo', 'ECHO:z').stdout == 'z\n'

    (places.folder / 'other').write_text('[runtimeuse]\nagent = echo\n')
    assert places.run('run', '--config', 'other', 'ECHO:x').stdout == 'x\n'


def test_run_with_a_fault(places):
    places.user.write_text('[runtimeuse]\nagent = nobody\n')
    done = places.run('run', 'x')
    assert done.returncode == 2 and f'{places.user}:2: unknown agent "nobody"' in done.stderr
    places.user.write_text('[runtimeuse]\nagent\n')
    done = places.run('run', 'x')
    assert done.returncode == 2 and f'{places.user}:2: ' in done.stderr
    assert places.run('run', '--url', 'ws://x', '--config', 'x', 'x').returncode == 2


def test_run_elsewhere_reads_nothing(places, start):
    places.user.write_text('[runtimeuse]\nagent = echo\nport = 0\n')
    port = start()
    places.user.write_text('nonsense\n')
    done = places.run('run', '--url', f'ws://127.0.0.1:{port}', 'ECHO:x')
    assert done.stdout == 'x\n', done.stderr
    assert places.run('exec', '--', 'echo', 'y').stdout == 'y\n'


def test_agent_of_a_later_place(places):
    """An agent that is chosen now is not put aside by a handler in a file."""
    places.user.write_text('[runtimeuse]\nhandler = /no/such/handler\n')
    assert places.run('run', 'ECHO:x').returncode != 0
    assert places.run('run', '--agent', 'echo', 'ECHO:x').stdout == 'x\n'
    assert places.run('run', 'ECHO:x', RUNTIMEUSE_AGENT='echo').stdout == 'x\n'


def test_settings_of_other_agents(places):
    """In a file they wait for their agent; as options they are a mistake."""
    places.user.write_text('[runtimeuse]\nopenai-api = chat\nkeys-for-tools = true\n'
                           '[agent-limits]\nmax-turns = 3\n')
    assert places.run('run', '--agent', 'echo', 'ECHO:x').stdout == 'x\n'
    for arguments in (['--openai-api', 'chat'], ['--keys-for-tools'],
                      ['--agent-limit', 'max-turns=3']):
        done = places.run('run', '--agent', 'echo', *arguments, 'ECHO:x')
        assert done.returncode == 2 and arguments[0] in done.stderr


def test_limit_that_the_agent_does_not_take(places):
    """Its range is known only when the agent is; the place is named all the same."""
    places.user.write_text('[runtimeuse]\nagent = openai\n\n[agent-limits]\nmax-turns = 0\n')
    done = places.run('run', 'x', OPENAI_API_KEY='x')
    assert done.returncode == 2
    assert f'{places.user}:5: 0 is out of range for the agent "openai"' in done.stderr
