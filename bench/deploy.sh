#!/usr/bin/env bash
# The figures of deployments: failed requests over blue-green switches under load, kubectl calls and memory,
# time from a crash-looping pod to its rollback, bad releases, kills. On the simulated cluster of the tests
# with the real kubectl and prometheus. Prints tab-separated rows: what, reach, figure.
#
#   bench/deploy.sh [--quick]
#
# MLOPSCTL_BENCH_KILLS (300); MLOPSCTL: a binary with sim_cluster and sim_traffic beside it, instead of building the
# release preset. Run it when nothing else runs.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
repeat=9
kills=${MLOPSCTL_BENCH_KILLS:-300}
if [ "${1:-}" = --quick ]; then
  repeat=1
  kills=12
fi
mlopsctl=${MLOPSCTL:-}
if [ -z "$mlopsctl" ]; then
  # shellcheck source=cmake/setup.sh
  . "$root/cmake/setup.sh"
  setup_packages "$root/cmake/packages.txt" "$root/tests/packages.txt" "$root/tests/interop/packages.txt"
  say "building the release preset"
  setup_build release -DMLOPSCTL_TESTS=ON >&2
  mlopsctl=$root/build/release/bin/mlopsctl
fi
python3 "$root/bench/deploy.py" "$mlopsctl" "$repeat"
if bad=$(python3 "$root/tests/deploy/scenarios.py" "$mlopsctl" bad_release_cases,canary_cases); then :; fi
printf '%s\t%s\t%s\n' "bad releases of 12 kinds" "all rolled back, none past its first failing gate" "${bad##*$'\n'}"
if killed=$(MLOPSCTL=$mlopsctl "$root/tests/faults/deploy_kills.sh" "$kills"); then :; fi
printf '%s\t%s\t%s\n' "kill -9, then resume or abort" "all end in a serving, consistent state" "$(grep ' kills in ' <<<"$killed"); ${killed##*$'\n'}"
