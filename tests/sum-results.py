#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Add up the logs of several meson test runs.

Usage: sum-results.py SKIPS LOG...

Each LOG is a testlog.json. A test that speaks TAP counts with each of its
cases, any other test as one. A skip that SKIPS does not list counts as a
failure. The last line is "N passed, N failed, N skipped".

SKIPS has one skip per line, `NAME: REASON`, where NAME is `test` or
`test/case`, and may end in `*`.
"""

import fnmatch
import json
import pathlib
import re
import sys

CASE = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*([^#]*)(#\s*(SKIP|TODO)\b.*)?", re.IGNORECASE)
GOOD = {"OK", "EXPECTEDFAIL"}


def read_skips(path: pathlib.Path) -> list[str]:
    skips = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, reason = line.partition(": ")
        if not colon or not reason.strip():
            sys.exit(f"{path}: no reason given: {line}")
        skips.append(name.strip())
    return skips


def cases_of(test: dict) -> list[tuple[str, str]]:
    """Return (name, outcome) for each case of one test of the log."""
    name = test["name"].split(" / ")[-1]
    outcome = {"SKIP": "skipped"}.get(test["result"])
    outcome = outcome or ("passed" if test["result"] in GOOD else "failed")
    cases = []

    for line in test.get("stdout", "").splitlines():
        match = CASE.match(line)
        if match:
            directive = (match[4] or "").upper()
            result = "skipped" if directive == "SKIP" else "failed" if match[1] else "passed"
            if directive == "TODO":
                result = "passed"
            cases.append((f"{name}/{match[2].strip().lstrip('/')}", result))

    # A test may fail although each of its cases passed: it leaked, or died at the end.
    if not cases or (outcome == "failed" and all(result != "failed" for _, result in cases)):
        cases.append((name, outcome))

    return cases


def main(skips_path: str, *logs: str) -> int:
    skips = read_skips(pathlib.Path(skips_path))
    total = {"passed": 0, "failed": 0, "skipped": 0}
    notes = []

    for log in logs:
        count = dict.fromkeys(total, 0)
        try:
            lines = pathlib.Path(log).read_text(encoding="utf-8").splitlines()
        except OSError:
            notes.append(f"failed: there is no {log}")
            lines = []
            count["failed"] = 1

        for line in lines:
            for name, result in cases_of(json.loads(line)):
                if result == "skipped" and not any(fnmatch.fnmatch(name, skip) for skip in skips):
                    notes.append(f"failed: skipped without a reason in {skips_path}: {name}")
                    result = "failed"
                elif result == "failed":
                    notes.append(f"failed: {pathlib.Path(log).stem}: {name}")
                count[result] += 1

        print(f"{pathlib.Path(log).stem}: " + ", ".join(f"{n} {k}" for k, n in count.items()))
        total = {key: total[key] + count[key] for key in total}

    for note in notes:
        print(note)
    print(", ".join(f"{number} {key}" for key, number in total.items()))

    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
