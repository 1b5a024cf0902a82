#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fail when the program and what is written about it disagree on its options.

Usage: check-options.py PROGRAM ROOT
"""

import pathlib
import re
import subprocess
import sys

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
PLACES = {
    "README.md": r"^\| (`--.*?) \|",
    "docs/protocol.md": r"^ *(?:runtimeuse)? +\[.*",
    "data/runtimeuse.1": r"^\.BI? (.*)",
    "data/completions/runtimeuse": r".*",
}
# It is there to say that a later version has it.
LATER = {"--handler"}


def options_in(text: str) -> set[str]:
    return set(OPTION.findall(text.replace("\\-", "-"))) - LATER


def main(program: str, root: pathlib.Path) -> int:
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True,
                          timeout=10).stdout
    wanted = options_in(text)
    always = {"--help", "--version"}
    bad = 0

    for name, pattern in PLACES.items():
        lines = re.findall(pattern, (root / name).read_text(encoding="utf-8"), re.MULTILINE)
        found = options_in("\n".join(lines))
        for option in sorted(wanted - found - always):
            print(f"{name}: {option} is missing")
        for option in sorted(found - wanted - always):
            print(f"{name}: the program has no {option}")
        bad += len((wanted ^ found) - always)

    return 1 if bad or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
