#!/usr/bin/env bash
# Builds the fuzz targets, in the folder of the address sanitizer, and runs each for a while from its committed seeds:
#   tests/fuzz/run.sh [SECONDS_EACH] [TARGET…]
# MLOPSCTL_FUZZ_SEED=N takes the same way each time, as CI does; by default every run is another one.
# Fails on the first crash, hang or broken invariant and leaves the input in the build folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-20}
shift || true
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for corpus in tests/fuzz/corpus/*/; do targets+=("$(basename "$corpus")"); done
fi

# shellcheck source=cmake/setup.sh
. cmake/setup.sh
setup_packages cmake/packages.txt tests/packages.txt
build=build/asan
# shellcheck disable=SC2034  # read by setup_build
setup_targets=(fuzz_targets)
setup_build asan -DMLOPSCTL_TESTS=ON

# One target for its time; its log and what it found are in the build folder.
fuzz() {
  local target=$1 found="$build/fuzz-found/$1"
  mkdir -p "$found"
  if ! "$build/bin/fuzz_$target" -seed="${MLOPSCTL_FUZZ_SEED:-0}" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$found/crash-" "$found" "tests/fuzz/corpus/$target" \
    2>"$found.log"; then
    tail -n 40 "$found.log" >&2
    echo "fuzz $target failed; the input is in $found/" >&2
    return 1
  fi
  echo "fuzz $target for $seconds s: $(grep -E 'number_of_executed_units|Done ' "$found.log" | head -n 1)"
}
export -f fuzz
export build seconds
export ASAN_OPTIONS=allow_addr2line=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}

# shellcheck disable=SC2016  # expanded by the inner shell
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'fuzz {}' || exit 1
