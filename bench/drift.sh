#!/usr/bin/env bash
# Measures column comparisons and MMD of whole matrices beside scipy and numpy.
#
#   bench/drift.sh            1,000,000 x 768; needs 6.2 GB of disk and of page cache
#   bench/drift.sh --quick    smaller numbers, to see that it works
#
# MLOPSCTL_DEVICE=cuda measures the GPU instead of the CPU.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"
rows=1000000 mmd_rows=4000 columns=768 peers=6
if [ "${1:-}" = --quick ]; then rows=50000 mmd_rows=500 columns=64 peers=2; fi
setup_packages "$root/cmake/packages.txt"
say "building the release preset"
setup_build release -DMLOPSCTL_TESTS=OFF
cmake --build "$root/build/release" --target bench_compute
bench=$root/build/release/bin/bench_compute
device=${MLOPSCTL_DEVICE:-cpu}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

say "making two matrices of $rows x $columns"
"$bench" make "$folder/a" "$rows" "$columns" 0
"$bench" make "$folder/b" "$rows" "$columns" 0.001
say "moments, bins and KS of all columns, three times"
"$bench" compare "$device" 3 "$folder/a" "$folder/b" "$rows" "$columns"
say "MMD of $mmd_rows + $mmd_rows rows, 1000 permutations, twice"
"$bench" mmd "$device" 2 "$folder/a" "$folder/b" "$mmd_rows" "$columns" 1000
say "scipy and numpy, $peers columns, extrapolated to $columns"
if ! python3 -c 'import scipy' 2> /dev/null; then
  echo "skipped: python3 has no scipy here"
  exit 0
fi
python3 "$root/bench/drift_peers.py" "$folder/a" "$folder/b" "$rows" "$columns" "$peers"
