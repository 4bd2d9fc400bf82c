#!/usr/bin/env bash
# A sample of tests/faults/deploy_kills.sh with the real kubectl: deploy_kills_test.sh MLOPSCTL
set -euo pipefail
exec python3 "$(dirname "${BASH_SOURCE[0]}")/../deploy/kills.py" "$1" 12
