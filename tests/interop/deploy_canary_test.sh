#!/usr/bin/env bash
# Canaries by every router with the real kubectl and prometheus, the bad ones among them, and what goes wrong around
# them: deploy_canary_test.sh MLOPSCTL
set -euo pipefail
exec python3 "$(dirname "${BASH_SOURCE[0]}")/../deploy/scenarios.py" "$1" canary_cases,canary_safety_cases
