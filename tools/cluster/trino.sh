#!/usr/bin/env bash
# A real Trino on this machine: one coordinator and some workers, each a process of its own, on the
# loopback address alone.
#
#   trino.sh fetch                  Trino from Maven Central into build/cluster (about 0.8 GB)
#   trino.sh up [WORKERS] [RETRY]   start and wait until all are there; 2, NONE (or TASK)
#   trino.sh status                 who runs
#   trino.sh env                    what tests read, as shell exports
#   trino.sh down                   stop all
#
# Exit code 77: cannot be done on this machine, the reason is printed.
#
# From the environment: PORT (18080; workers take the ports behind it, TLS takes PORT+400),
# CLUSTER (build/cluster), DATA (its data folder, seen by Trino as local:///), JAVA_HOME (a JDK of
# 24 or newer), HEAP_COORDINATOR (1G), HEAP_WORKER (2G), MEMORY_WORKER (1GB: what one query may take
# of a worker; 300 MB less than its heap at most), SPILL (false; true: what does not fit goes to
# CLUSTER/trino/spill), MAX_ERROR_DURATION (10s: how long a lost worker is waited for), CATALOGS
# ("hive memory iceberg").
#
# Plain HTTP lets everyone in as the user they say; TLS asks for a password (user ann, "correct
# horse") or a token (make_token.py CLUSTER/trino/tls/jwt.key USER SECONDS). User `stranger` may
# read nothing. Certificate to trust: CLUSTER/trino/tls/ca.pem.
set -euo pipefail
cd "$(dirname "$0")/../.."

VERSION=476
PORT=${PORT:-18080}
TLS_PORT=$((PORT + 400))
CLUSTER=$(realpath -m "${CLUSTER:-build/cluster}")
STATE=$CLUSTER/trino
DATA=$(realpath -m "${DATA:-$CLUSTER/data}")
HOME_DIR=$CLUSTER/trino-server-core-$VERSION
CATALOGS=${CATALOGS:-hive memory iceberg}
SECRET=assay-loopback-only

say() { printf 'trino: %s\n' "$*"; }
skip() { printf 'trino: skipped: %s\n' "$*"; exit 77; }
die() { printf 'trino: %s\n' "$*" >&2; exit 1; }

# The first JDK of 24 or newer: Trino 476 needs one.
find_java() {
  local home major
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    [ -n "$home" ] && [ -x "$home/bin/java" ] && [ -f "$home/release" ] || continue
    major=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release")
    [ "${major:-0}" -ge 24 ] && { echo "$home"; return; }
  done
  return 1
}

# artefact NAME TYPE: its file in the local Maven repository, fetched when it is not there.
artefact() {
  local file=${MAVEN_REPOSITORY:-$HOME/.m2/repository}/io/trino/$1/$VERSION/$1-$VERSION.$2
  if [ ! -f "$file" ]; then
    command -v mvn >/dev/null || skip "mvn is not installed, and $1 $VERSION is not in ~/.m2" >&2
    say "fetching $1 $VERSION" >&2
    mvn -q -B -Dmaven.repo.local="${MAVEN_REPOSITORY:-$HOME/.m2/repository}" \
      org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get \
      -Dartifact="io.trino:$1:$VERSION:$2" -Dtransitive=false >&2 ||
      skip "Maven cannot fetch io.trino:$1:$VERSION:$2" >&2
  fi
  echo "$file"
}

plugin() {
  [ -d "$HOME_DIR/plugin/$1" ] && return
  command -v unzip >/dev/null || skip "unzip is not installed"
  local file part
  file=$(artefact "trino-$1" zip)
  part=$HOME_DIR/plugin/.part-$1
  rm -rf "$part"
  unzip -q "$file" -d "$part"
  mv "$part/trino-$1-$VERSION" "$HOME_DIR/plugin/$1"
  rm -rf "$part"
}

fetch() {
  local file part=$CLUSTER/.part
  if [ ! -d "$HOME_DIR" ]; then
    file=$(artefact trino-server-core tar.gz)
    rm -rf "$part"
    mkdir -p "$part"
    tar xzf "$file" -C "$part"
    mv "$part/trino-server-core-$VERSION" "$HOME_DIR"
    rm -rf "$part"
  fi
  for catalog in $CATALOGS; do plugin "$catalog"; done
}

# A certificate for 127.0.0.1 and localhost, and a password file with bcrypt hashes.
make_secrets() {
  local tls=$STATE/tls
  [ -f "$tls/jwt.key" ] && return
  mkdir -p "$tls"
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
    -keyout "$tls/key.pem" -out "$tls/ca.pem" 2>/dev/null
  cat "$tls/key.pem" "$tls/ca.pem" >"$tls/server.pem"
  # PBKDF2 as Trino's file authenticator reads it: iterations, salt, hash.
  python3 - "$tls/password.db" <<'PYTHON'
import hashlib, os, sys
salt = os.urandom(16)
digest = hashlib.pbkdf2_hmac("sha1", b"correct horse", salt, 1000, 64)
open(sys.argv[1], "w").write(f"ann:1000:{salt.hex()}:{digest.hex()}\n")
PYTHON
  head -c 32 /dev/urandom | base64 >"$tls/jwt.key"
  cat >"$tls/rules.json" <<'RULES'
{"catalogs": [{"allow": "all"}],
 "schemas": [{"owner": true}],
 "tables": [{"user": "stranger", "privileges": []},
            {"privileges": ["SELECT", "INSERT", "DELETE", "UPDATE", "OWNERSHIP"]}],
 "functions": [{"privileges": ["EXECUTE"]}],
 "procedures": [{"privileges": ["EXECUTE"]}]}
RULES
}

