#!/usr/bin/env bash
# The long forms of the tests that have a long form, on the release build: 200 kills and signals, memory at 10, 30 and 100 million rows,
# a million restarts of twins, every fuzzer for ten minutes. Takes hours and 15 GB of disk. scripts/soak.sh [kills|memory|restarts|fuzz]...
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
  system process_deaths --signals 200
}
memory() { system memory --meters 20000 --rows 10000000 30000000 100000000; }
restarts() {
  scripts/build.sh release actor_tests
  GRIDTWIN_SOAK=1 build/release/tests/actor_tests --test-case="V18*"
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
  set -- kills memory restarts fuzz
fi
for part in "$@"; do
  case $part in
    kills | memory | restarts | fuzz) "$part" ;;
    *)
      echo "usage: scripts/soak.sh [kills|memory|restarts|fuzz]..." >&2
      exit 2
      ;;
  esac
done
echo "soaked: $*"
