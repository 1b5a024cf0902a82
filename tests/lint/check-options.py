#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fail when the program and what is written about it disagree on its options.

Usage: check-options.py PROGRAM ROOT
"""

import pathlib
import re
import subprocess
import sys

COMMANDS = ("serve", "run", "exec", "agents", "config", "doctor", "sessions", "show", "cancel",
            "end")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
ALWAYS = {"--help", "--version"}
# Where the part about a command begins and ends, and which of its lines name options.
PLACES = {
    "README.md": (r"^### `runtimeuse (?:\[?{}\]?)", r"^##", r"^\| (`--.*?) \|"),
    "data/runtimeuse.1": (r"^\.SS {}$", r"^\.S[HS]", r"^\.BI? (.*)"),
    "data/completions/runtimeuse": (r"^    (?:\w+\|)*{}(?:\|\w+)*\)$", r";;", r".*"),
    "data/completions/_runtimeuse": (r"^    (?:\w+\|)*{}(?:\|\w+)*\)$", r";;", r".*"),
    "data/completions/runtimeuse.fish": (
        r"\A", r"\Z", r"^complete .*__runtimeuse_is (?:\w+ )*{}(?: \w+)*'.* (-l .*)"),
}
# Whose options another command takes as well, which completions offer without a list of their own.
COMPLETED_TOO = {"config": "serve"}
ONLY_SERVE = {
    "docs/protocol.md": (r"^## 1\.", r"^## 2\.", r"^ *(?:runtimeuse)? +\[.*"),
}


def options_in(text: str) -> set[str]:
    # How man pages and completions of fish write them.
    text = re.sub(r"^-l ", "--", text.replace("\\-", "-"), flags=re.MULTILINE)
    return set(OPTION.findall(text)) - ALWAYS


def part_of(text: str, begin: str, end: str) -> str:
    first = re.search(begin, text, re.MULTILINE)
    if not first:
        return ""
    rest = text[first.end():]
    last = re.search(end, rest, re.MULTILINE)
    return rest[:last.start()] if last else rest


def options_of(program: str, command: str) -> set[str]:
    text = subprocess.run([program, command, "--help"], capture_output=True, text=True,
                          check=True, timeout=10).stdout
    # Those that a line begins with; others are only mentioned.
    lines = re.findall(r"^  (?:-\w, )?(--.*)", text, re.MULTILINE)
    return {OPTION.match(line)[0] for line in lines} - ALWAYS


def options_at(text: str, command: str, place: tuple[str, str, str]) -> set[str]:
    begin, end, pattern = place
    part = part_of(text, begin.format(command), end)
    lines = re.findall(pattern.format(command), part, re.MULTILINE)
    found = options_in("\n".join(lines))
    other = COMPLETED_TOO.get(command)

    if other and re.search(rf"_runtimeuse_options {other}\b", part):
        found |= options_at(text, other, place)
    return found


def check(command: str, options: dict[str, set[str]], root: pathlib.Path) -> int:
    places = PLACES | (ONLY_SERVE if command == "serve" else {})
    bad = 0

    for name, place in places.items():
        wanted = options[command]
        if name.startswith("data/completions/") and command in COMPLETED_TOO:
            wanted = wanted | options[COMPLETED_TOO[command]]
        found = options_at((root / name).read_text(encoding="utf-8"), command, place)
        for option in sorted(wanted - found):
            print(f"{name}: {command} {option} is missing")
        for option in sorted(found - wanted):
            print(f"{name}: {command} has no {option}")
        bad += len(wanted ^ found)

    return bad


def main(program: str, root: pathlib.Path) -> int:
    options = {command: options_of(program, command) for command in COMMANDS}
    bad = 0
    for command, own in options.items():
        if not own:
            print(f"{command} --help names no option")
        bad += check(command, options, root) + (not own)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
