#!/usr/bin/env bash
# Deployments, rollbacks, kills and refusals on a real cluster, in namespaces of their own. See --help.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: tests/cluster/run.sh [options] [SCENARIO…]

Runs the scenarios of `mlopsctl deploy` on the cluster that kubectl reaches. Each has a namespace of its
own, mlopsctl-e2e-…, which is deleted again.

options:
  --mlopsctl FILE      the binary (default: mlopsctl on PATH)
  --kubeconfig FILE    how the cluster is reached (default: as kubectl finds it)
  --context NAME       context of it (default: the current one)
  --first IMAGE        a server that answers GET / on --port with 200
                       (default: docker.io/nginxinc/nginx-unprivileged:1.26-alpine)
  --second IMAGE       another version of it (…:1.27-alpine)
  --crash IMAGE        ends at once (docker.io/library/busybox:1.36)
  --missing IMAGE      does not exist (the repository of --first, with a digest of zeros)
  --idle IMAGE         runs, but never answers (registry.k8s.io/pause:3.9)
  --client IMAGE       has sh and curl, and sends requests all the time (docker.io/curlimages/curl:8.10.1)
  --no-client          without it: that no request fails is not checked
  --port N             of the server (8080)
  --no-pin             the registry cannot be asked from here: deploy tags as they are
  --budget TIME        for pods to become ready (120s)
  --keep               leave the namespaces as they are
  --list               print the scenarios
  --help               this text

kind:  kind create cluster && tests/cluster/run.sh --context kind-kind
k3d:   k3d cluster create e2e && tests/cluster/run.sh --context k3d-e2e
Images that are on this machine only: `kind load docker-image IMAGE` or `k3d image import IMAGE -c e2e`, and
--no-pin. Nothing else is needed: no Prometheus, no mesh, no load balancer.

exit status: 0 all passed, 1 one failed, 2 wrong usage, 77 no kubectl or no cluster
TEXT
}

scenarios=(rolling rolling-crash rolling-missing blue-green blue-green-never-ready canary canary-crash
  last-successful settings two-deploys killed-resume killed-abort abort dry-run)
