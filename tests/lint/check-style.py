#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fail on what the style of this project forbids and a machine can see.

Usage: check-style.py ROOT
"""

import pathlib
import re
import sys

WIDTH = 100
FUNCTION_LINES = 80  # of code: neither empty nor only a comment
NESTING = 4

SKIP = re.compile(r"^(LICENSES|build|\.git|node_modules|venv|__pycache__|corpus)")
TEXT = {".c", ".h", ".in", ".py", ".sh", ".js", ".mjs", ".build", ".txt", ".md", ".toml", ".xml",
        ".po", ".supp"}
NAMED = {"dev", "run", "LINGUAS", "POTFILES", ".editorconfig", ".gitignore"}
NO_LICENCE_LINE = {".md", ".toml", ".gitignore", "LINGUAS", "public-symbols.txt",
                   "requirements.txt"}
NO_WIDTH = {".md", ".po", ".xml", ".txt"}
LICENCE = "SPDX-License-Identifier: LGPL-2.1-or-later"

# Written without a space before the parenthesis: attributes that act as types, and gettext.
NO_SPACE = {"g_autoptr", "g_auto", "g_autolist", "g_autoslist", "g_autoqueue", "_", "N_", "C_",
            "NC_", "P_"}
CALL = re.compile(r"\b([A-Za-z_]\w*)\(")

BANNED = {
    "alloca": "memory of unknown size belongs on the heap",
    "atoi": "use g_ascii_string_to_signed",
    "g_usleep": "wait for the event",
    "gets": "no bound",
    "longjmp": "return instead",
    "mktemp": "use g_file_open_tmp",
    "nanosleep": "wait for the event",
    "popen": "use the command handler",
    "setjmp": "return instead",
    "sleep": "wait for the event",
    "sprintf": "use g_snprintf",
    "strcat": "use g_strconcat",
    "strcpy": "use g_strdup",
    "strtok": "use g_strsplit",
    "system": "use the command handler",
    "tmpnam": "use g_file_open_tmp",
    "usleep": "wait for the event",
    "vsprintf": "use g_vsnprintf",
}
LIBRARY_BANNED = {
    "abort": "report an error",
    "exit": "report an error",
    "fork": "only src/job may",
    "fprintf": "use the logger",
    "g_error": "report an error",
    "g_log_set_writer_func": "the program's business",
    "g_print": "use the logger",
    "g_printerr": "use the logger",
    "printf": "use the logger",
    "wait": "waits for any child, also those of the application",
}

STRIP = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
INCLUDE = re.compile(r'^#\s*include\s+([<"][^">]+[">])')


def blank(match: re.Match) -> str:
    """Keep the lines and the quotes, drop what is between them."""
    text = match[0]
    if text[0] in "\"'":
        return text[0] + " " * (len(text) - 2) + text[0]
    return re.sub(r"[^\n]", " ", text)


def check_text(path: pathlib.Path, text: str) -> list[tuple[int, str]]:
    faults = []
    lines = text.split("\n")
    kind = path.suffix or path.name

    if text and not text.endswith("\n"):
        faults.append((len(lines), "no newline at the end"))
    if text.endswith("\n\n"):
        faults.append((len(lines) - 1, "empty line at the end"))
    if (not {kind, path.name} & NO_LICENCE_LINE
            and not any(LICENCE in line for line in lines[:3])):
        faults.append((1, "no line with the licence"))

    for number, line in enumerate(lines, 1):
        if "\t" in line:
            faults.append((number, "tab"))
        if line != line.rstrip() and not (kind == ".md" and line.endswith("  ")):
            faults.append((number, "space at the end"))
        if kind not in NO_WIDTH and len(line) > WIDTH:
            faults.append((number, f"{len(line)} columns, more than {WIDTH}"))

    return faults


def check_includes(path: pathlib.Path, lines: list[str]) -> list[tuple[int, str]]:
    faults = []
    own = {f'"{path.stem}.h"', f'"{path.stem}-private.h"'}
    names = [(n, m[1]) for n, line in enumerate(lines, 1) if (m := INCLUDE.match(line))]

    # Examples are to be built outside this tree.
    if (path.suffix == ".c" and "examples" not in path.parts
            and (not names or names[0][1] != '"config.h"')):
        faults.append((1, 'the first include is not "config.h"'))
    if path.suffix == ".h" and any(name == '"config.h"' for _, name in names):
        faults.append((1, 'a header must not include "config.h"'))

    own_at = [i for i, (_, name) in enumerate(names) if name in own]
    if path.suffix == ".c" and own_at and own_at[0] != 1:
        faults.append((names[own_at[0]][0], "the own header comes right after config.h"))

    rest = [(n, name) for n, name in names if name not in own and name != '"config.h"']
    for (line, before), (next_line, name) in zip(rest, rest[1:]):
        # "a.h" and "a-b.h" may come in either order.
        wrong = before[1:-1] > name[1:-1] and before[1:-3] > name[1:-3]
        if next_line == line + 1 and before[0] == name[0] and wrong:
            faults.append((next_line, f"{name} comes before {before}"))

    return faults


def check_functions(lines: list[str]) -> list[tuple[int, str]]:
    faults = []
    start = 0
    length = 0
    depth = 0
    deepest = 0

    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start, length, depth, deepest = number, -1, 0, 0
        if not start:
            continue
        length += bool(line.strip()) and line != "}"
        for char in line:
            depth += (char == "{") - (char == "}")
            deepest = max(deepest, depth)
        if line.startswith("}"):
            # typedefs and initialisers end in "};" or "} Name;"
            if line == "}" and length > FUNCTION_LINES:
                faults.append((start, f"function of {length} lines"))
            if line == "}" and deepest - 1 > NESTING:
                faults.append((start, f"nested {deepest - 1} deep"))
            start = 0

    return faults


def check_code(path: pathlib.Path, lines: list[str]) -> list[tuple[int, str]]:
    faults = []
    parts = path.parts
    in_library = "libruntimeuse" in parts
    banned = BANNED | LIBRARY_BANNED if in_library else BANNED

    for number, line in enumerate(lines, 1):
        if re.search(r"\bgoto\b", line):
            faults.append((number, "goto"))
        if "src" in parts and "G_USEC_PER_SEC" in line:
            faults.append((number, "G_USEC_PER_SEC has 32 bits; use G_TIME_SPAN_SECOND"))
        if re.search(r"\bwaitpid\s*\(\s*-1\b", line) and "job" not in parts:
            faults.append((number, "waitpid (-1) takes the children of others; only src/job may"))
        if re.search(r"\bwaitid\s*\(\s*P_ALL\b", line) and "job" not in parts:
            faults.append((number, "waitid (P_ALL) takes the children of others"))
        for name in re.findall(r"(?<![\w>.])(\w+)\s*\(", line):
            if name in banned:
                faults.append((number, f"{name}: {banned[name]}"))
        if line.startswith("#"):
            continue
        for name in CALL.findall(line):
            if name not in NO_SPACE:
                faults.append((number, f"no space between {name} and ("))

    return faults


def check_c(path: pathlib.Path, text: str) -> list[tuple[int, str]]:
    code = STRIP.sub(blank, text).split("\n")
    lines = text.split("\n")
    # Not in strings: the other alternatives of STRIP come first there.
    slashes = [m for m in STRIP.finditer(text) if m[0].startswith("//")]
    faults = [(text.count("\n", 0, m.start()) + 1, "comments are /* … */") for m in slashes]

    if path.suffix == ".h" and "#pragma once" not in lines:
        faults.append((1, "no #pragma once"))

    faults += check_includes(path, lines)
    faults += check_functions(code)
    faults += check_code(path, code)
    return faults


def check(path: pathlib.Path, text: str) -> list[tuple[int, str]]:
    faults = check_text(path, text)
    if path.suffix in (".c", ".h") or path.name.endswith(".h.in"):
        faults += check_c(path, text)
    return sorted(faults)


def files_of(folder: pathlib.Path):
    for path in sorted(folder.iterdir()):
        if SKIP.match(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files_of(path)
        elif path.is_file() and (path.suffix in TEXT or path.name in NAMED):
            yield path


def main(root: pathlib.Path) -> int:
    bad = 0
    for path in files_of(root):
        for line, fault in check(path.relative_to(root), path.read_text(encoding="utf-8")):
            print(f"{path.relative_to(root)}:{line}: {fault}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
