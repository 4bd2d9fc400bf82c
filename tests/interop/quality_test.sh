#!/usr/bin/env bash
# The rules of specification §17, written again in Python, beside ours: quality_test.sh MLOPSCTL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v python3 >/dev/null || {
  echo "skipped: there is no python3"
  exit 77
}
PYTHONDONTWRITEBYTECODE=1 python3 "$here/quality_cases.py" "$1" 5000
