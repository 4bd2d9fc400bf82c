#!/usr/bin/env bash
# Measures mlopsctl beside its peers and prints the table of bench/README.md.
#
#   bench/run.sh            everything, some minutes
#   bench/run.sh --quick    smaller numbers, to see that it works
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"
setup_packages "$root/cmake/packages.txt" "$root/tests/interop/packages.txt"
say "building the release preset"
setup_build release -DMLOPSCTL_TESTS=OFF
cmake --build "$root/build/release" --target bench_store bench_peak bench_writers
say "peers"
export MLOPSCTL_REQUIREMENTS=$root/bench/requirements.txt
"$root/tests/interop/venv.sh"
say "measuring"
exec "$root/tests/interop/venv.sh" "$root/bench/tracking.py" "$root/build/release/bin" "$@"
