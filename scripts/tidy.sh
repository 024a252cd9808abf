#!/usr/bin/env bash
# clang-tidy (.clang-tidy) over every source, as part of a build of the `tidy` preset; stops at what it finds.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh test
scripts/build.sh tidy gridtwin
echo "clang-tidy found nothing"
