#!/usr/bin/env bash
# Builds the index of a world under a memory cap and fails when the process went over it.
# Usage: bench/memory.sh [EVENTS [MEMORY]]; default 50M 2G.
set -euo pipefail
cd "$(dirname "$0")/.."
events=${1:-50M} memory=${2:-2G}
assay=build/release/cli/assay
folder=build/bench/$events
"$assay" simulate "$folder" --events "$events" --project examples/short_video -q >/dev/null
python3 - "$assay" "$folder" "$memory" <<'EOF'
import resource, subprocess, sys, time
assay, folder, memory = sys.argv[1:]
cap = float(memory.rstrip("GM")) * (2**30 if memory.endswith("G") else 2**20)
begin = time.perf_counter()
subprocess.run([assay, "index", folder, "--force", "--memory", memory, "-q"], check=True,
               stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(f"built in {time.perf_counter() - begin:.1f} s, peak {peak / 2**30:.2f} GiB, cap {memory}")
sys.exit(peak > cap)
EOF
