# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints a text cut in two at every place, each part as a read of its own.

Usage: split_writer.py HEX-OF-TEXT [FD]

The second part follows when the pipe is empty: then the first has been read.
The text comes in hexadecimal so that it is not in the command line.
"""

import array
import fcntl
import os
import sys
import termios
import time


def wait_until_read(descriptor):
    pending = array.array('i', [1])
    while pending[0]:
        fcntl.ioctl(descriptor, termios.FIONREAD, pending)
        if pending[0]:
            time.sleep(0.0002)


def main():
    text = bytes.fromhex(sys.argv[1])
    descriptor = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    for cut in range(len(text) + 1):
        for part in (b'<' + text[:cut], text[cut:] + b'>\n'):
            os.write(descriptor, part)
            wait_until_read(descriptor)


main()
