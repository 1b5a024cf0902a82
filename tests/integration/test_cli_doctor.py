# SPDX-License-Identifier: LGPL-2.1-or-later
"""runtimeuse doctor: what it finds, and what it does about what hangs or is missing."""

import json
import os
import shutil
import socket
import time
from pathlib import Path

import pytest
from harness.bus import Bus
from harness.processes import PATIENCE, find_marked, wait_until
from harness.program import run
from harness.server import PROGRAM

ESSENTIAL = {'commands', 'loopback', 'proc-children', 'pidfd'}

NEW_CLAUDE = 'echo "2.1.328 (Claude Code)"\n'
CLAUDE_KEYS = ('ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN',
               'CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_USE_FOUNDRY', 'CLAUDE_CODE_USE_VERTEX')


def examine(**options):
    done = run('doctor', '--json', **options)
    report = json.loads(done.stdout)
    return done.returncode, report, {check['name']: check for check in report['checks']}


def make_program(folder, name, text):
    path = folder / name
    path.write_text('#!/bin/sh\n' + text)
    path.chmod(0o755)


def test_this_machine_can_serve():
    status, report, checks = examine()
    assert status == 0 and report['can_serve'] is True
    assert report['version'] == '0.1.0'
    assert {name for name, check in checks.items() if check['essential']} == ESSENTIAL
    assert all(checks[name]['state'] == 'ok' for name in ESSENTIAL)
    assert checks['python3']['state'] == 'ok' and checks['python3']['value'].startswith('3.')
    for name in ('node', 'bun', 'session-bus', 'systemd', 'flatpak', 'descriptors', 'inotify',
                 'openat2', 'user-namespaces', 'cgroup-kill', 'host-javascript', 'host-python'):
        assert checks[name]['state'] in ('ok', 'limited', 'missing')
        assert checks[name]['purpose']


def test_what_is_not_ok_has_advice():
    _, _, checks = examine()
    for name, check in checks.items():
        assert (check['advice'] is None) == (check['state'] == 'ok'), name


@pytest.mark.parametrize('address, word', [
    ('garbage', 'colon'), ('tcp:host=127.0.0.1,port=1', 'refused'),
    ('unix:path=/nowhere', None), ('', None)])
def test_bus_that_does_not_answer(address, word):
    _, _, checks = examine(env={'DBUS_SESSION_BUS_ADDRESS': address, 'XDG_RUNTIME_DIR': '/nowhere'})
    check = checks['session-bus']
    assert check['state'] == 'missing'
    assert (word or 'dbus-run-session') in check['advice']


def test_bus_that_hangs(tmp_path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / 'bus'))
        listening.listen()
        _, _, checks = examine(env={'DBUS_SESSION_BUS_ADDRESS': f'unix:path={tmp_path}/bus'})
    assert 'did not answer in time' in checks['session-bus']['advice']


def test_bus(tmp_path):
    bus = Bus(tmp_path / 'bus')
    _, _, checks = examine(env=bus.env)
    bus.stop()
    assert checks['session-bus']['state'] == 'ok'
    assert checks['session-bus']['value'] == str(tmp_path / 'bus/bus')


@pytest.mark.parametrize('command', ['doctor', 'agents'])
def test_words(command):
    done = run(command, 'word')
    assert (done.returncode, done.stdout) == (2, b'')
    assert done.stderr.startswith(b'Error: it takes no words')


def test_text():
    done = run('doctor')
    text = done.stdout.decode()
    assert done.returncode == 0 and done.stderr == b''
    assert 'python3' in text and 'The runtime can serve.' in text


def test_versions(tmp_path):
    make_program(tmp_path, 'node', 'echo v20.1.2\n')
    make_program(tmp_path, 'python3', 'echo Python 3.11.4\n')
    make_program(tmp_path, 'bun', 'echo 1.4.4\n')
    _, _, checks = examine(env={'PATH': str(tmp_path)})
    assert [checks[name]['value'] for name in ('node', 'python3', 'bun')] == [
        '20.1.2', '3.11.4', '1.4.4']


@pytest.mark.parametrize('text, word', [
    ('echo v16.20.0\n', '18'), ('exit 3\n', 'version'), ("printf 'v20\\033[1m'\n", 'version'),
    ('head -c 1000000 /dev/zero | tr "\\0" 9\n', '')])
def test_odd_versions(tmp_path, text, word):
    make_program(tmp_path, 'node', text)
    status, _, checks = examine(env={'PATH': f'{tmp_path}:/usr/bin:/bin'})
    assert status == 0
    if word:
        assert checks['node']['state'] == 'limited' and word in checks['node']['advice']
    assert len(checks['node']['value'] or '') < 300


def test_program_that_hangs(tmp_path):
    """It is named and ended with its children; the others have answered meanwhile."""
    marker = f'98765{os.getpid()}'
    make_program(tmp_path, 'node', f'sleep {marker} & sleep {marker}\n')
    make_program(tmp_path, 'bun', f"trap '' TERM; sleep {marker}; sleep {marker}\n")
    started = time.monotonic()
    status, _, checks = examine(env={'PATH': f'{tmp_path}:/usr/bin:/bin'})
    assert time.monotonic() - started < 15 * PATIENCE
    assert status == 0
    for name in ('node', 'bun'):
        assert checks[name]['state'] == 'limited' and '3 seconds' in checks[name]['advice']
    assert checks['python3']['state'] == 'ok'
    wait_until(lambda: not find_marked(marker), 'the end of what hung')


def test_missing_programs(tmp_path):
    status, _, checks = examine(env={'PATH': str(tmp_path)})
    assert status == 0
    assert checks['node']['state'] == 'missing' and 'nodejs' in checks['node']['advice']
    assert checks['bun']['state'] == 'missing' and 'bun' in checks['bun']['advice']


