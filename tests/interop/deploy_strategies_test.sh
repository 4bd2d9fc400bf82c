#!/usr/bin/env bash
# Rolling, blue-green, rollbacks, bad releases and what goes wrong around them, with the real kubectl and users who
# send requests all the time: deploy_strategies_test.sh MLOPSCTL
set -euo pipefail
exec python3 "$(dirname "${BASH_SOURCE[0]}")/../deploy/scenarios.py" "$1" strategy_cases,safety_cases,bad_release_cases
