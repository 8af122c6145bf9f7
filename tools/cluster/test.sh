#!/usr/bin/env bash
# Brings a real Trino up, runs the tests that want one, and takes it down whatever happens.
# Usage: test.sh BUILD-FOLDER. Exit code 0 with a printed reason where no Trino can be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1

trap 'tools/cluster/trino.sh down' EXIT
tools/cluster/trino.sh up 2 NONE || {
  code=$?
  [ "$code" = 77 ] && exit 0
  exit "$code"
}
eval "$(tools/cluster/trino.sh env)"
# Those that take processes away come last.
ctest --test-dir "$build" --output-on-failure -L '^cluster$'
ctest --test-dir "$build" --output-on-failure -L '^cluster_faults$'
