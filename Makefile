# assay: `make demo` runs the main job end to end, `make test` verifies everything.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help setup build demo test test-asan test-cluster test-spark format format-check layers \
  tidy bench calibration clean

RUNS ?= 20000
JOBS ?= $(shell nproc)
EVENTS ?= 20M
SEED ?= 1
DEMO ?= demo
TIDY ?= src/assay|cli
ASSAY := build/release/cli/assay
export CCACHE_SLOPPINESS := pch_defines,time_macros
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export ASSAY_PYTHON ?= /usr/bin/python3

help:  ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: build/setup.stamp  ## install what building and testing need

build/setup.stamp: tools/setup.sh deps/duckdb/package-lock.json web/ui/package-lock.json tests/browser/package-lock.json
	@tools/setup.sh
	@mkdir -p build && touch $@

build: setup  ## build everything (release)
	@test -f build/release/build.ninja || cmake --preset release
	@cmake --build build/release --parallel $(JOBS)

demo: build  ## simulate, index, audit, analyse, decide, read out (EVENTS=20M SEED=1)
	@$(ASSAY) demo --events $(EVENTS) --seed $(SEED) --folder $(DEMO)

test: build  ## all tests on the release build
	@ctest --preset release --parallel $(JOBS)

test-asan: setup  ## all tests under address and undefined-behaviour sanitizers
	@test -f build/asan/build.ninja || cmake --preset asan
	@cmake --build build/asan --parallel $(JOBS)
	@ctest --preset asan --parallel $(JOBS)

test-cluster: build  ## tests on real engines: a Trino of three processes, Sail, ClickHouse's SQL
	@tools/cluster/test.sh build/release

test-spark: build  ## the same answers from a real Spark of four processes (slow; 0.5 GB)
	@tools/cluster/test_spark.sh build/release

format:  ## lay out the C++ sources
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format-16 -i

format-check:
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format-16 --dry-run --Werror

layers:  ## check who includes whom, names and sizes
	@python3 tools/tidy.py

tidy: setup  ## read the C++ sources with clang-tidy (slow: about ten CPU seconds a file)
	@cmake --preset tidy >/dev/null
	@run-clang-tidy-16 -quiet -p build/tidy -j $(JOBS) \
	  -extra-arg=-Wno-unknown-warning-option '$(CURDIR)/($(TIDY))/.*\.cpp'

bench: build  ## compare with other engines: equal answers first, then the time
	@bench/run.sh

calibration: build  ## simulate every interval and test; write docs/calibration.md
	@build/release/tests/calibration/calibration --write docs/calibration.md $(RUNS)

clean:
	@rm -rf build $(DEMO)
