#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fail when an icon is not as GNOME asks for it.

Usage: check-icons.py SCALABLE SYMBOLIC
"""

import re
import sys
import xml.etree.ElementTree

SVG = '{http://www.w3.org/2000/svg}'
LINK = '{http://www.w3.org/1999/xlink}href'
# What a symbolic icon may consist of: shapes that are filled with the colour of the text.
SYMBOLIC_PARTS = {'svg', 'g', 'path', 'rect', 'circle', 'ellipse', 'polygon'}
SYMBOLIC_COLOUR = '#2e3436'
# Not everybody who shows icons runs scripts, fetches files, or has the fonts.
FORBIDDEN = {'script', 'image', 'text', 'foreignObject', 'use', 'style', 'animate'}


def check(path, size):
    """Yield what is wrong with any icon."""
    root = xml.etree.ElementTree.parse(path).getroot()
    if root.tag != SVG + 'svg':
        yield f'the root is {root.tag}'
    wanted = {'width': str(size), 'height': str(size), 'viewBox': f'0 0 {size} {size}'}
    for name, value in wanted.items():
        if root.get(name) != value:
            yield f'{name} is {root.get(name)}, not {value}'
    for element in root.iter():
        if element.tag.removeprefix(SVG) in FORBIDDEN:
            yield f'has {element.tag}'
        for name, value in element.attrib.items():
            if name == LINK or (name != 'xmlns' and '://' in value):
                yield f'refers to {value}'
            for identifier in re.findall(r'url\(#([^)]*)\)', value):
                if root.find(f".//*[@id='{identifier}']") is None:
                    yield f'has no {identifier}'


def check_symbolic(path):
    for element in xml.etree.ElementTree.parse(path).getroot().iter():
        if element.tag.removeprefix(SVG) not in SYMBOLIC_PARTS:
            yield f'has {element.tag}'
        for name in ('fill', 'stroke'):
            if element.get(name, SYMBOLIC_COLOUR) not in (SYMBOLIC_COLOUR, 'none'):
                yield f'has the colour {element.get(name)}'


def main(scalable, symbolic):
    faults = [f'{scalable}: {fault}' for fault in check(scalable, 128)]
    faults += [f'{symbolic}: {fault}' for fault in check(symbolic, 16)]
    faults += [f'{symbolic}: {fault}' for fault in check_symbolic(symbolic)]
    print('\n'.join(faults), end='\n' if faults else '')
    return bool(faults)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
