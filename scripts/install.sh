#!/usr/bin/env bash
# Installs the Debian packages that are absent: scripts/install.sh [build|test|bench]
# `build` is what the program needs, `test` (default) that and what its tests need, `bench` that and what the peers need.
set -euo pipefail
cd "$(dirname "$0")/.."

set_name=${1:-test}
case $set_name in
  build) wanted='build' ;;
  test) wanted='build test' ;;
  bench) wanted='build test bench' ;;
  *)
    echo "usage: scripts/install.sh [build|test|bench]" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This needs Debian 12 or a system like it; elsewhere install what scripts/packages.txt lists by hand." >&2
  exit 1
fi

absent=()
while read -r package kind _; do
  case $package in '' | '#'*) continue ;; esac
  [[ " $wanted " == *" $kind "* ]] || continue
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || absent+=("$package")
done <scripts/packages.txt

if ((${#absent[@]} == 0)); then
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null || ! sudo -v; then
    echo "These packages are absent and installing them needs root: ${absent[*]}" >&2
    echo "As root: apt-get install ${absent[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$log" 2>&1; }
echo "Installing ${#absent[@]} packages: ${absent[*]}" >&2
# The lists of a fresh machine are empty or old: try, refresh them once, try again.
if ! apt install --yes --no-install-recommends "${absent[@]}"; then
  if ! { apt update && apt install --yes --no-install-recommends "${absent[@]}"; }; then
    cat "$log" >&2
    echo "Could not install: ${absent[*]}" >&2
    exit 1
  fi
fi
