#!/usr/bin/env bash
# Brings a real Spark up (master, two workers, connect server), runs the tests that want it, and
# takes it down whatever happens. Usage: test_spark.sh BUILD-FOLDER.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1

trap 'tools/cluster/spark.sh down' EXIT
for step in 'engines.sh fetch' 'spark.sh up'; do  # The ADBC driver comes with the small engines.
  code=0
  # shellcheck disable=SC2086
  tools/cluster/$step || code=$?
  [ "$code" = 77 ] && exit 0
  [ "$code" = 0 ] || exit "$code"
done
eval "$(tools/cluster/engines.sh env | grep ASSAY_ADBC)"
eval "$(tools/cluster/spark.sh env)"
"$build/tests/differential/warehouse_answers_test"
ctest --test-dir "$build" --output-on-failure -R '^dialects/spark$'
"$build/tests/cluster/lines_test" --gtest_filter='*SPARK*'
