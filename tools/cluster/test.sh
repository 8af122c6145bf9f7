#!/usr/bin/env bash
# Brings real engines up, runs the tests that want them, and takes them down whatever happens:
# Trino as a cluster of three processes, and the small engines of engines.sh beside it.
# Usage: test.sh BUILD-FOLDER. What cannot be had on this machine is skipped with a printed reason.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1
began=$SECONDS

say() { printf 'test-cluster: %s (%s s)\n' "$*" $((SECONDS - began)); }
finish() {
  tools/cluster/trino.sh down
  tools/cluster/engines.sh down
}
trap finish EXIT

# up SCRIPT ARGUMENT...: starts and reads the environment; false where it cannot be had here.
up() {
  local script=$1 code=0
  shift
  "tools/cluster/$script" up "$@" || code=$?
  [ "$code" = 77 ] && { say "$script: skipped"; return 1; }
  [ "$code" = 0 ] || exit "$code"
  eval "$("tools/cluster/$script" env)"
  say "$script is up"
}

# Answers to the same random questions over the same random logs; other engines are not asked.
answers() { "$build/tests/differential/warehouse_answers_test"; }

if up engines.sh; then
  ctest --test-dir "$build" --output-on-failure -L '^engines$'
  answers
  for engine in sail clickhouse; do
    ctest --test-dir "$build" --output-on-failure -R "^dialects/$engine\$"
  done
  tools/cluster/engines.sh down
  unset ASSAY_SPARK ASSAY_CLICKHOUSE ASSAY_FLIGHTSQL
  say "small engines passed"
fi
if up trino.sh 2 NONE; then
  ctest --test-dir "$build" --output-on-failure -L '^cluster$'
  answers
  ctest --test-dir "$build" --output-on-failure -R '^dialects/trino$'
  ctest --test-dir "$build" --output-on-failure -L '^cluster_faults$'  # These take processes away.
  say "Trino passed"
fi
