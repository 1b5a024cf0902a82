#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Formats manual pages; the formatter must have nothing to say about them.
# Usage: check-man.sh PAGE…
set -eu

for page in "$@"; do
  said=$(groff -man -ww -z -Tutf8 -Kutf8 "$page" 2>&1)
  [ -z "$said" ] || {
    printf '%s\n' "$said"
    exit 1
  }
  grep -q '^\.SH NAME' "$page" || {
    echo "$page: no section NAME"
    exit 1
  }
done
