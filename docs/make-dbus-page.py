#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write the pages on the D-Bus interface, from the files that its code is made of.

Usage: make-dbus-page.py NAME PATH VERSION TEMPLATE XML… MARKDOWN MAN

NAME and PATH are those of the service. What is not documented is an error. The
manual page is made of the other one, so the text is kept simple: headings,
paragraphs, lists, blocks of code, `code`, and links.
"""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

KINDS = {'method': 'Methods', 'signal': 'Signals', 'property': 'Properties'}
CHANGES = {'true': 'changes are told', 'const': 'does not change',
           'false': 'changes are not told', 'invalidates': 'changes are told without the value'}
EMITS = 'org.freedesktop.DBus.Property.EmitsChangedSignal'
# Code is left alone; a reference is #Member, #Interface or #Interface:Member (:: for signals).
REFERENCE = re.compile(r'(`[^`]*`)|#((?:\w+\.)*\w+)(?:::?(\w+))?|@(\w+)')


class Undocumented(Exception):
    """Something that a reader would look for in vain."""


class Comment:
    """What is said about an interface or one of its members."""

    def __init__(self, text, name):
        lines = [line.strip() for line in text.strip().splitlines()]
        if lines[:1] != [f'{name}:']:
            raise Undocumented(f'{name}: there is no comment that begins with {name}:')
        self.arguments, self.text = {}, []
        argument = None
        for line in lines[1:]:
            match = re.match(r'@(\w+):\s*(.*)', line)
            if match and not self.text:
                argument = match[1]
                self.arguments[argument] = match[2]
            elif line and argument:
                self.arguments[argument] += ' ' + line
            else:
                argument = None
                self.text += [line] if line or self.text else []
        self.summary = self.arguments.pop('short_description', '')
        if not re.search(r'^Since: \d', '\n'.join(self.text), re.MULTILINE):
            raise Undocumented(f'{name}: since when?')


def commented(parent):
    """Go through the elements, each with the comment above it."""
    comment = None
    for child in parent:
        if child.tag is ET.Comment:
            comment = child.text
        elif child.tag in ('interface', *KINDS):
            if comment is None:
                raise Undocumented(f'{child.get("name")}: no comment')
            yield child, Comment(comment, child.get('name'))
            comment = None


def signature(member):
    """What a member looks like, as one line of code."""
    def words(direction):
        return ', '.join(f'{arg.get("name")}: {arg.get("type")}' for arg in member.iter('arg')
                         if arg.get('direction', direction) == direction)
    name = member.get('name')
    if member.tag == 'method':
        return f'{name} ({words("in")}) → ({words("out")})'
    if member.tag == 'signal':
        return f'{name} ({words("")})'
    emits = [item.get('value') for item in member.iter('annotation') if item.get('name') == EMITS]
    access = {'read': 'read only', 'readwrite': 'read and write'}[member.get('access')]
    change = CHANGES[emits[0] if emits else 'true']
    return f'{name}: {member.get("type")}  ({access}, {change})'


class Reference:
    """The chapter on all interfaces."""

    def __init__(self, files):
        self.interfaces = []
        for file in files:
            parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
            self.interfaces += commented(ET.parse(file, parser).getroot())
        self.members = {(interface.get('name'), member.get('name'))
                        for interface, _ in self.interfaces for member in interface
                        if member.tag in KINDS}
        self.interface = None

    def link(self, match):
        code, name, member, argument = match.groups()
        if code:
            return code
        if argument:
            return f'`{argument}`'
        key = (name, member) if member else (self.interface, name)
        if key in self.members:
            heading = '.'.join((key[0].rpartition('.')[2], key[1]))
            return f'[`{key[1]}`](#{heading.lower().replace(".", "")})'
        if not name.startswith('org.freedesktop.'):
            raise Undocumented(f'{self.interface}: there is no {match[0]} to refer to')
        return f'`{name}.{member}`' if member else f'`{name}`'

    def prose(self, lines):
        # Code and references may go on in the next line.
        paragraphs = '\n'.join(lines).split('\n\n')
        return '\n\n'.join(REFERENCE.sub(self.link, paragraph.replace('\n', ' '))
                           for paragraph in paragraphs)

    def member(self, member, comment):
        yield from ('', f'### {self.interface.rpartition(".")[2]}.{member.get("name")}', '',
                    '```', signature(member), '```', '')
        names = {arg.get('name') for arg in member.iter('arg')}
        for name in names ^ set(comment.arguments):
            raise Undocumented(f'{self.interface}.{member.get("name")}: what is {name}?')
        for arg in member.iter('arg'):
            text = self.prose([comment.arguments[arg.get('name')]])
            yield f'* `{arg.get("name")}` (`{arg.get("type")}`): {text}'
        yield from ('', self.prose(comment.text))

    def lines(self):
        for interface, comment in self.interfaces:
            self.interface = interface.get('name')
            yield from ('', f'## The interface {self.interface}', '', f'{comment.summary}.', '',
                        self.prose(comment.text))
            for member, said in commented(interface):
                yield from self.member(member, said)


def roff(text):
    """Escape for troff, and mark what is code."""
    text = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', text)
    text = text.replace('\\', '\\e').replace('-', '\\-').replace('→', '\\(->').replace('…', '...')
    text = re.sub(r'`([^`]*)`', r'\\fB\1\\fR', text)
    return '\\&' + text if text.startswith(('.', "'")) else text


def blocks(markdown):
    """Headings, paragraphs, points of lists and blocks of code, each a list of lines."""
    block, in_code = [], False
    for line in markdown.splitlines():
        fence = line == '```'
        if not in_code and (fence or not line or line.startswith('* ')):
            yield block
            block = []
        block.append(line)
        if fence and in_code:
            yield block
            block = []
        in_code ^= fence
    yield block


def man_lines(markdown):
    for block in blocks(markdown):
        text = ' '.join(line.strip() for line in block if line)
        if block[:1] == ['```']:
            yield from ('.PP', '.RS 4', '.EX', *map(roff, block[1:-1]), '.EE', '.RE')
        elif text.startswith('#'):
            level, _, title = text.partition(' ')
            yield ('.SH ' if level == '##' else '.SS ') + f'"{roff(title)}"'
        elif text.startswith('* '):
            yield from ('.IP \\(bu 2', roff(text[2:]))
        elif text:
            yield from ('.PP', roff(text))


def make_man(markdown, name, version):
    body = markdown.partition('\n# ')[2].partition('\n')[2]
    lines = ['.\\" SPDX-License-Identifier: LGPL-2.1-or-later',
             f'.TH "{roff(name.upper())}" 5 "" "runtimeuse {version}" "D\\-Bus interfaces"',
             '.nh', '.SH NAME', f'{roff(name)} \\- what a message bus shows of runtimeuse',
             '.SH DESCRIPTION', *man_lines(body.strip()), '.SH "SEE ALSO"',
             '.BR runtimeuse (1),', '.BR busctl (1),', '.BR gdbus (1)']
    # After a heading there is space already.
    return re.sub(r'(?m)^(\.S[HS] .*)\n\.PP$', r'\1', '\n'.join(lines)) + '\n'


def main(name, path, version, template, *files):
    *sources, markdown_file, man_file = files
    try:
        reference = '\n'.join(Reference(sources).lines())
    except Undocumented as error:
        sys.exit(f'make-dbus-page: {error}')
    _licence, _, text = Path(template).read_text(encoding='utf-8').partition('\n')
    text = text.rstrip() + '\n' + reference
    text = text.replace('@BUS_NAME@', name).replace('@BUS_PATH@', path)
    markdown = re.sub(r'\n{3,}', '\n\n', text) + '\n'
    Path(markdown_file).write_text(markdown, encoding='utf-8')
    Path(man_file).write_text(make_man(markdown, name, version), encoding='utf-8')


if __name__ == '__main__':
    main(*sys.argv[1:])
