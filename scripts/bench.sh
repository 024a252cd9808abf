#!/usr/bin/env bash
# Measures the release build against its peers and prints the README's table: scripts/bench.sh [--full] [--out FILE.json]
# See tests/bench/compare.py for what is run; figures of a release are stored under docs/bench/.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install.sh bench
scripts/build.sh release gridtwin
python3 -B tests/bench/compare.py --program build/release/gridtwin "$@"
