#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the suites again and again, and checks that nothing is left afterwards.
# Takes long, so it is no part of `./dev test`.
# Usage: soak.sh [BUILD-DIR [TIMES [SUITE...]]]
set -eu

cd "$(dirname "$0")/.."
build=${1:-build}
times=${2:-20}
[ $# -lt 2 ] && shift $# || shift 2
[ $# -gt 0 ] || set -- unit protocol integration introspection

suites=''
for suite in "$@"; do
  suites="$suites --suite $suite"
done

# What is left is told from what was there, and from what belongs to others, by this folder.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
TMPDIR=$folder
export TMPDIR

# Descriptors are counted by the tests themselves: here it is too late.
left_processes () {
  for path in /proc/[0-9]*; do
    [ "${path#/proc/}" != $$ ] || continue
    if { tr '\0' '\n' <"$path/environ"; } 2>/dev/null | grep -qxF "TMPDIR=$folder" ||
       [ "$(readlink "$path/cwd" 2>/dev/null | cut -c "1-${#folder}")" = "$folder" ]; then
      printf '%s: %s\n' "${path#/proc/}" "$(tr '\0' ' ' <"$path/cmdline" 2>/dev/null)"
    fi
  done
}

ninja -C "$build"
run=1
while [ "$run" -le "$times" ]; do
  # shellcheck disable=SC2086
  meson test -C "$build" --no-rebuild --print-errorlogs --logbase "soak-$run" $suites </dev/null

  # pytest keeps the folders of its last runs.
  rm -rf "$folder"/pytest-of-*
  files=$(find "$folder" -mindepth 1)
  processes=$(left_processes | grep -v -e 'grep' -e 'soak.sh' || true)
  if [ -n "$files$processes" ]; then
    printf 'soak: left after run %s:\n%s\n%s\n' "$run" "$files" "$processes" >&2
    exit 1
  fi
  echo "soak: run $run of $times left nothing"
  run=$((run + 1))
done
