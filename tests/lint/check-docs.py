#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fail on a public symbol, property or signal without complete documentation.

Usage: check-docs.py LIBRARY_SOURCES

A function needs a comment that describes each parameter and what it returns,
and every comment of a public symbol says since when the symbol exists.
"""

import pathlib
import re
import sys

COMMENT = re.compile(r"/\*\*\n((?: \*[^\n]*\n|\s+\*[^\n]*\n)*?)\s*\*/")
FUNCTION = re.compile(
    r"RUNTIME_USE_AVAILABLE_IN_\w+\n"
    r"([A-Za-z_][\w\s*]*?[\s*])(runtime_use_\w+)\s*\(([^;]*?)\)[^;()]*;")
DECLARED = re.compile(r"G_DECLARE_\w+\s*\(\s*(\w+)")
TYPEDEF = re.compile(r"typedef (?:enum|struct)\s*(?:\w+\s*)?\{.*?\}\s*(\w+);", re.DOTALL)
ENUM = re.compile(r"typedef enum\s*(?:\w+\s*)?\{(.*?)\}\s*(\w+);", re.DOTALL)
# Those of tables, too: rows of messages, and settings.
PROPERTY = re.compile(r'(?:g_param_spec_\w+ \(|\.property = |_SETTING \()"([a-z-]+)"')
SIGNAL = re.compile(r'g_signal_new(?:_class_handler)? \("([a-z-]+)"')
# Means the same for every type.
COMMON = re.compile(r"_get_type$")


def comments_of(text: str) -> dict[str, str]:
    found = {}
    for match in COMMENT.finditer(text):
        first = match[1].split("\n", 1)[0]
        name = re.match(r"\s*\* ?([A-Za-z_]\w*(?:::?[a-z][\w-]*)?):", first)
        if name:
            found[name[1]] = match[1]
    return found


def parameters_of(text: str) -> list[str]:
    text = re.sub(r"\s+", " ", text).strip()
    if text == "void":
        return []
    return [re.findall(r"\w+", part)[-1] for part in text.split(",") if part.strip() != "..."]


def faults_of_function(returns: str, parameters: str, comment: str) -> list[str]:
    faults = [f"@{name} is not described" for name in parameters_of(parameters)
              if not re.search(rf"^\s*\* ?@{name}:", comment, re.MULTILINE)]
    if returns.split() != ["void"] and not re.search(r"^\s*\* ?Returns:", comment, re.MULTILINE):
        faults.append("what it returns is not described")
    return faults


def symbols_of(header: str, source: str, type_name: str):
    """Yield (name, faults) of each public symbol; faults are found in its comment."""
    for returns, name, parameters in FUNCTION.findall(header):
        if not COMMON.search(name):
            yield name, lambda c, r=returns, p=parameters: faults_of_function(r, p, c)
    for name in DECLARED.findall(header) + TYPEDEF.findall(header):
        yield name, lambda c: []
    for members, name in ENUM.findall(header):
        wanted = re.findall(r"^\s*(RUNTIME_USE_\w+)", members, re.MULTILINE)
        yield name, lambda c, w=wanted: [f"@{m} is not described" for m in w if f"@{m}:" not in c]
    if DECLARED.search(header):
        for name in PROPERTY.findall(source):
            yield f"{type_name}:{name}", lambda c: []
        for name in SIGNAL.findall(source):
            yield f"{type_name}::{name}", lambda c: []


def check(header: str, source: str, type_name: str) -> list[str]:
    comments = comments_of(header) | comments_of(source)
    faults = []

    for name, look in symbols_of(header, source, type_name):
        comment = comments.get(name)
        if comment is None:
            faults.append(f"{name}: no documentation")
            continue
        if not re.search(r"^\s*\* ?Since: \d+\.\d+", comment, re.MULTILINE):
            faults.append(f"{name}: does not say since when it exists")
        faults += [f"{name}: {fault}" for fault in look(comment)]

    return sorted(set(faults))


def source_of(header: pathlib.Path) -> str:
    """What implements a header: its source, and those that continue it without a header."""
    own = header.with_suffix(".c")
    more = [path for path in header.parent.glob(f"{header.stem}-*.c")
            if not path.with_suffix(".h").exists()
            and not path.with_name(f"{path.stem}-private.h").exists()]
    return "".join(path.read_text(encoding="utf-8") for path in [own, *sorted(more)]
                   if path.exists())


def main(root: pathlib.Path) -> int:
    bad = 0
    for header in sorted(root.rglob("*.h")):
        if header.name.endswith("-private.h"):
            continue
        type_name = "".join(word.capitalize() for word in header.stem.split("-"))
        text = source_of(header)
        for fault in check(header.read_text(encoding="utf-8"), text, type_name):
            print(f"{header.relative_to(root)}: {fault}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
