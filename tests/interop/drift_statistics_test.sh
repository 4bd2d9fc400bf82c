#!/usr/bin/env bash
# Drift statistics against a current scipy and numpy: random cases and real data sets, to 1e-9.
# MLOPSCTL_SEED tries others.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "$here/venv.sh" "$here/drift_statistics_cases.py" "$(dirname "$1")/drift_values" "${MLOPSCTL_SEED:-20261124}"
