#!/usr/bin/env bash
# Plots of real DVC and of mlopsctl, field by field: dvc_plots_test.sh MLOPSCTL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1 MLOPSCTL_REQUIREMENTS=$here/dvc_requirements.txt
"$here/venv.sh" "$here/dvc_plots_cases.py" "$1"
