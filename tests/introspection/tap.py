# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs test cases, and prints TAP."""

import traceback


def run(cases):
    """Run pairs of a name and a function; return the status to exit with."""
    cases = list(cases)
    failed = 0
    print(f'1..{len(cases)}')
    for number, (name, case) in enumerate(cases, 1):
        try:
            case()
            print(f'ok {number} - /{name}', flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print('# ' + traceback.format_exc().replace('\n', '\n# '))
            print(f'not ok {number} - /{name}', flush=True)
    return 1 if failed else 0
