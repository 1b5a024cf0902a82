# SPDX-License-Identifier: LGPL-2.1-or-later
"""The completions, in the shells that they are for, with the sessions of a bus."""

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from harness.bus import NAME
from harness.processes import PATIENCE, wait_until
from harness.server import PROGRAM

FOLDER = Path(__file__).resolve().parents[2] / 'data/completions'
TIMEOUT = 20
COMMANDS = {'serve', 'run', 'exec', 'agents', 'config', 'doctor', 'sessions', 'show', 'cancel',
            'end'}
ONE = 'a1' * 16
OTHER = 'b2' * 16
# What a shell would carry out, or take for several words, if it read it.
EVIL = ['$(: >evil)', '`: >evil`', 'x y', '-x=;: >evil', '*', "'", '', '\n: >evil\n', 'é']
# What is there besides the options of a command.
MARK = 'the-end-of-it'

BASH = f'''
source {FOLDER}/runtimeuse
COMP_WORDS=("$@")
COMP_CWORD=$(( $# - 1 ))
_runtimeuse "$1" "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
'''
FISH = f'''
source {FOLDER}/runtimeuse.fish
complete --do-complete (string join ' ' -- $argv)
'''
# Each candidate on a line, instead of a menu: whatever is to be added is only looked at.
ZSH = f'''
fpath=({FOLDER} $fpath)
autoload -Uz compinit && compinit -D -u
compadd () {{
  local -a candidates
  [[ ${{@[1,(i)(-|--)]}} == *-(O|A|D)\\ * ]] || builtin compadd -O candidates "$@"
  builtin compadd "$@"
  print -rl -- $candidates >>$CANDIDATES
}}
finish () {{ print -r -- {MARK} >>$CANDIDATES }}
zle -N finish
bindkey '^X' finish
zstyle ':completion:*' verbose false
setopt no_list_beep
PS1='ready> '
'''


class Shell:
    """A shell that somebody types into."""

    def __init__(self, command, env):
        self.text = ''
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(env['HOME'])
            os.execvpe(command[0], command, env)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def expect(self, words):
        """Read until there are these words, and forget what came before."""
        assert self._read_to(words, TIMEOUT * PATIENCE), f'no {words!r} in {self.text!r}'

    def type_until(self, keys, words):
        """Type again what was not heeded in time."""
        for _ in range(3):
            self.type(keys)
            if self._read_to(words, 3 * PATIENCE):
                return
        raise AssertionError(f'no {words!r} in {self.text!r}')

    def _read_to(self, words, timeout):
        deadline = time.monotonic() + timeout
        while words not in self.text:
            left = max(deadline - time.monotonic(), 0)
            if not select.select([self.master], [], [], left)[0]:
                return False
            self.text += os.read(self.master, 65536).decode(errors='replace')
        self.text = self.text.split(words, 1)[1]
        return True

    def stop(self):
        os.close(self.master)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


class Completer:
    """Asks one of the shells what it would complete."""

    def __init__(self, name, bus, folder):
        self.name = name
        self.folder = folder
        folder.mkdir()
        self.env = {**os.environ, **bus.env, 'LC_ALL': 'C.UTF-8', 'HOME': str(folder),
                    'PATH': f'{Path(PROGRAM).parent}:{os.environ["PATH"]}', 'TERM': 'xterm',
                    'CANDIDATES': str(folder / 'candidates'), 'XDG_CONFIG_HOME': str(folder),
                    'XDG_DATA_HOME': str(folder), 'HISTFILE': '', 'G_DEBUG': ''}

    def __call__(self, *words):
        return getattr(self, f'ask_{self.name}')(['runtimeuse', *words])

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.env,
                              stdin=subprocess.DEVNULL, timeout=TIMEOUT * PATIENCE,
                              cwd=self.folder)
        assert done.stderr == ''
        return set(filter(None, done.stdout.split('\n')))

    def ask_bash(self, words):
        return self.run('bash', '--norc', '-c', BASH, 'bash', *words)

    def ask_fish(self, words):
        found = self.run('fish', '--no-config', '-c', FISH, *words)
        return {line.split('\t', 1)[0] for line in found}

    def ask_zsh(self, words):
        candidates = self.folder / 'candidates'
        candidates.write_text('')
        (self.folder / '.zshrc').write_text(ZSH)
        shell = Shell(['zsh', '-i', '-d'], {**self.env, 'ZDOTDIR': str(self.folder)})
        try:
            shell.expect('ready> ')
            shell.type(' '.join(words) + '\t\x18')
            deadline = time.monotonic() + TIMEOUT * PATIENCE
            while MARK not in (text := candidates.read_text()):
                assert time.monotonic() < deadline, shell.text
                select.select([shell.master], [], [], 0.02)[0] and os.read(shell.master, 65536)
        finally:
            shell.stop()
        return {line for line in text.split('\n') if line and line != MARK}


@pytest.fixture(params=['bash', 'zsh', 'fish'])
def complete(request, bus, tmp_path):
    if not shutil.which(request.param):
        pytest.skip(f'no {request.param}')
    return Completer(request.param, bus, tmp_path / 'home')


