#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fail when a source file includes a header that its folder may not use.

Usage: check-layers.py SRC
"""

import pathlib
import re
import sys

# From the bottom up: each may use itself and those before it.
LIBRARY = [
    "libruntimeuse",
    "libruntimeuse/base",
    "libruntimeuse/protocol",
    "libruntimeuse/schema",
    "libruntimeuse/command",
    "libruntimeuse/transfer",
    "libruntimeuse/artifact",
    "libruntimeuse/agent",
    "libruntimeuse/agent/claude",
    "libruntimeuse/agent/openai",
    "libruntimeuse/agent/hosted",
    "libruntimeuse/agent/builtin",
    "libruntimeuse/session",
    "libruntimeuse/transport",
    "libruntimeuse/client",
]

# The agents do not know each other; only the list of those that are built in does.
AGENTS = {"libruntimeuse/agent/claude", "libruntimeuse/agent/openai", "libruntimeuse/agent/hosted"}

# What the service speaks to besides its clients. They do not know each other.
SERVICE_PARTS = {"service/dbus", "service/desktop", "service/http", "service/systemd"}

# The rest knows of the library only what its users know; job/ and the shells know nothing.
PROGRAMS = {
    "job": set(),
    "handler-hosts": set(),
    "shells": set(),
    "service": {"service"},
    **{part: {"service"} for part in SERVICE_PARTS},
    "cli": {"cli", "service"} | SERVICE_PARTS,
}
USES_LIBRARY = {"service", "cli"} | SERVICE_PARTS

# What the library and job/ say to each other; as free of GLib as job/ itself.
SHARED = "runtime-use-job-protocol-private.h"

# Header that is not ours -> the only folders that may include it.
ONLY_IN = {
    "libsoup/": {"libruntimeuse/transport", "libruntimeuse/transfer", "libruntimeuse/agent/openai",
                 "libruntimeuse/client", "service"},
    "archive.h": {"libruntimeuse/transfer"},
    "archive_entry.h": {"libruntimeuse/transfer"},
    "sys/inotify.h": {"libruntimeuse/artifact"},
}

# What a folder may not know although it is no header of ours.
NEVER = {
    "libruntimeuse/protocol": ("gio/", "glib-unix.h", "time.h", "sys/", "unistd.h"),
    "job": ("glib", "gio/", "json-glib/"),
    "shells": ("glib", "gio/", "json-glib/"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[>"]', re.MULTILINE)


def may_use(folder: str, home: str, name: str) -> bool:
    if home == folder:
        return True
    if folder == "job" and name == SHARED:
        return True
    if folder in PROGRAMS:
        return home in PROGRAMS[folder] or (folder in USES_LIBRARY and name == "runtimeuse.h")
    if {folder, home} <= AGENTS:
        return False
    return home in LIBRARY and LIBRARY.index(home) < LIBRARY.index(folder)


def faults_of(folder: str, text: str, homes: dict[str, str]) -> list[str]:
    faults = []

    for kind, name in INCLUDE.findall(text):
        base = name.rsplit("/", 1)[-1]
        if kind == '"' and base in homes and not may_use(folder, homes[base], base):
            faults.append(f"{folder} may not include {name}")
        for prefix, allowed in ONLY_IN.items():
            if name.startswith(prefix) and folder not in allowed:
                faults.append(f"{folder} may not include {name}")
        if name.startswith(NEVER.get(folder, ())):
            faults.append(f"{folder} may not include {name}")

    return faults


def main(src: pathlib.Path) -> int:
    files = sorted(p for p in src.rglob("*") if p.suffix in (".c", ".h", ".in"))
    homes = {p.name.removesuffix(".in"): p.parent.relative_to(src).as_posix() for p in files}
    bad = 0

    for path in files:
        folder = path.parent.relative_to(src).as_posix()
        if folder not in LIBRARY and folder not in PROGRAMS:
            faults = [f"{folder} is no layer"]
        elif path.name == "runtimeuse.h":
            faults = []
        elif path.name == SHARED:
            faults = faults_of("job", path.read_text(encoding="utf-8"), homes)
        else:
            faults = faults_of(folder, path.read_text(encoding="utf-8"), homes)
        for fault in faults:
            print(f"{path}: {fault}")
        bad += len(faults)

    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
