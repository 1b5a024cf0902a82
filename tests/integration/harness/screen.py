# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a terminal shows of what is written to it: as much of it as our program uses."""

import re

PIECE = re.compile(r'\033\[([\d;?]*)([A-Za-z])|([\r\n])|([^\r\n\033]+)')


class Screen:
    """All lines from the first on; those that have scrolled away cannot be reached any more.

    A line goes on in the next when its text is wider, or when the terminal has become narrower.
    """

    def __init__(self, columns=80, rows=24, reflows=None):
        self.columns = columns
        self.rows = rows
        self.reflows = reflows
        self.lines = ['']
        # Of each line, whether it goes on in the next.
        self.goes_on = [False]
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
            self.goes_on.append(False)

    def write(self, text):
        for character in text:
            if self.column == self.columns:
                self.goes_on[self.row] = True
                self.break_line()
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
            self.column += 1

    def obey(self, command, number):
        if command == 'A':
            self.row = max(self.row - number, self.top)
        elif command == 'K':
            self.lines[self.row] = self.lines[self.row][:self.column]
            # For tmux it is the same line still unless all of it goes.
            self.goes_on[self.row] &= self.reflows == 'tmux' and self.column > 0
        elif command == 'J':
            self.lines[self.row] = self.lines[self.row][:self.column]
            self.goes_on[self.row] = False
            del self.lines[self.row + 1:], self.goes_on[self.row + 1:]
        else:
            assert command == 'm', f'unknown command {command!r}'

    def resize(self, columns, rows=None):
        """Be like xterm, which cuts lines off, or like VTE and tmux, which break them anew."""
        before, self.columns = self.columns, columns
        self.rows = rows or self.rows
        if not self.reflows:
            self.lines = [line[:columns] for line in self.lines]
            return
        broken, goes_on, whole, row = [], [], '', 0
        for number, line in enumerate(self.lines):
            if number == self.row:
                row = len(broken) + len(whole) // columns
            # In a line that goes on each place counts, also those with nothing in them.
            whole += line.ljust(before) if self.goes_on[number] else line
            if self.goes_on[number]:
                continue
            parts = [whole[i:i + columns] for i in range(0, max(len(whole), 1), columns)]
            broken += parts
            goes_on += [True] * (len(parts) - 1) + [False]
            whole = ''
        self.lines, self.goes_on, self.row = broken, goes_on, row

    def show(self):
        return '\n'.join(self.lines).rstrip('\n')
