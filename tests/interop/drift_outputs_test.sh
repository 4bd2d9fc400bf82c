#!/usr/bin/env bash
# What a drift check writes and sends, in the real programs: promtool, Pushgateway, Alertmanager, and a
# small webhook receiver: drift_outputs_test.sh MLOPSCTL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mlopsctl=$1
# shellcheck source=tests/interop/servers.sh
. "$here/servers.sh"
skip_without promtool amtool prometheus-pushgateway prometheus-alertmanager curl
enter_sandbox
failed=0
check() { # check WHAT COMMAND…
  local what=$1
  shift
  if "$@" >"$work/last" 2>&1; then echo "ok   $what"; else
    echo "FAIL $what"
    cat "$work/last"
    failed=1
  fi
}
expect_code() { # expect_code CODE COMMAND…
  local wanted=$1 code=0
  shift
  "$@" >"$work/out" 2>"$work/err" || code=$?
  [ "$code" -eq "$wanted" ] || {
    echo "FAIL exit code $code, not $wanted: $*"
    cat "$work/out" "$work/err"
    failed=1
  }
}
until_ready() {
  for _ in $(seq 200); do
    ! curl -fsS -o /dev/null "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  echo "FAIL $1 never answered"
  exit 1
}

python3 - <<'PYTHON'
import random
random.seed(3)
def table(name, shift):
    with open(name, "w") as out:
        out.write('age,"say ""hi"" | <b>",plan\n')
        for _ in range(2000):
            out.write(f"{random.gauss(40 + shift, 9):.3f},{random.gauss(0, 1):.4f},{random.choice('abc')}\n")
table("train.csv", 0)
table("same.csv", 0)
table("shifted.csv", 25)
PYTHON
python3 "$here/webhook_server.py" hooks.jsonl port.txt &
started+=($!)
gateway=$(free_port)
prometheus-pushgateway --web.listen-address="127.0.0.1:$gateway" >gateway.log 2>&1 &
started+=($!)
manager=$(free_port)
cat >alertmanager.yaml <<YAML
route: {receiver: nobody, group_wait: 1s, group_interval: 1s, repeat_interval: 1h}
receivers: [{name: nobody}]
YAML
prometheus-alertmanager --config.file=alertmanager.yaml --storage.path=alerts --cluster.listen-address= \
  --web.listen-address="127.0.0.1:$manager" >manager.log 2>&1 &
started+=($!)
until_ready "http://127.0.0.1:$gateway/-/ready"
until_ready "http://127.0.0.1:$manager/-/ready"
for _ in $(seq 100); do [ -s port.txt ] || sleep 0.1; done
hooks=http://127.0.0.1:$(cat port.txt)

# Files.
umask 077
expect_code 3 "$mlopsctl" drift check train.csv shifted.csv --name churn --no-record --junit junit.xml \
  --prometheus metrics/churn.prom --html report.html --metric-features all
check "promtool takes the metrics" promtool check metrics <metrics/churn.prom
check "another user may read them" test "$(stat -c %a metrics/churn.prom)" = 644
check "nothing else is left beside them" test "$(ls -A metrics)" = churn.prom
check "the largest PSI is there" grep -qE '^llm_data_drift_psi\{check="churn"\} [0-9]' metrics/churn.prom
check "JUnit is well-formed, its counts are right" python3 - junit.xml <<'PYTHON'
import sys
import xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
suite = root.find("testsuite")
cases = suite.findall("testcase")
assert root.tag == "testsuites"
assert int(suite.get("tests")) == len(cases) > 3
assert int(suite.get("failures")) == sum(c.find("failure") is not None for c in cases) >= 2
assert 'say "hi" | <b>' in [c.get("name") for c in cases]
PYTHON
GITHUB_STEP_SUMMARY=$work/summary.md expect_code 3 "$mlopsctl" drift check train.csv shifted.csv --no-record --github-summary
# shellcheck disable=SC2016  # back-ticks of Markdown
check "the step summary names the worst feature" grep -qF '| `age` | **drift** |' summary.md
check "the page is small" test "$(stat -c %s report.html)" -lt 300000

# Pushgateway.
push() { expect_code "$1" "$mlopsctl" drift check train.csv "$2" --name a/b --no-record --pushgateway "http://127.0.0.1:$gateway"; }
push 3 shifted.csv
check "the metrics are in the Pushgateway" sh -c "curl -fsS http://127.0.0.1:$gateway/metrics | grep -q 'mlopsctl_drift_detected{check=\"a/b\",instance=\"\",job=\"mlopsctl_drift\"} 1'"
push 0 same.csv
check "the next check replaces them" sh -c "curl -fsS http://127.0.0.1:$gateway/metrics | grep -q 'mlopsctl_drift_detected{check=\"a/b\",instance=\"\",job=\"mlopsctl_drift\"} 0'"

# Alertmanager.
alert() { expect_code "$1" "$mlopsctl" drift check train.csv "$2" --name churn --no-record --alertmanager "http://127.0.0.1:$manager" --alert-label team=ml; }
alert 3 shifted.csv
check "one alert fires" sh -c "test \"\$(amtool --alertmanager.url=http://127.0.0.1:$manager alert query check=churn -o json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')\" = 1"
alert 3 shifted.csv
check "the same alert is not a second one" sh -c "test \"\$(amtool --alertmanager.url=http://127.0.0.1:$manager alert query check=churn -o json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')\" = 1"
alert 0 same.csv
check "it is resolved when all is well" sh -c "! amtool --alertmanager.url=http://127.0.0.1:$manager alert query check=churn -o simple | grep -q DataDrift"

# Slack and a webhook.
export SLACK_URL=$hooks/services/T0/B0/verysecret
expect_code 3 "$mlopsctl" drift check train.csv shifted.csv --name churn --no-record --slack-webhook-env SLACK_URL
check "Slack was told, after its 429" python3 - hooks.jsonl <<'PYTHON'
import json, sys
calls = [json.loads(line) for line in open(sys.argv[1])]
assert [c["status"] for c in calls] == [429, 200], calls
body = json.loads(calls[1]["body"])
assert body["text"].startswith("Drift") and body["blocks"], body
assert "<b>" not in calls[1]["body"]
PYTHON
(umask 077 && echo "$hooks/broken/verysecret" >hook.txt)
expect_code 5 "$mlopsctl" drift check train.csv same.csv --no-record --webhook-file hook.txt --notify-on always
check "a webhook that fails is told, without its secret" sh -c "grep -q 'answered 500' out err && ! grep -q verysecret out err"
expect_code 3 "$mlopsctl" drift check train.csv shifted.csv --no-record --webhook-file hook.txt
# A change that could not be told is told by the next check.
# shellcheck disable=SC2317  # called through expect_code
state() { "$mlopsctl" drift check train.csv shifted.csv --name churn --no-record --state churn.state --notify-on change "$@"; }
expect_code 3 state --webhook-file hook.txt
before=$(wc -l <hooks.jsonl)
expect_code 3 state --slack-webhook-env SLACK_URL
check "a message that failed is sent by the next check" test "$(wc -l <hooks.jsonl)" -eq $((before + 1))
expect_code 3 state --slack-webhook-env SLACK_URL
check "and not once more" test "$(wc -l <hooks.jsonl)" -eq $((before + 1))
expect_code 5 "$mlopsctl" drift check -q train.csv same.csv --no-record --pushgateway http://127.0.0.1:1
check "--quiet does not hide a failure" grep -q "Pushgateway" out err
chmod 644 hook.txt
expect_code 2 "$mlopsctl" drift check train.csv same.csv --no-record --webhook-file hook.txt
exit "$failed"
