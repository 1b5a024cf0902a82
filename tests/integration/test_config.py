# SPDX-License-Identifier: LGPL-2.1-or-later
"""The configuration: files, environment and options, their order, and what is wrong in them."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from harness.processes import PATIENCE
from harness.server import PROGRAM

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / 'data' / 'runtimeuse.conf.example'


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
            **{name: value for name, value in os.environ.items()
               if not re.match('RUNTIMEUSE_(?!LIBEXECDIR|TEST_|PROGRAM)', name)},
            'LC_ALL': 'C.UTF-8', 'HOME': str(folder / 'home'),
            'XDG_CONFIG_HOME': str(folder / 'user'),
            'XDG_CONFIG_DIRS': f'{folder}/near:{folder}/far'}

    def run(self, *arguments, **variables):
        return subprocess.run([PROGRAM, *arguments], env={**self.environment, **variables},
                              cwd=self.folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=8 * PATIENCE, check=False)

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


def uncomment(text):
    return re.sub(r'^#([a-z-]+ = )', r'\1', text, flags=re.MULTILINE)


def test_example(places):
    """It has every key; uncommented it is accepted, and has the defaults that there are."""
    assert '[runtimeuse]' in EXAMPLE.read_text()
    before = places.show()['keys']
    places.user.write_text(EXAMPLE.read_text())
    assert places.show()['keys'] == before

    places.user.write_text(uncomment(EXAMPLE.read_text()))
    for old, new in zip(before, places.show()['keys']):
        assert new['source'].startswith(f'{places.user}:'), f'{new["key"]} is missing'
        assert old['value'] in (None, [], new['value']), new['key']
