#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The library must export exactly the symbols that the baseline lists.
#
# Usage: check-symbols.sh LIBRARY BASELINE
# To take over a change that was meant: check-symbols.sh --update LIBRARY BASELINE
set -eu

update=no
if [ "$1" = --update ]; then
  update=yes
  shift
fi

symbols=$(nm --dynamic --defined-only "$1" | awk '{ print $3 }' | LC_ALL=C sort)

if [ "$update" = yes ]; then
  printf '%s\n' "$symbols" >"$2"
else
  printf '%s\n' "$symbols" | diff -u "$2" - || {
    echo "The public interface changed. If that is meant: $0 --update $1 $2" >&2
    exit 1
  }
fi
