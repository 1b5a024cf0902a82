#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fail when the Flatpak would be given more than it needs, or Flatpak does not take its manifest.

Usage: check-manifest.py MANIFEST BUS-NAME FLATPAK
"""

import configparser
import json
import pathlib
import subprocess
import sys
import tempfile

# All that it is allowed from the start; the user may add to that.
ALLOWED = {'--share=network', '--own-name={}'}
KNOWN = {'id', 'runtime', 'runtime-version', 'sdk', 'command', 'finish-args', 'cleanup', 'modules'}


def finish(manifest, flatpak, folder):
    """Return what Flatpak makes of the permissions."""
    (folder / 'files').mkdir()
    metadata = folder / 'metadata'
    metadata.write_text(f'[Application]\nname={manifest["id"]}\n'
                        f'runtime={manifest["runtime"]}/x86_64/{manifest["runtime-version"]}\n')
    subprocess.run([flatpak, 'build-finish', f'--command={manifest["command"]}',
                    *manifest['finish-args'], str(folder)], check=True, timeout=60)
    parser = configparser.ConfigParser(delimiters='=', interpolation=None)
    parser.optionxform = str
    parser.read_string(metadata.read_text())
    return {name: dict(parser[name]) for name in parser.sections()}


def main(path, bus_name, flatpak):
    manifest = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
    with tempfile.TemporaryDirectory() as folder:
        metadata = finish(manifest, flatpak, pathlib.Path(folder))

    unknown = {key for key in manifest if not key.startswith('x-')} - KNOWN
    assert not unknown, f'unknown: {unknown}'
    assert manifest['modules'][0]['buildsystem'] == 'meson'
    assert set(manifest['finish-args']) == {one.format(bus_name) for one in ALLOWED}
    assert metadata['Application']['command'] == 'runtimeuse'
    # No files, devices, displays, and no talk with who runs commands outside.
    assert metadata['Context'] == {'shared': 'network;'}, metadata
    assert metadata['Session Bus Policy'] == {bus_name: 'own'}, metadata
    assert 'System Bus Policy' not in metadata, metadata


if __name__ == '__main__':
    main(*sys.argv[1:])
