#!/usr/bin/env bash
# The long forms of the tests that have a long form, on the release build: 200 kills and signals; 50 kills of a node and its head-end
# under load; twins that crash at random for GRIDTWIN_SOAK_SECONDS (60); transformers and writers that die, with 1,000 seeds each; 1,000
# orders of a settlement, a million references of messages; memory at 20, 40 and 100 million rows; a million restarts of twins; every source
# compiled alone; every system test under the sanitizers; every fuzzer for ten minutes. Takes hours and 15 GB of disk.
# scripts/soak.sh [kills|crashes|deaths|orders|memory|restarts|alone|sanitizers|fuzz]...
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install.sh test
scripts/build.sh release gridtwin gridtwin_planted
gridtwin=$PWD/build/release/gridtwin
shared=$PWD/../shared

system() { # system TEST ARGUMENTS...
  local test=$1
  shift
  echo "== $test $*"
  python3 -B "tests/system/$test.py" --program "$gridtwin" --shared "$shared" "$@"
}
kills() {
  system same_bytes --kills 200
  system ended_runs --signals 200
  system live_kills --kills 50 --seed "$RANDOM"
}
crashes() { system random_faults --seconds "${GRIDTWIN_SOAK_SECONDS:-60}" --seed "$RANDOM"; }
cases() { # cases PROGRAM CASES: the long forms of unit_tests or actor_tests
  scripts/build.sh release "$1"
  echo "== $1 $2"
  GRIDTWIN_SOAK=1 "build/release/tests/$1" --test-case="$2"
}
deaths() { cases actor_tests "V4*,V5*"; }
orders() {
  cases unit_tests "*ENV-02*"
  system settle --only one_settlement_whatever_the_order --orders 1000
}
memory() { system memory --meters 20000 --rows 20000000 40000000 100000000; }
restarts() { # memory after a million is within 5 % of that after the first tenth; what leaks, the suite's asan build says
  cases actor_tests "V18*"
  echo "== bench restarts"
  "$gridtwin" bench restarts --restarts 1000000 --json | tee /dev/stderr | python3 -c '
import json, sys
found = json.load(sys.stdin)
sys.exit(found["restarts"] < 1_000_000 or found["rss_last_bytes"] > 1.05 * found["rss_first_bytes"])'
}
alone() {
  scripts/build.sh dev gridtwin
  tests/style/check_alone.py --build build/dev
}
sanitizers() { # the system tests that are too long for the suite's own run under them; memory says nothing there
  scripts/build.sh asan
  (cd build/asan && ctest --output-on-failure -L '^system$' -E '^memory')
}
fuzz() {
  scripts/build.sh fuzz fuzz_targets
  for target in build/fuzz/tests/fuzz_*; do
    [[ -f $target && -x $target ]] || continue
    local name
    name=$(basename "$target")
    echo "== $name"
    mkdir -p "build/soak/$name"
    "$target" -max_total_time=600 -timeout=10 -rss_limit_mb=2048 -artifact_prefix="build/soak/$name-" \
      "build/soak/$name" "tests/fuzz/corpus/${name#fuzz_}"
  done
}

if (($# == 0)); then
  set -- kills crashes deaths orders memory restarts alone sanitizers fuzz
fi
for part in "$@"; do
  case $part in
    kills | crashes | deaths | orders | memory | restarts | alone | sanitizers | fuzz) "$part" ;;
    *)
      echo "usage: scripts/soak.sh [kills|crashes|deaths|orders|memory|restarts|alone|sanitizers|fuzz]..." >&2
      exit 2
      ;;
  esac
done
echo "soaked: $*"
