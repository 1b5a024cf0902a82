# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes that do anything to the files of a folder at random.

Usage: storm_writer.py SEED FOLDER

What each file holds says of itself whether it is whole, so whoever got a part of it, or a mixture
of two contents, finds out: see is_whole(). Each file belongs to one of the writers, who is the only
one to change it; the directories belong to all of them.
"""

import hashlib
import os
import random
import re
import shutil
import sys
import time
from pathlib import Path

WRITERS = 4
STEPS = 600
NAMES = 100
HOT = 3
DIRECTORIES = ['', 'a', 'a/b', 'a/b/c', 'd', 'e', 'node_modules', 'd/dist']

# A piece says how long it is, what it is, and whether it is the last one of those that were written
# in one go.
HEAD = re.compile(rb'(\d{7}) ([0-9a-f]{40}) ([+.])\n')
HEAD_SIZE = 51


def make_piece(source, size, is_last):
    data = source.randbytes(size)
    digest = hashlib.sha1(data).hexdigest()
    return b'%07d %s %s\n' % (size, digest.encode(), b'.' if is_last else b'+') + data


def whole_sizes(content):
    """Return where a content could end and still be a whole one; None if it is none itself."""
    position = 0
    ends = [0]
    while position < len(content):
        head = HEAD.match(content, position)
        if head is None:
            return None
        data = content[position + HEAD_SIZE:position + HEAD_SIZE + int(head[1])]
        if len(data) != int(head[1]) or hashlib.sha1(data).hexdigest() != head[2].decode():
            return None
        position += HEAD_SIZE + len(data)
        if head[3] == b'.':
            ends.append(position)
    return ends if ends[-1] == len(content) else None


def is_whole(content):
    """What is empty is no content."""
    return bool(content) and whole_sizes(content) is not None


class Writer:
    """One of the processes; most of what it tries may fail, as the file may not be there."""

    def __init__(self, number, seed, folder):
        self.number = number
        self.source = random.Random(f'{seed} {number}')
        self.folder = Path(folder)
        self.outside = self.folder.parent / 'outside'

    def pick_directory(self):
        return self.folder / self.source.choice(DIRECTORIES)

    def pick(self):
        """A few of the files change all the time."""
        number = self.source.randrange(HOT if self.source.random() < 0.4 else NAMES)
        return self.pick_directory() / f'{self.number}-{number}'

    def rest(self):
        """Now and then a file stays open and half done for so long that it seems complete."""
        if self.source.random() < 0.015:
            time.sleep(self.source.uniform(0.001, 0.12))

    def write_to(self, file, pieces):
        for piece in pieces:
            cut = self.source.randrange(len(piece))
            for part in (piece[:cut], piece[cut:]):
                file.write(part)
                self.rest()

    def pieces(self):
        count = self.source.randint(1, 3)
        large = self.source.random() < 0.05
        size = self.source.randint(250000, 900000) if large else self.source.randint(1, 2000)
        return [make_piece(self.source, size, i == count - 1) for i in range(count)]

    def write(self):
        with open(self.pick(), 'wb', buffering=0) as file:
            self.write_to(file, self.pieces())

    def append(self):
        with open(self.pick(), 'ab', buffering=0) as file:
            self.write_to(file, self.pieces())

    def overwrite(self):
        """The size stays as it was."""
        with open(self.pick(), 'r+b', buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > HEAD_SIZE:
                self.write_to(file, [make_piece(self.source, size - HEAD_SIZE, True)])

    def replace(self):
        path = self.pick()
        other = path.with_name(f'{path.name}.new')
        with open(other, 'wb', buffering=0) as file:
            self.write_to(file, self.pieces())
        other.rename(path)

    def truncate(self):
        with open(self.pick(), 'rb') as file:
            size = self.source.choice(whole_sizes(file.read()))
            # By a name, so that nobody ever has it open for writing.
            os.truncate(f'/proc/self/fd/{file.fileno()}', size)

    def rename(self):
        self.pick().rename(self.pick())

    def delete(self):
        self.pick().unlink()

    def make_directory(self):
        self.pick_directory().mkdir(parents=True, exist_ok=True)

    def change_directory(self):
        one, other = self.pick_directory(), self.pick_directory()
        if self.folder in (one, other) or self.source.random() < 0.5:
            return
        kind = self.source.randrange(4)
        if kind == 0:
            shutil.rmtree(one, ignore_errors=True)
        elif kind == 1:
            one.rename(other)
        elif kind == 2:
            one.rename(self.outside)
        else:
            self.outside.rename(one)

    def run(self):
        steps = {self.write: 30, self.append: 15, self.overwrite: 12, self.replace: 10,
                 self.truncate: 8, self.rename: 10, self.delete: 6, self.make_directory: 7,
                 self.change_directory: 2}
        for step in self.source.choices(list(steps), list(steps.values()), k=STEPS):
            try:
                step()
            except OSError:
                continue


def main():
    seed, folder = sys.argv[1:]
    children = []
    for number in range(WRITERS):
        pid = os.fork()
        if pid == 0:
            Writer(number, seed, folder).run()
            os._exit(0)
        children.append(pid)
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0


if __name__ == '__main__':
    main()
