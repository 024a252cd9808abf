#!/usr/bin/env bash
# Installs what is absent, builds, and runs every test and check. The last line is `N passed, N failed, N skipped`; the exit
# status is 1 when something failed. Logs are in build/test-results. GRIDTWIN_FUZZ_SECONDS: time for each fuzzer (6).
set -uo pipefail
cd "$(dirname "$0")/.."

fuzz_seconds=${GRIDTWIN_FUZZ_SECONDS:-6}
results=build/test-results
passed=0 failed=0 skipped=0
exec 2>&1

finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0)) && exit 0
  exit 1
}

check() { # check NAME COMMAND...: one test; its output is shown when it fails
  local name=$1 log="$results/${1// /-}.log" begin=$SECONDS
  shift
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
    echo "  passed   $name ($((SECONDS - begin)) s)"
  else
    failed=$((failed + 1))
    echo "  FAILED   $name ($((SECONDS - begin)) s), the end of $log:"
    tail -n 60 "$log" | sed 's/^/    /'
    return 1
  fi
}

run_ctest() { # run_ctest PRESET CTEST-OPTIONS...: every test of it counts
  local preset=$1 junit="$PWD/$results/$1.xml" counts
  shift
  rm -f "$junit"
  (cd "build/$preset" && ctest -j "$(nproc)" --output-junit "$junit" "$@") >"$results/ctest-$preset.log" 2>&1
  if ! counts=$(scripts/read_junit.py "$junit"); then
    failed=$((failed + 1))
    echo "  FAILED   ctest of $preset gave no results, see $results/ctest-$preset.log"
    return
  fi
  read -r p f s <<<"$counts"
  if ((p + f + s == 0)); then
    failed=$((failed + 1))
    echo "  FAILED   ctest of $preset found no tests, see $results/ctest-$preset.log"
    return
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

fuzz() { # fuzz TARGET: on a copy of the committed corpus, so that the tree stays as it is
  local name corpus
  name=$(basename "$1")
  corpus=$PWD/$results/corpus/$name
  mkdir -p "$corpus"
  cp -r "tests/fuzz/corpus/${name#fuzz_}/." "$corpus/" 2>/dev/null || true
  (cd "$results" && "$OLDPWD/$1" -max_total_time="$fuzz_seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$PWD/$name-" "$corpus")
}

format_check() {
  find actors cluster config sim src supervision tests twins -name '*.[ch]pp' -print0 \
    | xargs -0 --no-run-if-empty clang-format-14 --dry-run -Werror
}

rm -rf "$results"
mkdir -p "$results"

if ! scripts/install.sh test; then
  failed=1
  finish
fi

echo "== style"
check "clang-format" format_check

build_ahead() { # build_ahead PRESET TARGET...: tests wait a good deal, for nodes and clocks; the next build has that time
  nice -n 19 scripts/build.sh "$@" >"$results/build-$1-ahead.log" 2>&1 &
}

echo "== dev: style, and the built program"
if check "build dev" scripts/build.sh dev system_programs; then
  build_ahead asan
  run_ctest dev -L '^(style|system)$'
  wait
fi

echo "== asan: unit tests, actor tests, corpora and short system tests under the sanitizers"
if check "build asan" scripts/build.sh asan; then
  build_ahead fuzz fuzz_targets
  run_ctest asan -L '^(unit|actor|corpus|asan)$'
  wait
fi

echo "== fuzz: $fuzz_seconds s each"
if check "build fuzz" scripts/build.sh fuzz fuzz_targets; then
  for target in build/fuzz/tests/fuzz_*; do
    [[ -f $target && -x $target ]] && check "$(basename "$target")" fuzz "$target"
  done
fi

finish
