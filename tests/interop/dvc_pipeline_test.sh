#!/usr/bin/env bash
# Pipelines that real DVC and mlopsctl run in turns: dvc_pipeline_test.sh MLOPSCTL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1 MLOPSCTL_REQUIREMENTS=$here/dvc_requirements.txt
"$here/venv.sh" "$here/dvc_pipeline_cases.py" "$1"
