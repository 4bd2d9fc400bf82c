#!/usr/bin/env bash
# The whole way of an alert: a check pushes its metrics, or writes them to a file; Debian's Prometheus
# scrapes them and evaluates the rules of examples/monitoring; its Alertmanager has the alert and tells
# Slack by the configuration of examples/monitoring: monitoring_chain_test.sh MLOPSCTL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
examples=$here/../../examples/monitoring
mlopsctl=$1
# shellcheck source=tests/interop/servers.sh
. "$here/servers.sh"
skip_without prometheus amtool prometheus-pushgateway prometheus-alertmanager curl
enter_sandbox
fail() {
  echo "FAIL $1"
  tail -n 5 ./*.log || true
  exit 1
}
# until_true WHAT COMMAND…: for at most a minute.
until_true() {
  local what=$1
  shift
  for _ in $(seq 240); do
    if "$@" >/dev/null 2>&1; then
      echo "ok   $what"
      return 0
    fi
    sleep 0.25
  done
  fail "$what"
}

python3 - <<'PYTHON'
import random
random.seed(3)
for name, shift in (("train", 0), ("same", 0), ("shifted", 25)):
    with open(f"{name}.csv", "w") as out:
        out.write("age,score\n")
        for _ in range(2000):
            out.write(f"{random.gauss(40 + shift, 9):.3f},{random.gauss(0, 1):.4f}\n")
PYTHON
mkdir metrics
gateway=$(free_port) manager=$(free_port) files=$(free_port) server=$(free_port)
prometheus-pushgateway --web.listen-address="127.0.0.1:$gateway" >gateway.log 2>&1 &
started+=($!)
# Stands for node_exporter's textfile collector: it serves the file as it is.
python3 -m http.server --bind 127.0.0.1 --directory metrics "$files" >files.log 2>&1 &
started+=($!)
python3 "$here/webhook_server.py" hooks.jsonl port.txt >hooks.log 2>&1 &
started+=($!)
for _ in $(seq 100); do [ -s port.txt ] || sleep 0.1; done
echo "http://127.0.0.1:$(cat port.txt)/services/T0/B0/verysecret" >slack-webhook
# The receiver's first answer is 429, after which Alertmanager gives up on that message.
curl -s -o /dev/null -d '{}' "$(cat slack-webhook)"
# The examples themselves; only waiting times and the secret's place are others.
sed -e "s|/etc/alertmanager/slack-webhook|$work/slack-webhook|" -e 's/: 10s$/: 1s/' \
  "$examples/alertmanager.yaml" >alertmanager.yaml
sed -e 's/for: 1h/for: 2s/' "$examples/drift-rules.yaml" >drift-rules.yaml
cat >prometheus.yaml <<YAML
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [drift-rules.yaml]
alerting:
  alertmanagers: [{static_configs: [{targets: ["127.0.0.1:$manager"]}]}]
scrape_configs:
  - job_name: pushgateway
    honor_labels: true
    static_configs: [{targets: ["127.0.0.1:$gateway"]}]
  - job_name: textfile
    metrics_path: /basket.prom
    static_configs: [{targets: ["127.0.0.1:$files"]}]
YAML
prometheus-alertmanager --config.file=alertmanager.yaml --storage.path=alerts --cluster.listen-address= \
  --web.listen-address="127.0.0.1:$manager" >manager.log 2>&1 &
started+=($!)
prometheus --config.file=prometheus.yaml --storage.tsdb.path=series \
  --web.listen-address="127.0.0.1:$server" >prometheus.log 2>&1 &
started+=($!)
until_true "the Pushgateway is there" curl -fsS "http://127.0.0.1:$gateway/-/ready"
until_true "Alertmanager is there" curl -fsS "http://127.0.0.1:$manager/-/ready"
until_true "Prometheus is there" curl -fsS "http://127.0.0.1:$server/-/ready"

# check CODE CURRENT: churn pushes, basket writes its file.
check() {
  local code=0
  "$mlopsctl" drift check train.csv "$2" --name churn --no-record -q --pushgateway "http://127.0.0.1:$gateway" >out 2>&1 || code=$?
  [ "$code" -eq "$1" ] || fail "churn ended with $code: $(cat out)"
  code=0
  "$mlopsctl" drift check train.csv "$2" --name basket --no-record -q --prometheus metrics/basket.prom >out 2>&1 || code=$?
  [ "$code" -eq "$1" ] || fail "basket ended with $code: $(cat out)"
}
# alerts NAME CHECK COUNT
alerts() {
  local found
  found=$(amtool --alertmanager.url="http://127.0.0.1:$manager" alert query alertname="$1" check="$2" -o json |
    python3 -c 'import json, sys; print(len(json.load(sys.stdin)))') || return 1
  [ "$found" -eq "$3" ]
}

check 0 same.csv
value() {
  curl -fsS "http://127.0.0.1:$server/api/v1/query" --data-urlencode "query=$1" |
    python3 -c 'import json, sys; sys.exit(not json.load(sys.stdin)["data"]["result"])'
}
for name in churn basket; do
  until_true "Prometheus has the metrics of $name" value "mlopsctl_drift_detected{check=\"$name\"} == 0"
done
alerts DataDriftDetected churn 0 || fail "an alert fires without drift"

check 3 shifted.csv
for name in churn basket; do
  until_true "severe drift of $name is an alert" alerts DataDriftDetected "$name" 1
  until_true "its PSI above 0.2 is another, after a while" alerts DataDriftPsi "$name" 1
done
told() {
  python3 - <<'PYTHON'
import json
calls = [json.loads(line) for line in open("hooks.jsonl")]
texts = [c["body"] for c in calls if c["status"] == 200]
assert any("Severe data drift in churn" in t and "50% of the features drifted" in t for t in texts), texts
PYTHON
}
until_true "Slack was told, with the share of the features" told

check 0 same.csv
for name in churn basket; do
  until_true "the alert of $name ends when all is well" alerts DataDriftDetected "$name" 0
done