write_catalogs() {
  local folder=$1
  for catalog in $CATALOGS; do
    case $catalog in
      hive) cat >"$folder/hive.properties" <<X
connector.name=hive
hive.metastore=file
hive.metastore.catalog.dir=local:///metastore
hive.security=allow-all
hive.non-managed-table-writes-enabled=true
hive.parquet.time-zone=UTC
hive.timestamp-precision=MICROSECONDS
fs.native-local.enabled=true
local.location=$DATA
X
        ;;
      iceberg) cat >"$folder/iceberg.properties" <<X
connector.name=iceberg
iceberg.catalog.type=TESTING_FILE_METASTORE
hive.metastore.catalog.dir=local:///iceberg
fs.native-local.enabled=true
local.location=$DATA
X
        ;;
      memory) printf 'connector.name=memory\nmemory.max-data-per-node=256MB\n' >"$folder/memory.properties" ;;
      *) die "no catalog is known by the name $catalog" ;;
    esac
  done
}

coordinator_properties() {
  cat <<X
node-scheduler.include-coordinator=false
query.max-memory-per-node=512MB
query.min-expire-age=2m
query-manager.required-workers-max-wait=1m
http-server.https.enabled=true
http-server.https.port=$TLS_PORT
http-server.https.keystore.path=$STATE/tls/server.pem
http-server.authentication.type=PASSWORD,JWT
http-server.authentication.jwt.key-file=$STATE/tls/jwt.key
http-server.authentication.allow-insecure-over-http=true
X
}

# configure NAME PORT true|false
configure() {
  local folder=$STATE/$1 etc=$STATE/$1/data/etc
  rm -rf "$folder"
  mkdir -p "$etc/catalog"
  {
    cat <<X
coordinator=$3
http-server.http.port=$2
discovery.uri=http://127.0.0.1:$PORT
internal-communication.shared-secret=$SECRET
plugin.dir=$STATE/plugin
query.max-memory=64GB
spill-enabled=${SPILL:-false}
spiller-spill-path=$STATE/spill
memory.heap-headroom-per-node=300MB
task.concurrency=2
exchange.client-threads=4
query.remote-task.max-error-duration=${MAX_ERROR_DURATION:-10s}
retry-policy=$RETRY
fault-tolerant-execution-task-memory=256MB
fault-tolerant-execution-arbitrary-distribution-compute-task-target-size-min=16MB
fault-tolerant-execution-hash-distribution-compute-task-target-size=64MB
fault-tolerant-execution-max-partition-count=8
fault-tolerant-execution-min-partition-count=4
X
    if [ "$3" = true ]; then coordinator_properties; else
      echo "query.max-memory-per-node=${MEMORY_WORKER:-1GB}"
    fi
  } >"$etc/config.properties"
  # Even with RETRY=NONE a session may ask for TASK, so the exchange is always there.
  printf 'exchange-manager.name=filesystem\nexchange.base-directories=%s\n' "$STATE/exchange" \
    >"$etc/exchange-manager.properties"
  if [ "$3" = true ]; then
    printf 'password-authenticator.name=file\nfile.password-file=%s\n' "$STATE/tls/password.db" \
      >"$etc/password-authenticator.properties"
    printf 'access-control.name=file\nsecurity.config-file=%s\n' "$STATE/tls/rules.json" \
      >"$etc/access-control.properties"
  fi
  echo io.trino=INFO >"$etc/log.properties"
  write_catalogs "$etc/catalog"
}

# start NAME HEAP: etc/*.properties are read relative to the working folder.
start() {
  local folder=$STATE/$1 etc=$STATE/$1/data/etc
  (cd "$folder/data" && exec setsid "$JAVA/bin/java" -server "-Xmx$2" -XX:+UseSerialGC \
    -XX:+ExplicitGCInvokesConcurrent -XX:+ExitOnOutOfMemoryError -XX:ReservedCodeCacheSize=256M \
    -XX:PerMethodRecompilationCutoff=10000 -XX:PerBytecodeRecompilationCutoff=10000 \
    -Djdk.attach.allowAttachSelf=true -Djdk.nio.maxCachedBufferSize=2000000 -Dfile.encoding=UTF-8 \
    --enable-native-access=ALL-UNNAMED --add-modules=jdk.incubator.vector \
    -Dnode.environment=assay -Dnode.id="$1" -Dnode.data-dir="$folder/data" \
    -Dnode.internal-address=127.0.0.1 -Dnode.bind-ip=127.0.0.1 \
    -Dconfig="$etc/config.properties" -Dlog.levels-file="$etc/log.properties" \
    -Dcatalog.config-dir="$etc/catalog" \
    -cp "$HOME_DIR/lib/*" io.trino.server.TrinoServer >"$folder/server.log" 2>&1 </dev/null) &
  echo $! >"$folder/pid"
}

