#!/usr/bin/env bash
# A real Spark on this machine: a master, two workers and a Spark Connect server, each a process of
# its own, on the loopback address alone.
#
#   spark.sh fetch    pyspark from PyPI into CLUSTER/spark-venv (about 0.5 GB)
#   spark.sh up       start and wait until the connect server answers
#   spark.sh env      what tests read, as shell exports
#   spark.sh status   who runs
#   spark.sh down     stop all
#
# Exit code 77: cannot be done on this machine, the reason is printed.
# From the environment: CLUSTER (build/cluster), PORT (18280; master PORT+1, their pages PORT+2...),
# JAVA_HOME (a JDK of 17 or newer), HEAP_EXECUTOR (1g), SPARK_EXTRA (more options of spark-submit).
# Tables live in memory and are gone after `down`; so are the files behind them, since Spark makes
# no table where files lie.
set -euo pipefail
cd "$(dirname "$0")/../.."

PYSPARK=pyspark==4.3.0
CLUSTER=$(realpath -m "${CLUSTER:-build/cluster}")
PORT=${PORT:-18280}
VENV=$CLUSTER/spark-venv
STATE=$CLUSTER/spark
HEAP_EXECUTOR=${HEAP_EXECUTOR:-1g}
MASTER=spark://127.0.0.1:$((PORT + 1))

skip() { echo "skipped: $*" >&2; exit 77; }

fetch() {
  [ "$(cat "$VENV/.packages" 2>/dev/null)" = "$PYSPARK" ] && return
  python3 -m venv "$VENV" || skip "python3 cannot make a virtual environment"
  mkdir -p "$CLUSTER"
  "$VENV/bin/pip" install --quiet "$PYSPARK" >"$CLUSTER/pip-spark.log" 2>&1 ||
    { tail -3 "$CLUSTER/pip-spark.log" >&2; skip "PyPI does not give $PYSPARK"; }
  echo "$PYSPARK" >"$VENV/.packages"
}

find_java() {
  local home
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/java-17-openjdk-amd64 /usr/lib/jvm/java-21-openjdk-amd64 \
    /usr/lib/jvm/temurin-*-jdk-amd64; do
    [ -n "$home" ] && [ -x "$home/bin/java" ] && { export JAVA_HOME=$home; return; }
  done
  skip "no JDK found; set JAVA_HOME"
}

start() {
  local name=$1; shift
  mkdir -p "$STATE/$name"
  (cd "$STATE/$name" && exec setsid "$@" >"$STATE/$name.log" 2>&1 </dev/null) &
  echo $! >"$STATE/$name.pid"
}

alive() { [ -f "$STATE/$1.pid" ] && kill -0 "$(cat "$STATE/$1.pid")" 2>/dev/null; }

down() {
  local name pid
  for name in connect worker1 worker2 master; do
    [ -f "$STATE/$name.pid" ] || continue
    kill -TERM -- "-$(cat "$STATE/$name.pid")" 2>/dev/null || true
  done
  for name in connect worker1 worker2 master; do
    [ -f "$STATE/$name.pid" ] || continue
    pid=$(cat "$STATE/$name.pid")
    for _ in $(seq 1 50); do kill -0 -- "-$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL -- "-$pid" 2>/dev/null || true
    rm -f "$STATE/$name.pid"
  done
  rm -rf "$STATE/tables" "$STATE/work1" "$STATE/work2"
}

up() {
  local deploy=org.apache.spark.deploy jar tries
  export SPARK_HOME SPARK_LOCAL_IP=127.0.0.1 SPARK_LOCAL_HOSTNAME=127.0.0.1
  export SPARK_DAEMON_MEMORY=512m SPARK_NO_DAEMONIZE=1
  SPARK_HOME=$("$VENV/bin/python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
  start master "$SPARK_HOME/bin/spark-class" $deploy.master.Master --host 127.0.0.1 \
    --port $((PORT + 1)) --webui-port $((PORT + 2))
  for i in 1 2; do
    start "worker$i" "$SPARK_HOME/bin/spark-class" $deploy.worker.Worker "$MASTER" \
      --host 127.0.0.1 --cores 1 --memory 2g --webui-port $((PORT + 2 + i)) \
      --work-dir "$STATE/work$i"
  done
  jar=$(ls "$SPARK_HOME"/jars/spark-connect_2.13-*.jar)
  # shellcheck disable=SC2086
  start connect "$SPARK_HOME/bin/spark-submit" \
    --class org.apache.spark.sql.connect.service.SparkConnectServer --master "$MASTER" \
    --name assay --driver-memory 1g --executor-memory "$HEAP_EXECUTOR" --executor-cores 1 \
    --total-executor-cores 2 --conf spark.connect.grpc.binding.address=127.0.0.1 \
    --conf spark.connect.grpc.binding.port="$PORT" --conf spark.sql.session.timeZone=UTC \
    --conf spark.sql.shuffle.partitions=8 --conf spark.driver.bindAddress=127.0.0.1 \
    --conf spark.driver.host=127.0.0.1 --conf spark.ui.port=$((PORT + 5)) \
    --conf spark.sql.warehouse.dir="$STATE/tables" ${SPARK_EXTRA:-} "$jar"
  for tries in $(seq 1 480); do
    alive connect || { tail -20 "$STATE/connect.log" >&2; echo "Spark did not start" >&2; exit 1; }
    if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
      echo "Spark answers at port $PORT after $((tries / 4)) s"
      return
    fi
    sleep 0.25
  done
  echo "Spark does not open port $PORT" >&2
  exit 1
}

case ${1:-} in
  fetch) fetch ;;
  up) fetch; find_java; down; up ;;
  env)
    packages=$("$CLUSTER/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo "export ASSAY_ADBC_SPARK=$packages/adbc_driver_spark/libadbc_driver_spark.so"
    echo "export ASSAY_SPARK=spark://127.0.0.1:$PORT"
    ;;
  status) for name in master worker1 worker2 connect; do alive "$name" && echo "$name runs" || true; done ;;
  down) down ;;
  *) sed -n '2,16p' "$0" | sed 's/^# \{0,1\}//'; exit 2 ;;
esac
