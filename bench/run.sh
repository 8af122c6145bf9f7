#!/usr/bin/env bash
# Simulates worlds of 20 and 50 million events (or those named), then compares assay with DuckDB
# and ClickHouse on them: equal answers first. Usage: bench/run.sh [EVENTS ...]
set -euo pipefail
cd "$(dirname "$0")/.."
assay=build/release/cli/assay
bench=build/release/bench/engine_bench
if [ ! -x build/bench/venv/bin/python ]; then
  python3 -m venv build/bench/venv
  build/bench/venv/bin/pip install -q duckdb==2.0.0 chdb==4.4.0 pytz
fi
cmake --build build/release --target engine_bench assay
[ $# -gt 0 ] || set -- 20M 50M
for events in "$@"; do
  folder=build/bench/$events
  "$assay" simulate "$folder" --events "$events" --project examples/short_video -q >/dev/null
  build/bench/venv/bin/python bench/compare.py "$folder" --assay "$assay" --bench "$bench"
done
