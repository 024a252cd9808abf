#!/usr/bin/env bash
# Configures and builds a preset of CMakePresets.json in build/PRESET: scripts/build.sh PRESET [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# == 0)); then
  echo "usage: scripts/build.sh PRESET [TARGET...]    presets: $(cmake --list-presets | sed -n 's/^ *"\(.*\)".*/\1/p' | xargs)" >&2
  exit 2
fi
preset=$1
shift
targets=()
if (($# > 0)); then
  targets=(--target "$@")
fi
cmake --preset "$preset" >&2
cmake --build --preset "$preset" -j "$(nproc)" "${targets[@]}" >&2
