#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs one file of these tests for meson, with the packages that ./dev test installed.
# Usage: run.sh BUILD-DIR FILE [ARGS OF PYTEST]
set -eu

build=$1
file=$2
shift 2

here=$(dirname "$0")
python=${RUNTIMEUSE_TEST_VENV:-$build/venv}/bin/python3
: "${RUNTIMEUSE_PROGRAM:=$build/src/cli/runtimeuse}"
: "${RUNTIMEUSE_TEST_NODE_MODULES:=$build/node_modules}"
: "${RUNTIMEUSE_TEST_JSON_SCHEMA_SUITE:=$build/json-schema-suite}"
: "${RUNTIMEUSE_TEST_EXAMPLES:=$build/examples}"
: "${RUNTIMEUSE_TEST_JSON_SCHEMA_CHECKER:=$build/tests/unit/json-schema-checker}"
PYTHONDONTWRITEBYTECODE=1
export RUNTIMEUSE_PROGRAM RUNTIMEUSE_TEST_NODE_MODULES PYTHONDONTWRITEBYTECODE
export RUNTIMEUSE_TEST_JSON_SCHEMA_SUITE RUNTIMEUSE_TEST_JSON_SCHEMA_CHECKER
export RUNTIMEUSE_TEST_EXAMPLES

skip () {
  echo "1..0 # SKIP no $1: ./dev test installs the packages of the tests"
  exit 0
}

case $file in
  *.mjs)
    [ -d "$RUNTIMEUSE_TEST_NODE_MODULES/ws" ] || skip "$RUNTIMEUSE_TEST_NODE_MODULES/ws"
    exec node "$here/$file" "$@"
    ;;
  *json_schema_suite*)
    [ -d "$RUNTIMEUSE_TEST_JSON_SCHEMA_SUITE/tests" ] || skip "$RUNTIMEUSE_TEST_JSON_SCHEMA_SUITE"
    ;;
esac

[ -x "$python" ] || skip "$python"

# The words of pytest go to stderr, so that stdout is nothing but TAP.
exec 3>&1 1>&2
exec "$python" -m pytest -p no:cacheprovider -q --tb=native --tap 3 "$here/$file" "$@"
