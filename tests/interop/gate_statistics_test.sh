#!/usr/bin/env bash
# Statistics of gates against a current scipy and numpy. MLOPSCTL_SEED tries other random cases.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "$here/venv.sh" "$here/gate_statistics_cases.py" "$(dirname "$1")/gate_values" "${MLOPSCTL_SEED:-20261129}"
