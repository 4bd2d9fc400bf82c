#!/usr/bin/env bash
# kill -9 of mlopsctl at random moments of rolling, blue-green and canary deployments and of rollbacks, on the
# simulated cluster with the real kubectl, then resume or abort; prints the seed and how each ended:
#
#   tests/faults/deploy_kills.sh [KILLS] [SEED]     default: 300 kills, another seed each time
#
# MLOPSCTL: the binary (build/release/bin/mlopsctl, with sim_cluster and sim_traffic beside it); WORKERS: apps at a time (6)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec python3 "$here/../deploy/kills.py" "${MLOPSCTL:-$here/../../build/release/bin/mlopsctl}" "${1:-300}" ${2:+"$2"}
