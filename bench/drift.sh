#!/usr/bin/env bash
# Measures drift beside scipy, numpy, pandas and Evidently and prints a table.
#
#   bench/drift.sh            1,000,000 x 768 float32 and CSV of 3,000,000 x 50, each against the same:
#                             6.2 GB in $TMPDIR, as much of page cache, some ten minutes
#   bench/drift.sh --quick    smaller numbers, to see that it works
#
# MLOPSCTL_DEVICE=cuda compares matrices on the GPU instead of the CPU.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"
setup_packages "$root/cmake/packages.txt" "$root/tests/interop/packages.txt"
say "building the release preset"
setup_build release -DMLOPSCTL_TESTS=OFF
cmake --build "$root/build/release" --target mlopsctl bench_compute bench_table bench_p_values
say "peers"
export MLOPSCTL_REQUIREMENTS=$root/bench/drift_requirements.txt
"$root/tests/interop/venv.sh"
say "measuring"
exec "$root/tests/interop/venv.sh" "$root/bench/drift.py" "$root/build/release/bin" "$@"
