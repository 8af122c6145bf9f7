#!/usr/bin/env bash
# Small engines on the loopback address, from PyPI, for tests of the lines and dialects:
#   Sail        Spark SQL over Spark Connect and over Arrow Flight SQL (a cluster in one process)
#   ClickHouse  the SQL engine of ClickHouse inside chdb-core, behind clickhouse_http.py: it tests
#               the dialect and the shape of the HTTP interface; it is no server and no cluster
#
#   engines.sh fetch             packages into CLUSTER/venv (pinned; about 0.3 GB)
#   engines.sh up [NAME=FILES]   start all; each NAME becomes a view of Parquet files in ClickHouse
#   engines.sh env               what tests read, as shell exports
#   engines.sh status            who runs
#   engines.sh down              stop all
#
# Exit code 77: cannot be done on this machine, the reason is printed.
# From the environment: CLUSTER (build/cluster), PORT (18180; Spark Connect; Flight SQL takes
# PORT+1, ClickHouse PORT+2).
set -euo pipefail
cd "$(dirname "$0")/../.."

CLUSTER=$(realpath -m "${CLUSTER:-build/cluster}")
PORT=${PORT:-18180}
VENV=$CLUSTER/venv
STATE=$CLUSTER/engines
PACKAGES=(pysail==0.7.2 adbc-driver-spark==0.3.0 adbc-driver-flightsql==1.13.0 chdb-core==26.9.0)

skip() { echo "skipped: $*" >&2; exit 77; }

fetch() {
  local stamp=$VENV/.packages wanted="${PACKAGES[*]}"
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
  python3 -m venv "$VENV" || skip "python3 cannot make a virtual environment"
  "$VENV/bin/pip" install --quiet "${PACKAGES[@]}" >"$CLUSTER/pip.log" 2>&1 ||
    { tail -3 "$CLUSTER/pip.log" >&2; skip "PyPI does not give ${PACKAGES[*]}"; }
  echo "$wanted" >"$stamp"
}

# start NAME COMMAND...: in the background, its process id in STATE/NAME.pid
start() {
  local name=$1; shift
  mkdir -p "$STATE/$name"
  (cd "$STATE/$name" && exec setsid "$@" >"$STATE/$name.log" 2>&1 </dev/null) &
  echo $! >"$STATE/$name.pid"
}

alive() { [ -f "$STATE/$1.pid" ] && kill -0 "$(cat "$STATE/$1.pid")" 2>/dev/null; }

wait_for() {
  local name=$1 port=$2
  for _ in $(seq 1 300); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 0; fi
    alive "$name" || { tail -5 "$STATE/$name.log" >&2; echo "$name did not start" >&2; return 1; }
    sleep 0.1
  done
  echo "$name does not open port $port" >&2
  return 1
}

stop() {
  local name=$1 pid
  [ -f "$STATE/$name.pid" ] || return 0
  pid=$(cat "$STATE/$name.pid")
  kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq 1 30); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -KILL -- "-$pid" 2>/dev/null || true
  rm -f "$STATE/$name.pid"
}

case ${1:-} in
  fetch) fetch ;;
  up)
    shift
    fetch
    for name in sail flight clickhouse; do stop "$name"; done
    SAIL_MODE=local-cluster start sail "$VENV/bin/sail" spark server --ip 127.0.0.1 --port "$PORT"
    start flight "$VENV/bin/sail" flight server --ip 127.0.0.1 --port $((PORT + 1))
    start clickhouse "$VENV/bin/python" "$PWD/tools/cluster/clickhouse_http.py" $((PORT + 2)) "$@"
    wait_for sail "$PORT"
    wait_for flight $((PORT + 1))
    wait_for clickhouse $((PORT + 2))
    ;;
  env)
    packages=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo "export ASSAY_ADBC_SPARK=$packages/adbc_driver_spark/libadbc_driver_spark.so"
    echo "export ASSAY_ADBC_FLIGHTSQL=$packages/adbc_driver_flightsql/libadbc_driver_flightsql.so"
    echo "export ASSAY_SPARK=spark://127.0.0.1:$PORT"
    echo "export ASSAY_FLIGHTSQL='flightsql://127.0.0.1:$((PORT + 1))?dialect=spark'"
    echo "export ASSAY_CLICKHOUSE=clickhouse://127.0.0.1:$((PORT + 2))/default"
    ;;
  status) for name in sail flight clickhouse; do alive "$name" && echo "$name runs" || true; done ;;
  down) for name in clickhouse flight sail; do stop "$name"; done ;;
  *) sed -n '2,19p' "$0" | sed 's/^# \{0,1\}//'; exit 2 ;;
esac