def test_commands(complete):
    assert COMMANDS <= complete('')
    assert complete('s') & COMMANDS == {'serve', 'sessions', 'show'}


@pytest.mark.parametrize('command, options', [
    ('sessions', {'--watch', '--json', '--timeout', '--help'}),
    ('show', {'--json', '--timeout', '--help'}), ('cancel', {'--all', '--timeout', '--help'}),
    ('end', {'--all', '--timeout', '--help'}), ('doctor', {'--json', '--help'})])
def test_options(complete, command, options):
    assert {word.rstrip('=') for word in complete(command, '--')} == options


@pytest.mark.parametrize('words', [['--'], ['serve', '--']])
def test_options_of_serve(complete, words):
    """It need not be named."""
    found = {word.rstrip('=') for word in complete(*words)}
    assert {'--port', '--agent', '--listen', '--version'} <= found and '--watch' not in found


def test_options_of_config(complete):
    """Those of serve, for it shows what they would set."""
    found = {word.rstrip('=') for word in complete('config', '--')}
    serve = {word.rstrip('=') for word in complete('serve', '--')}
    assert found == serve - {'--version'} | {'--json'}
    assert complete('config', '--notify', '') == {'unwatched', 'always', 'never'}


@pytest.mark.parametrize('option, values', [
    ('--agent', {'openai', 'claude', 'shell', 'echo'}),
    ('--log-level', {'error', 'warning', 'message', 'info', 'debug'})])
def test_values(complete, option, values):
    assert complete('serve', option, '') == values


@pytest.mark.parametrize('command', ['show', 'cancel', 'end'])
def test_ids(complete, service, command):
    assert not {ONE, OTHER} & complete(command, '')
    service.add(ONE, State='busy', Command="it's 100 % [x] (y) $z")
    service.add(OTHER)

    def wait_completed(*words, to):
        """Shells ask for a second at most, and a busy machine may take longer."""
        wait_until(lambda: complete(command, *words) - {'--all'} == to, f'{to} for {words}')
    wait_completed('', to={ONE, OTHER})
    wait_completed('a1', to={ONE})
    wait_completed('--timeout', '5', 'b', to={OTHER})
    assert not complete(command, 'c')
    service.remove(ONE)
    assert ONE not in complete(command, '')


def test_no_ids_where_none_belong(complete, service):
    service.add(ONE)
    for words in (['sessions', ''], ['cancel', '--timeout', ''], ['serve', ''], ['run', '']):
        assert ONE not in complete(*words)


@pytest.mark.parametrize('command', ['cancel', 'end'])
def test_no_ids_beside_all(complete, service, command):
    service.add(ONE)
    wait_until(lambda: ONE in complete(command, '--timeout', '5', ''), 'the id')
    for words in (['--all', ''], ['--all', 'a'], ['--all', '--timeout', '5', '']):
        assert ONE not in complete(command, *words)


def test_ids_that_are_no_words(complete, service):
    """Whatever has the name on the bus, no shell carries it out."""
    for number, identifier in enumerate(EVIL):
        service.add(f'evil{number}', Id=identifier, Command='$(: >evil)')
    service.add(ONE, Command='`: >evil`', Phase='$(: >evil)')
    # Without an id of its own a session is called like its object.
    harmless = {ONE, f'evil{EVIL.index("")}'}
    wait_until(lambda: complete('show', '') - {'é'} == harmless, 'what is harmless')
    assert not list(complete.folder.glob('**/evil'))


def test_nothing_is_started(complete, bus):
    bus.add_service(NAME, f': >{bus.folder}/started; exit 1')
    complete('cancel', '')
    assert not (bus.folder / 'started').exists() and not bus.has_owner()


def test_service_that_hangs(complete, service):
    """Who has pressed a key waits for a second."""
    service.add(ONE)
    service.tell('shut_up', 'GetManagedObjects')
    started = time.monotonic()
    assert ONE not in complete('cancel', '')
    assert time.monotonic() - started < 8 * PATIENCE


@pytest.mark.parametrize('name, command, setup', [
    ('bash', ['bash', '--norc', '-i'], f'source {FOLDER}/runtimeuse'),
    ('zsh', ['zsh', '-f', '-i'],
     f'fpath=({FOLDER} $fpath); autoload -Uz compinit && compinit -D -u'),
    ('fish', ['fish', '--no-config', '-i'], f'source {FOLDER}/runtimeuse.fish')])
def test_key(bus, service, tmp_path, name, command, setup):
    """As somebody at a terminal does it: a few letters and a tab."""
    if not shutil.which(name):
        pytest.skip(f'no {name}')
    service.add(ONE)
    service.add(OTHER)
    shell = Shell(command, Completer(name, bus, tmp_path / 'home').env)
    try:
        shell.type(f'{setup}; echo is"-"ready\r')
        shell.expect('is-ready')
        shell.type('runtimeuse can\ta1')
        shell.expect('runtimeuse cancel')
        shell.expect('a1')
        shell.type_until('\t', ONE[2:])
        shell.type('\r')
        shell.expect(f'Session {ONE} has no request to cancel')
    finally:
        shell.stop()
