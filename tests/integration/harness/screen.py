# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a terminal shows of what is written to it: as much of it as our program uses."""

import re

PIECE = re.compile(r'\033\[([\d;?]*)([A-Za-z])|([\r\n])|([^\r\n\033]+)')


class Screen:
    """All lines from the first on; those that have scrolled away cannot be reached any more."""

    def __init__(self, columns=80, rows=24, reflows=False):
        self.columns = columns
        self.rows = rows
        self.reflows = reflows
        self.lines = ['']
        self.row = 0
        self.column = 0
        self.read = 0

    @property
    def top(self):
        return max(len(self.lines) - self.rows, 0)

    def follow(self, text):
        """Take what is new in a text that grows."""
        self.feed(text[self.read:])
        self.read = len(text)

    def feed(self, text):
        position = 0
        while position < len(text):
            match = PIECE.match(text, position)
            assert match, f'cannot read {text[position:position + 20]!r}'
            number, command, control, plain = match.groups()
            if command:
                self.obey(command, int(number or 1) if number.isdigit() or not number else 0)
            elif control == '\r':
                self.column = 0
            elif control == '\n':
                self.break_line()
            else:
                self.write(plain)
            position = match.end()

    def break_line(self):
        self.column = 0
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append('')

    def write(self, text):
        for character in text:
            if self.column == self.columns:
                self.break_line()
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
            self.column += 1

    def obey(self, command, number):
        if command == 'A':
            self.row = max(self.row - number, self.top)
        elif command == 'K':
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif command == 'J':
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        else:
            assert command == 'm', f'unknown command {command!r}'

    def resize(self, columns, rows=None):
        """Be like xterm, which cuts lines off, or like VTE, which breaks them anew."""
        self.columns = columns
        self.rows = rows or self.rows
        if not self.reflows:
            self.lines = [line[:columns] for line in self.lines]
            return
        broken = []
        for number, line in enumerate(self.lines):
            if number == self.row:
                row = len(broken)
            broken += [line[i:i + columns] for i in range(0, max(len(line), 1), columns)]
        self.lines, self.row = broken, row

    def show(self):
        return '\n'.join(self.lines).rstrip('\n')
