#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Check what no compiler reads: scripts, JSON, translations, names.

Usage: check-files.py ROOT
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

SKIP = re.compile(r"^(build|\.git$|node_modules|venv|__pycache__|\.pytest_cache)")
# Written so that this file does not contain it.
IDENTITY = re.compile(r"org[./]runtimeuse", re.IGNORECASE)
# Where it is decided.
IDENTITY_HOME = "meson.build"
MARKED = re.compile(r"\b(?:N?C?_|g_dn?gettext|g_dpgettext2?|n?gettext) ?\(")
# Data with text to translate; configured and merged, or not.
TRANSLATABLE = re.compile(r"\.(desktop|metainfo\.xml|appdata\.xml|gschema\.xml|policy)(\.in)*$")
# How text is marked in C, beside what xgettext knows by itself.
KEYWORDS = ["_", "N_", "C_:1c,2", "NC_:1c,2", "g_dngettext:2,3", "g_dpgettext2:2c,3"]
# Documents that are wrong on purpose live in folders of these names.
BROKEN = {"broken", "corpus", "invalid"}


def files_of(folder: pathlib.Path):
    for path in sorted(folder.iterdir()):
        if SKIP.match(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files_of(path)
        elif path.is_file():
            yield path


def read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def run(*argv: object, text: str = "") -> str:
    """Give the program a text; return what it complains about, or nothing."""
    done = subprocess.run([str(arg) for arg in argv], input=text, capture_output=True,
                          encoding="utf-8", check=False)
    return done.stdout + done.stderr if done.returncode else ""


def check_scripts(root, paths):
    for path in paths:
        if path.suffix in (".c", ".h", ".md"):
            continue
        first = read(path).split("\n", 1)[0]
        shell = re.match(r"#!\s*(?:/usr/bin/env )?(?:\S*/)?(sh|bash)\b", first)
        if shell and shutil.which(shell[1]):
            complaint = run(shell[1], "-n", path)
            if complaint:
                yield path, complaint
        elif path.suffix == ".py":
            try:
                compile(read(path), str(path), "exec")
            except SyntaxError as error:
                yield path, str(error)


def check_json(root, paths):
    for path in paths:
        if path.suffix != ".json" or set(path.relative_to(root).parts) & BROKEN:
            continue
        try:
            json.loads(read(path))
        except ValueError as error:
            yield path, str(error)


def check_identity(root, paths):
    for path in paths:
        if path == root / IDENTITY_HOME or path.name == "check-files.py":
            continue
        if IDENTITY.search(read(path)):
            yield path, f"spells out a name that only {IDENTITY_HOME} may know"


def has_text(root, path):
    """Whether there is text to translate in it."""
    if path.suffix in (".c", ".h"):
        return path.is_relative_to(root / "src") and bool(MARKED.search(read(path)))
    return bool(TRANSLATABLE.search(path.name)) and "tests" not in path.parts


def check_listed(root, paths):
    """POTFILES names each file that has text to translate, once, and no other."""
    po = root / "po"
    listed = [line for line in read(po / "POTFILES").splitlines()
              if line and not line.startswith("#")]
    marked = {path.relative_to(root).as_posix() for path in paths if has_text(root, path)}

    for name in sorted(marked - set(listed)):
        yield root / name, "has text to translate, but is not in po/POTFILES"
    for name in sorted(set(listed) - marked):
        yield po / "POTFILES", f"{name} " + (
            "has no text to translate" if (root / name).exists() else "does not exist")
    if listed != sorted(set(listed)):
        yield po / "POTFILES", "is not in alphabetical order"


def check_translations(root, paths):
    """Every language has every text, and none of them is a guess."""
    yield from check_listed(root, paths)

    po = root / "po"
    listed = [line for line in read(po / "POTFILES").splitlines()
              if line and not line.startswith("#")]
    template = subprocess.run(
        ["xgettext", "--from-code=UTF-8", *(f"--keyword={word}" for word in KEYWORDS),
         "--output=-", *(name for name in listed if (root / name).exists())],
        cwd=root, capture_output=True, encoding="utf-8", check=False).stdout
    languages = [line for line in read(po / "LINGUAS").split("\n")
                 if line and not line.startswith("#")]
    for language in languages:
        path = po / f"{language}.po"
        complaint = run("msgfmt", "--check", "--output-file=/dev/null", path)
        if template:
            complaint += run("msgcmp", path, "-", text=template)
        if complaint:
            yield path, complaint
    for path in po.glob("*.po"):
        if path.stem not in languages:
            yield path, "is not in po/LINGUAS"


def check_tests(root, paths):
    """A file of tests that no list has is never run."""
    folder = root / "tests" / "integration"
    lists = [path for path in paths if path.name == "meson.build" and "tests" in path.parts]
    listed = "".join(map(read, lists))
    for path in paths:
        if (path.parent == folder and path.name.startswith("test_")
                and f"'{path.name}'" not in listed):
            yield path, "is in no meson.build"


def main(root: pathlib.Path) -> int:
    paths = list(files_of(root))
    bad = 0
    for check in (check_scripts, check_json, check_identity, check_translations,
                  check_tests):
        for path, fault in check(root, paths):
            print(f"{path.relative_to(root)}: {fault}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
