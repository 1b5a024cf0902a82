# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program speaks to people in their language, and to programs in none."""

import json
import math
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
from harness import program, websocket
from harness.messages import commands, output

ROOT = Path(__file__).resolve().parents[2]
# Of a program that is not installed.
CATALOGUES = Path(program.PROGRAM).resolve().parents[2] / 'po'
CODES = {'de': 'de_DE', 'es': 'es_ES', 'fr': 'fr_FR'}

# What the commands begin their help with, and a word of it that is no borrowed one.
WORDS = {
    'de': ('Aufruf: runtimeuse', 'Vorgabe'),
    'es': ('Uso: runtimeuse', 'predeterminado'),
    'fr': ('Utilisation\u00a0: runtimeuse', 'par défaut'),
}


@pytest.fixture(scope='module', name='locales')
def make_locales(tmp_path_factory):
    """A folder with the locales, whether or not this machine has them installed."""
    if not shutil.which('localedef') or not Path('/usr/share/i18n/locales/de_DE').exists():
        pytest.skip('no localedef, or nothing to make a locale of: install the package locales')
    folder = tmp_path_factory.mktemp('locales')
    for code in CODES.values():
        subprocess.run(['localedef', '-i', code, '-f', 'UTF-8', folder / f'{code}.UTF-8'],
                       check=True, timeout=60 * program.PATIENCE)
    return folder


def in_language(locales, language):
    """The environment of somebody who speaks it."""
    built = {'RUNTIMEUSE_LOCALEDIR': str(CATALOGUES)} if CATALOGUES.exists() else {}
    return {'LC_ALL': None, 'LANGUAGE': None, 'LANG': f'{CODES[language]}.UTF-8',
            'LOCPATH': str(locales), **built}


def test_languages_are_all_here():
    wanted = [line for line in (ROOT / 'po/LINGUAS').read_text().splitlines()
              if line and not line.startswith('#')]
    assert sorted(wanted) == sorted(CODES)


@pytest.mark.parametrize('language', CODES)
@pytest.mark.parametrize('command', [
    '', 'serve', 'run', 'exec', 'agents', 'config', 'doctor', 'sessions', 'show', 'cancel', 'end'])
def test_help(locales, language, command):
    done = program.run(*command.split(), '--help', env=in_language(locales, language))
    text = done.stdout.decode()
    assert done.returncode == 0 and done.stderr == b''
    assert text.startswith(WORDS[language][0]), text
    assert WORDS[language][1] in text or command in ('agents', 'config', 'doctor')
    assert 'Usage' not in text and 'default' not in text


@pytest.mark.parametrize('language', CODES)
def test_help_has_all_options(locales, language):
    """A translation that lost an option would hide it."""
    def options(env):
        words = program.run('--help', env=env).stdout.decode().split()
        return {word for word in words if word.startswith('--')}
    assert options(in_language(locales, language)) == options(None)


def test_language_beside_locale(locales):
    """Somebody who prefers another language than that of the country."""
    done = program.run('--help', env={**in_language(locales, 'de'), 'LANGUAGE': 'es'})
    assert done.stdout.decode().startswith(WORDS['es'][0])


@pytest.mark.parametrize('language, words', [
    ('de', 'Fehler: es ist kein Auftrag angegeben'),
    ('es', 'Error: no hay ningún encargo'),
    ('fr', 'Erreur\u00a0: il n’y a pas de demande')])
def test_error(locales, language, words):
    done = program.run('run', env=in_language(locales, language))
    assert done.returncode == 2 and words in done.stderr.decode(), done.stderr


def test_unknown_language(locales):
    done = program.run('--help', env={**in_language(locales, 'de'), 'LANGUAGE': 'xx'})
    assert done.stdout.startswith(b'Usage: runtimeuse')
    done = program.run('--help', env={'LC_ALL': 'xx_XX.UTF-8'})
    assert done.returncode == 0 and done.stdout.startswith(b'Usage: runtimeuse')


@pytest.mark.parametrize('arguments', [
    ['doctor', '--json'], ['agents', '--json'], ['config', '--json'],
    ['run', '--agent', 'echo', '--json', 'ECHO:x']])
def test_json_is_the_same(locales, arguments):
    """Its members and numbers are for programs; only texts for people differ."""
    def shape(value):
        if isinstance(value, dict):
            return {name: shape(member) for name, member in value.items()}
        if isinstance(value, list):
            return [shape(member) for member in value]
        return type(value)
    here, there = (json.loads(program.run(*arguments, env=env).stdout)
                   for env in (None, in_language(locales, 'de')))
    assert shape(here) == shape(there)


def test_messages_are_the_same(locales, start_server):
    """The ready line, and what a client gets, are read by programs."""
    environment = {'LC_ALL': '', **{name: value for name, value
                                    in in_language(locales, 'de').items() if value}}
    server = start_server(env=environment)
    assert server.stdout.splitlines()[-1].endswith(f'listening on port {server.port}')
    with websocket.connect(server.port) as client:
        messages = client.request(commands('printf %s "$LANG"; exit 3'))
        assert output(messages) == 'de_DE.UTF-8'
        assert messages[-1]['results'][0]['exit_code'] == 3, messages
        client.close()


def test_numbers_have_points(locales, start_server):
    """Germans write a comma, which no reader of metrics understands."""
    environment = {'LC_ALL': '', **{name: value for name, value
                                    in in_language(locales, 'de').items() if value}}
    server = start_server(env=environment)
    with websocket.connect(server.port) as client:
        client.request(commands('true'))
        client.close()
    url = f'http://127.0.0.1:{server.port}/metrics'
    with urllib.request.urlopen(url, timeout=10 * program.PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    values = [line.rpartition(' ')[2] for line in lines if not line.startswith('#')]
    assert all(map(math.isfinite, map(float, values))) and any('.' in value for value in values)
    assert 'le="0.005"' in ''.join(lines)
