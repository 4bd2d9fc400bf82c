#!/usr/bin/env bash
# The examples of monitoring in Prometheus' and Alertmanager's own checkers: monitoring_test.sh MLOPSCTL
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/monitoring"

for tool in promtool amtool; do
  command -v "$tool" >/dev/null || {
    echo "skipped: no $tool: apt-get install prometheus prometheus-alertmanager"
    exit 77
  }
done
promtool check rules drift-rules.yaml quality-rules.yaml
promtool test rules drift-rules-test.yaml
amtool check-config alertmanager.yaml
python3 -m json.tool grafana-drift.json >/dev/null
# Every metric that the examples name is one that is written.
written=$(grep -ohE '"(llm|mlopsctl)_[a-z_]+"' ../../commands/{drift,quality}_metrics.cpp | tr -d '"' | sort -u)
named=$(grep -ohE '(llm|mlopsctl)_(drift|quality)_[a-z_]+|llm_data_drift_[a-z_]+' drift-rules.yaml quality-rules.yaml grafana-drift.json | sort -u)
unknown=$(comm -13 <(printf '%s\n' "$written") <(printf '%s\n' "$named"))
[ -z "$unknown" ] || {
  printf 'FAILED: the examples name metrics that nobody writes:\n%s\n' "$unknown"
  exit 1
}
