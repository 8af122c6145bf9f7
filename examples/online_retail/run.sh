#!/bin/sh
# Runs this example on a Parquet file of order lines: run.sh DATA.parquet [FOLDER]
# FOLDER (build/online_retail unless given) gets a copy of the project, a link to the data and the
# pages. ASSAY names another assay program.
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: $0 DATA.parquet [FOLDER]" >&2
  exit 2
fi
example=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$example/../.." && pwd)
data=$1
folder=${2:-$root/build/online_retail}
assay=${ASSAY:-$root/build/release/cli/assay}

if [ ! -f "$data" ]; then
  echo "skipped: there is no file $data; examples/online_retail/README.md says where it comes from"
  exit 0
fi
if [ ! -x "$assay" ]; then
  echo "there is no program $assay; build it first, or name one: ASSAY=... $0 $data" >&2
  exit 5
fi

mkdir -p "$folder/data" "$folder/metrics" "$folder/out"
cp "$example/assay.yaml" "$folder/"
cp "$example"/metrics/*.yaml "$folder/metrics/"
ln -sf "$(cd "$(dirname "$data")" && pwd)/$(basename "$data")" "$folder/data/order_lines.parquet"

page() {  # name, verb, options: the verb as a page and as JSON
  name=$1
  shift
  "$assay" "$@" --quiet --format html --output "$folder/out/$name.html"
  "$assay" "$@" --quiet --format json --output "$folder/out/$name.json"
  echo "$folder/out/$name.html"
}
page audit audit "$folder"
page active_customers active-users "$folder" --events purchase
page retention retention "$folder" --start purchase --return purchase --days 60
page metrics metrics "$folder"
page metrics_by_month metrics "$folder" --by month
