#!/usr/bin/env bash
# MLflow's own parser and search beside ours, on generated filters: filter_test.sh MLOPSCTL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1 MLFLOW_DISABLE_TELEMETRY=true
"$here/venv.sh" "$here/filter_cases.py" "$1" 200
