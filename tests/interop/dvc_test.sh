#!/usr/bin/env bash
# Real DVC and mlopsctl in turns on the same working trees: dvc_test.sh MLOPSCTL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1 MLOPSCTL_REQUIREMENTS=$here/dvc_requirements.txt
"$here/venv.sh" "$here/dvc_cases.py" "$1"
