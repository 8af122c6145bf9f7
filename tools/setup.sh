#!/usr/bin/env bash
# Installs what assay needs to build and test on Debian 12: Debian packages, libduckdb and the
# page's packages from npm. Runs as root or as a user with sudo; does nothing that is done already.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  g++ make cmake ninja-build ccache mold git pkg-config python3 python3-jsonschema tzdata
  clang-format-16 clang-tidy-16
  libboost1.81-dev libeigen3-dev libexpected-dev libfmt-dev libhowardhinnant-date-dev
  libcurl4-openssl-dev libxxhash-dev libyaml-cpp-dev libcli11-dev nlohmann-json3-dev
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
  chromium fonts-dejavu-core
  maven unzip openssl curl python3-venv
)

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "these Debian packages are missing and there is no sudo: ${missing[*]}"
    as_root=(sudo)
  fi
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update -qq &&
         DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq \
           --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "could not install: ${missing[*]}"
  fi
  rm -f "$log"
fi

command -v node >/dev/null && command -v npm >/dev/null ||
  die "node (20.19 or newer) and npm are missing: install them, then run make setup again"
node -e 'const [a, b] = process.versions.node.split(".").map(Number);
         process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  die "node $(node --version) is too old for the page's build: 20.19 or newer is needed"

# npm ci writes a folder whole; the stamp says for which lock file it was done.
npm_install() {
  local folder=$1 lock stamp
  lock=$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)
  stamp="$folder/node_modules/.installed-$lock"
  [ -f "$stamp" ] && return
  say "npm packages of $folder"
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
    die "npm ci failed in $folder: is a package registry reachable?"
  touch "$stamp"
}
npm_install deps/duckdb
npm_install web/ui
[ -f tests/browser/package-lock.json ] && npm_install tests/browser

[ -f deps/duckdb/node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so ] ||
  die "libduckdb.so is missing after npm ci: this package exists for Linux on x86-64 only"
say "all there"