# alive PID-FILE: true while its process runs and is a Trino.
alive() {
  [ -f "$1" ] && grep -qa io.trino.server.TrinoServer "/proc/$(cat "$1")/cmdline" 2>/dev/null
}

# The first value that a statement gives.
ask() {
  python3 - "http://127.0.0.1:$PORT" "$1" <<'PYTHON'
import json, sys, urllib.request
base, statement = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
request = urllib.request.Request(base + "/v1/statement", statement.encode(), {"X-Trino-User": "assay"})
try:
    for _ in range(600):
        page = json.load(opener.open(request, timeout=10))
        if page.get("data"): print(page["data"][0][0])
        if "nextUri" not in page: break
        request = urllib.request.Request(page["nextUri"], headers={"X-Trino-User": "assay"})
except OSError:
    pass
PYTHON
}

up() {
  local workers=${1:-2} begin=$SECONDS node
  RETRY=${2:-NONE}
  JAVA=$(find_java) || skip "no JDK of 24 or newer in \$JAVA_HOME or /usr/lib/jvm"
  fetch
  say "fetched after $((SECONDS - begin)) s"
  begin=$SECONDS
  for node in "$STATE"/*/pid; do
    if alive "$node"; then die "already running: $0 down"; fi
  done
  for node in $(seq "$PORT" $((PORT + workers))) "$TLS_PORT"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$node") 2>/dev/null; then die "port $node is taken: set PORT"; fi
  done
  mkdir -p "$STATE/plugin" "$STATE/exchange" "$STATE/spill" "$DATA/metastore" "$DATA/iceberg"
  for node in $CATALOGS exchange-filesystem password-authenticators; do
    ln -sfn "$HOME_DIR/plugin/$node" "$STATE/plugin/$node"
  done
  make_secrets
  configure coordinator "$PORT" true
  start coordinator "${HEAP_COORDINATOR:-1G}"
  for node in $(seq 1 "$workers"); do
    configure "worker$node" $((PORT + node)) false
    start "worker$node" "${HEAP_WORKER:-2G}"
  done
  while [ $((SECONDS - begin)) -lt 480 ]; do
    for node in "$STATE"/*/pid; do
      alive "$node" && continue
      tail -n 20 "$(dirname "$node")/server.log" >&2
      down
      die "$(basename "$(dirname "$node")") ended while starting; its log is above"
    done
    if [ "$(ask "SELECT count(*) FROM system.runtime.nodes WHERE state = 'active'")" = $((workers + 1)) ]; then
      ask 'CREATE SCHEMA IF NOT EXISTS hive.assay' >/dev/null
      say "coordinator and $workers workers up after $((SECONDS - begin)) s at 127.0.0.1:$PORT"
      return
    fi
    sleep 0.5
  done
  down
  die "not up within 480 s; logs in $STATE"
}

down() {
  local pid begin=$SECONDS
  for pid in "$STATE"/*/pid; do if alive "$pid"; then kill "$(cat "$pid")"; fi; done
  for pid in "$STATE"/*/pid; do
    while alive "$pid" && [ $((SECONDS - begin)) -lt 10 ]; do sleep 0.1; done
    if alive "$pid"; then kill -9 "$(cat "$pid")"; fi
    rm -f "$pid"
  done
  rm -rf "$STATE/exchange" "$STATE/spill"
  say "down after $((SECONDS - begin)) s"
}

status() {
  local pid any=false
  for pid in "$STATE"/*/pid; do
    if alive "$pid"; then
      any=true
      say "$(basename "$(dirname "$pid")") runs as process $(cat "$pid")"
    fi
  done
  $any || say "nothing runs"
}

print_env() {
  cat <<X
export ASSAY_TRINO='trino://assay@127.0.0.1:$PORT/hive/assay'
export ASSAY_TRINO_TLS='trino://ann@localhost:$TLS_PORT/hive/assay?tls=true&ca_file=${STATE//'/'/%2F}%2Ftls%2Fca.pem'
export ASSAY_TRINO_PASSWORD='correct horse'
export ASSAY_TRINO_JWT_KEY='$STATE/tls/jwt.key'
export ASSAY_TRINO_DATA='$DATA'
export ASSAY_TRINO_STATE='$STATE'
X
}

case ${1:-} in
  fetch) fetch && say "Trino $VERSION is in $HOME_DIR" ;;
  up) up "${@:2}" ;;
  down) down ;;
  status) status ;;
  env) print_env ;;
  *) sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 2 ;;
esac