mlopsctl=mlopsctl
port=8080
budget=120s
first=docker.io/nginxinc/nginx-unprivileged:1.26-alpine
second=docker.io/nginxinc/nginx-unprivileged:1.27-alpine
crash=docker.io/library/busybox:1.36
idle=registry.k8s.io/pause:3.9
missing=
client=docker.io/curlimages/curl:8.10.1
kubectl=(kubectl)
pin=()
keep=no
chosen=()
while [ $# -gt 0 ]; do
  case $1 in
    --mlopsctl | --kubeconfig | --context | --first | --second | --crash | --missing | --idle | --client | --port | --budget)
      [ $# -ge 2 ] || { echo "error: $1 needs a value" >&2; exit 2; }
      case $1 in
        --kubeconfig) export KUBECONFIG=$2 ;;
        --context) kubectl+=(--context "$2") && context=$2 ;;
        *) printf -v "${1#--}" '%s' "$2" ;;
      esac
      shift
      ;;
    --no-client) client= ;;
    --no-pin) pin=(--no-pin) ;;
    --keep) keep=yes ;;
    --list) printf '%s\n' "${scenarios[@]}"; exit 0 ;;
    --help | -h) usage; exit 0 ;;
    -*) echo "error: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    *)
      [[ " ${scenarios[*]} " == *" $1 "* ]] || { echo "error: no scenario '$1'; --list prints them" >&2; exit 2; }
      chosen+=("$1")
      ;;
  esac
  shift
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${scenarios[@]}")
if [ -z "$missing" ]; then
  repository=${first%%@*}
  [[ ${repository##*/} != *:* ]] || repository=${repository%:*}
  missing=$repository@sha256:$(printf '0%.0s' {1..64})
fi
command -v kubectl >/dev/null || { echo "skipped: no kubectl"; exit 77; }
"${kubectl[@]}" get --raw /version >/dev/null 2>&1 || { echo "skipped: no cluster answers ${kubectl[*]}"; exit 77; }
mlopsctl=$(command -v "$mlopsctl") || { echo "error: no mlopsctl; --mlopsctl FILE names it" >&2; exit 2; }

work=$(mktemp -d)
prefix=mlopsctl-e2e-$$
# shellcheck disable=SC2317  # called by the trap
leave() {
  local one
  for one in "${chosen[@]}"; do
    [ "$keep" = yes ] || "${kubectl[@]}" delete namespace "$prefix-$one" --ignore-not-found --wait=false >/dev/null || true
  done
  rm -rf "$work"
}
trap leave EXIT

# In a scenario: k and deploy are about its namespace.
k() { "${kubectl[@]}" -n "$space" "$@"; }
fail() {
  echo "     $*" >&2
  exit 1
}
# command CODE ARGUMENTS…: mlopsctl must end with that code; what it said is in `out`.
command_ends() {
  local wanted=$1 code=0
  shift
  "$mlopsctl" "$@" >out 2>&1 </dev/null || code=$?
  [ "$code" -eq "$wanted" ] || { sed 's/^/     /' out >&2; fail "mlopsctl $* ended with $code, not $wanted"; }
}
# ships CODE IMAGE OPTIONS…
ships() {
  local code=$1 image=$2
  shift 2
  command_ends "$code" deploy "$strategy" --image "$image" "${pin[@]}" "$@"
}
begin_ship() {
  "$mlopsctl" deploy "$strategy" --image "$1" "${pin[@]}" >begun 2>&1 </dev/null &
  begun=$!
}
# Images of the pods that the Service leads to, each once.
serving() {
  local pods
  pods=$(k get endpointslices -l kubernetes.io/service-name=chat \
    -o 'jsonpath={range .items[*].endpoints[?(@.conditions.ready==true)]}{.targetRef.name}{"\n"}{end}')
  [ -n "$pods" ] || return 0
  # shellcheck disable=SC2086  # names of pods have no blanks
  k get pods $pods --ignore-not-found -o 'jsonpath={range .items[*]}{.spec.containers[0].image}{"\n"}{end}{.spec.containers[0].image}' |
    sed '/^$/d' | sort -u
}
# until_true WHAT COMMAND…
until_true() {
  local what=$1 i
  shift
  for ((i = 0; i < 240; i++)); do
    if "$@"; then return 0; fi
    sleep 0.5
  done
  fail "still not after two minutes: $what"
}
serves() { [ "$(serving)" = "$1" ]; }
serves_another() { [ -n "$(serving)" ] && [ "$(serving)" != "$1" ]; }
state() { k get lease mlopsctl-chat --ignore-not-found -o 'jsonpath={.metadata.annotations.mlopsctl\.dev/state}'; }
is_past() { [[ $(state) == *'"phase":"'"$1"'"'* || $(state) == *'"phase": "'"$1"'"'* ]]; }

# install STRATEGY: the first version, as `deploy render` has it, and a client that sends requests.
install() {
  strategy=$1
  cat >deploy.yaml <<YAML
app: chat
namespace: $space
${context:+context: $context}
image: $first
port: $port
replicas: 3
strategy: $strategy
canary: {interval: 5s, threshold: 2, maxWeight: 50, stepWeight: 25}
blueGreen: {settle: 5s, keepOld: 5m}
budgets: {rollout: $budget, smoke: 30s, rollback: $budget, imagePullGrace: 20s, configGrace: 20s}
server:
  readyPath: /
  livePath: /
  preStopSeconds: 5
  resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 500m, memory: 128Mi}, gpus: 0}
YAML
  command_ends 0 deploy render
  k apply -f out >/dev/null
  until_true "the first version serves" serves "$first"
  [ -n "$client" ] || return 0
  k apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  restartPolicy: Never
  containers:
    - name: client
      image: $client
      command: [sh, -c, "while :; do curl -sf -m 5 -o /dev/null http://chat:$port/ || echo failed at \$(date -u +%T); sleep 0.02; done"]
YAML
  k wait --for=condition=Ready pod/client --timeout=120s >/dev/null
}
nobody_noticed() {
  [ -n "$client" ] || return 0
  [ -z "$(k logs client)" ] || fail "requests failed: $(k logs client | head -3)"
}

rolling() {
  install rolling
  ships 0 "$second"
  serves_another "$first" || fail "the new version does not serve"
  ships 0 "$second"
  command_ends 0 rollback --yes
  until_true "the first version again" serves "$first"
  nobody_noticed
}
rolling_crash() {
  install rolling
  ships 3 "$crash"
  grep -q CrashLoopBackOff out || fail "no reason: $(cat out)"
  until_true "the first version still" serves "$first"
  nobody_noticed
}
rolling_missing() {
  install rolling
  ships 3 "$missing"
  grep -q ImagePull out || fail "no reason: $(cat out)"
  until_true "the first version still" serves "$first"
  nobody_noticed
}
blue_green() {
  install blue-green
  begin_ship "$second"
  until_true "the switch" serves_another "$first"
  command_ends 0 deploy promote
  wait "$begun" || fail "$(cat begun)"
  command_ends 0 rollback --yes
  until_true "the first version again" serves "$first"
  nobody_noticed
}
blue_green_never_ready() {
  install blue-green
  ships 3 "$idle" --timeout 20s
  until_true "the first version still" serves "$first"
  nobody_noticed
}
canary() {
  install canary
  ships 0 "$second"
  serves_another "$first" || fail "the new version does not serve"
  nobody_noticed
}
canary_crash() {
  install canary
  ships 3 "$crash"
  until_true "the first version still" serves "$first"
  nobody_noticed
}
last_successful() {
  install rolling
  ships 0 "$second"
  second_serving=$(serving)
  ships 3 "$crash"
  ships 0 "$first"
  command_ends 0 rollback --yes
  until_true "the second version, not the one that crashed" serves "$second_serving"
  command_ends 0 deploy history
  nobody_noticed
}
settings() {
  install rolling
  echo '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"A": "1"}}' | k apply -f - >/dev/null
  k patch deployment chat --type=json -p \
    '[{"op": "add", "path": "/spec/template/spec/containers/0/envFrom", "value": [{"configMapRef": {"name": "settings"}}]}]' >/dev/null
  k rollout status deployment chat --timeout=120s >/dev/null
  ships 0 "$second"
  k patch configmap settings --type=merge -p '{"data": {"A": "2"}}' >/dev/null
  ships 0 "$first"
  command_ends 0 rollback --yes
  local name
  name=$(k get deployment chat -o 'jsonpath={.spec.template.spec.containers[0].envFrom[0].configMapRef.name}')
  [ "$(k get configmap "$name" -o 'jsonpath={.data.A}')" = 1 ] || fail "the settings did not come back: $name"
}
two_deploys() {
  install canary
  begin_ship "$second"
  until_true "a deployment" is_past progressing
  local code=0
  "$mlopsctl" deploy canary --image "$crash" "${pin[@]}" --wait 1s >out 2>&1 </dev/null || code=$?
  if [ "$code" -eq 0 ] || ! grep -q "being deployed by" out; then fail "the second one was not refused: $(cat out)"; fi
  wait "$begun" || fail "$(cat begun)"
  nobody_noticed
}
killed() {
  install canary
  begin_ship "$second"
  until_true "a deployment" is_past progressing
  kill -9 "$begun"
  wait "$begun" || true
}
killed_resume() {
  killed
  command_ends 0 deploy resume
  serves_another "$first" || fail "the new version does not serve"
  nobody_noticed
}
killed_abort() {
  killed
  command_ends 3 deploy abort
  until_true "the first version again" serves "$first"
  nobody_noticed
}
abort() {
  install canary
  begin_ship "$second"
  until_true "a deployment" is_past progressing
  command_ends 0 deploy abort
  local code=0
  wait "$begun" || code=$?
  [ "$code" -eq 3 ] || fail "the deployment ended with $code: $(cat begun)"
  until_true "the first version again" serves "$first"
  nobody_noticed
}
dry_run() {
  install canary
  local before
  before=$(k get deployments -o 'jsonpath={.items[*].metadata.generation}')
  ships 0 "$second" --dry-run
  [ "$(k get deployments -o 'jsonpath={.items[*].metadata.generation}')" = "$before" ] || fail "something was changed"
  [ -z "$(state)" ] || fail "there is a state"
}

passed=0
failed=0
for one in "${chosen[@]}"; do
  space=$prefix-$one
  begin=$SECONDS
  mkdir "$work/$one"
  echo "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"$space\"}}" | "${kubectl[@]}" apply -f - >/dev/null
  set +e  # or -e would be off in the function, too
  (set -e; cd "$work/$one"; "${one//-/_}")
  code=$?
  set -e
  if [ "$code" -eq 0 ]; then
    echo "ok   $one ($((SECONDS - begin)) s)"
    passed=$((passed + 1))
  else
    echo "FAIL $one ($((SECONDS - begin)) s)"
    failed=$((failed + 1))
  fi
  [ "$keep" = yes ] || "${kubectl[@]}" delete namespace "$space" --wait=false >/dev/null
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
