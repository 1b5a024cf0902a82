#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs one of the example agents and looks at what it says.
# Usage: test-agent.sh COMMAND…
set -eu

said=$("$@" 'one two three')
[ "$said" = 'counting 3 words
3 words' ] || {
  echo "it said: $said" >&2
  exit 1
}
