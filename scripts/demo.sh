#!/usr/bin/env bash
# From a fresh machine to a replayed estate: installs what is absent, builds the release, makes 100,000 simulated meters
# with two days of faulty readings, replays them and shows what came of it. Everything is in build/demo; run it again at will.
# Another size: METERS=20000 DAYS=1 scripts/demo.sh
# scripts/demo.sh --live: the same estate behind a live node, a head-end that sends half hour after half hour over TLS, and three
# readers with three roles; HALF_HOURS=12 for how many.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  '' | --live) live=${1:+yes} ;;
  *)
    echo "usage: scripts/demo.sh [--live]" >&2
    exit 2
    ;;
esac
meters=${METERS:-100000}
days=${DAYS:-2}
demo=build/demo
gridtwin=build/release/gridtwin
started=$SECONDS

step() { # step TEXT COMMAND...: runs it, and says how long it took
  local text=$1 begin=$SECONDS
  shift
  echo "== $text"
  if ! "$@" >"$demo/step.log" 2>&1; then
    cat "$demo/step.log" >&2
    echo "Failed: $*" >&2
    exit 1
  fi
  echo "   done in $((SECONDS - begin)) s"
}
replay() { "$gridtwin" replay --estate "$demo/estate" --reads "$demo/reads.csv" --store "$demo/store" --json-out "$demo/summary.json" >"$demo/summary.txt"; }

mkdir -p "$demo/live"
rm -rf "$demo/estate" "$demo/store" "$demo/reads.csv" "$demo/truth.json" "$demo/summary.json"

step "Installing what is absent of scripts/packages.txt" scripts/install.sh build
step "Building the release in build/release" scripts/build.sh release gridtwin
step "Simulating an estate of $meters meters" "$gridtwin" sim estate --meters "$meters" --out "$demo/estate" --seed 1
if [[ -n $live ]]; then
  step "Simulating a day of readings" "$gridtwin" sim reads --estate "$demo/estate" --from 2026-03-01 --days 1 --seed 1 --out "$demo/reads.csv"
  echo "== A live node, a head-end and three readers"
  exec python3 -B scripts/demo_live.py "$gridtwin" "$demo/live" "$demo/estate" "$demo/reads.csv" "${HALF_HOURS:-48}"
fi
step "Simulating $days days of readings, with every kind of fault" \
  "$gridtwin" sim reads --estate "$demo/estate" --from 2026-03-01 --days "$days" --seed 1 --faults all \
  --out "$demo/reads.csv" --truth "$demo/truth.json"
step "Replaying $(wc -l <"$demo/reads.csv") lines through the twins" replay
if "$gridtwin" --help | grep -q '^  verify '; then
  step "Checking every hash chain and every sum in the store" "$gridtwin" verify --store "$demo/store"
fi

echo
cat "$demo/summary.txt"
python3 - "$demo/summary.json" "$demo/truth.json" <<'PYTHON'
import json, sys

summary = json.load(open(sys.argv[1]))
expected = json.load(open(sys.argv[2]))["expected"]
wrong = [name for name, value in expected.items() if summary.get(name) != value]
if wrong:
    sys.exit(f"Not what the simulator expected: {', '.join(wrong)}")
print(f"Each of the {len(expected)} figures that the simulator foretold is as it said.")
PYTHON

cat <<TEXT

In $demo: estate/ (CSV), reads.csv, truth.json (what was wrong on purpose), summary.json, store/ (everything that was read).
Next:
  $gridtwin export transformer-load --store $demo/store --out $demo/transformer-load.csv
  $gridtwin export gaps --store $demo/store | head
  $gridtwin export rejects --store $demo/store | head
  $gridtwin digest --store $demo/store
  $gridtwin --help
All in $((SECONDS - started)) s.
TEXT