def test_how_to_install_on_debian(tmp_path):
    make_program(tmp_path, 'apt-get', 'exit 0\n')
    _, _, checks = examine(env={'PATH': str(tmp_path)})
    assert checks['node']['advice'].endswith('apt-get install nodejs')


def examine_claude(folder, text, **env):
    """Look at a program "claude" of a user who has nothing else."""
    make_program(folder, 'claude', text)
    home = folder / 'home'
    home.mkdir(exist_ok=True)
    nothing = dict.fromkeys((*CLAUDE_KEYS, 'CLAUDE_CONFIG_DIR'), '')
    return examine(env={**nothing, 'PATH': f'{folder}:/usr/bin:/bin', 'HOME': str(home),
                        'IS_SANDBOX': '1', **env})[2]['agent-claude']


def test_claude_half_installed(tmp_path):
    check = examine_claude(tmp_path, 'echo no native binary >&2; exit 1\n', ANTHROPIC_API_KEY='x')
    assert check['state'] == 'missing'
    assert check['advice'].endswith(': npm install -g @anthropic-ai/claude-code')


@pytest.mark.parametrize('version, works', [
    ('2.0.300', False), ('2.1.9', False), ('2.1.73', False), ('2.1', False), ('2.1.74', True),
    ('2.1.197', True), ('2.2.0', True), ('3.0', True)])
def test_claude_that_does_not_end(tmp_path, version, works):
    check = examine_claude(tmp_path, f'echo "{version} (Claude Code)"\n', ANTHROPIC_API_KEY='x')
    assert check['value'] == version and check['state'] == ('ok' if works else 'limited')
    if not works:
        assert check['advice'].endswith(': npm install -g @anthropic-ai/claude-code@latest')


def test_claude_without_key(tmp_path):
    check = examine_claude(tmp_path, NEW_CLAUDE)
    assert check['state'] == 'limited' and check['value'] == '2.1.328'
    assert check['advice'].startswith('Set ANTHROPIC_API_KEY, or log in')
    # Of the user these are not read.
    (tmp_path / 'home' / '.claude').mkdir()
    (tmp_path / 'home' / '.claude' / 'settings.json').write_text('{"apiKeyHelper": "echo x"}')
    (tmp_path / 'home' / '.claude.json').write_text('{"numStartups": 1}')
    assert examine_claude(tmp_path, NEW_CLAUDE)['state'] == 'limited'


@pytest.mark.parametrize('name', CLAUDE_KEYS)
def test_claude_with_key(tmp_path, name):
    assert examine_claude(tmp_path, NEW_CLAUDE, **{name: '1'})['state'] == 'ok'


@pytest.mark.parametrize('name', ['.claude/.credentials.json', '.claude.json',
                                  'elsewhere/.credentials.json', 'elsewhere/.claude.json'])
def test_claude_logged_in(tmp_path, name):
    path = tmp_path / 'home' / name
    path.parent.mkdir(parents=True)
    path.write_text('{"primaryApiKey": "x"}')
    moved = {'CLAUDE_CONFIG_DIR': str(path.parent)} if path.parent.name == 'elsewhere' else {}
    assert examine_claude(tmp_path, NEW_CLAUDE, **moved)['state'] == 'ok'


@pytest.mark.skipif(os.geteuid() != 0, reason='only root is refused')
def test_claude_with_several_problems(tmp_path):
    check = examine_claude(tmp_path, 'echo 2.1.3\n', IS_SANDBOX='')
    for word in ('@latest', 'IS_SANDBOX', 'ANTHROPIC_API_KEY'):
        assert word in check['advice']


@pytest.mark.parametrize('address, shown', [
    ('https://host/v1', 'https://host/v1'), ('https://me:hunter2@host/v1', 'https://host/v1'),
    ('http://me:hunter2@[::1]:80/a%2Fb', 'http://[::1]:80/a%2Fb'),
    ('https://me:hun@ter2@host/v1', 'https://host/v1'), ('https://hunter2@host', 'https://host'),
    ('https://me:hunter/2@host/v1', 'host/v1'), ('me:hunter2@host', 'host')])
def test_address_of_openai(address, shown):
    """A password in it is not shown."""
    assert examine(env={'OPENAI_BASE_URL': address})[2]['agent-openai']['value'] == shown


def test_without_helper_program(tmp_path):
    """Nothing can be served: commands need it."""
    build = Path(PROGRAM).resolve().parent.parent
    shutil.copytree(build / 'libruntimeuse', tmp_path / 'libruntimeuse', symlinks=True,
                    ignore=shutil.ignore_patterns('*.p', '*.a'))
    (tmp_path / 'cli').mkdir()
    program = shutil.copy2(PROGRAM, tmp_path / 'cli')
    status, report, checks = examine(executable=program, env={
        'RUNTIMEUSE_LIBEXECDIR': str(tmp_path), 'LD_LIBRARY_PATH': str(tmp_path / 'libruntimeuse')})
    assert status == 1 and report['can_serve'] is False
    assert checks['commands']['state'] == 'missing'
    assert 'runtimeuse-job' in checks['commands']['advice']


@pytest.mark.parametrize('arguments', [['--no-such'], ['--json=1', '--x']])
def test_unknown_option(arguments):
    done = run('doctor', *arguments)
    assert done.returncode == 2 and done.stdout == b''
    assert b'doctor --help' in done.stderr


def test_help():
    done = run('doctor', '--help')
    assert done.returncode == 0 and b'Usage: runtimeuse doctor' in done.stdout
