# shellcheck shell=bash
# The last part of the quick start, sourced by run.sh in work/: the chatbot is served on this machine
# and checked, the manifests of its deployment are written, and the next deployment is rehearsed on
# them. Only with --deploy CONTEXT, or MLOPSCTL_DEPLOY_CONTEXT, it is deployed to that cluster, in a
# namespace of its own.

printf "\n# the chatbot behind OpenAI's API, here\n"
typed python3 ../serve.py --model trigram-cache --host 127.0.0.1 --port 0 '&'
python3 ../serve.py --model trigram-cache --host 127.0.0.1 --port 0 >serve.log 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
until grep -q '^serving' serve.log; do
  kill -0 "$server" || { cat serve.log >&2 && exit 1; }
  sleep 0.1
done
port=$(sed -n 's/^serving .* port //p' serve.log)
show mlopsctl smoke "http://127.0.0.1:$port/health" --field status=ok --field model
show mlopsctl smoke ../deploy.yaml --url "http://127.0.0.1:$port"
rc=0
show mlopsctl smoke "http://127.0.0.1:$port/health" --field status=starting --attempts 1 || rc=$?
[ $rc -eq 3 ] || exit 1
printf '\n# exit code %s: such a version would not have got any traffic\n' $rc
kill "$server"
wait "$server" || true
trap - EXIT

printf '\n# both colours, the Service, and what the lint says of them\n'
typed mlopsctl deploy render --file ../deploy.yaml '>chatbot.yaml'
mlopsctl deploy render --file ../deploy.yaml >chatbot.yaml
grep -E '^kind:|^  name:' chatbot.yaml

printf '\n# what bringing a second version live would do, without a cluster\n'
show mlopsctl deploy blue-green --file ../deploy.yaml --image localhost:5000/chatbot:2 --no-pin \
  --dry-run --manifests chatbot.yaml

context=${MLOPSCTL_DEPLOY_CONTEXT:-}
if [ -z "$context" ]; then
  printf "\n# to bring it live: docker build -t REGISTRY/chatbot:1 examples/chatbot, docker push, and\n"
  printf '#   examples/chatbot/run.sh --deploy CONTEXT --image REGISTRY/chatbot:1\n'
else
  image=${MLOPSCTL_DEPLOY_IMAGE:-localhost:5000/chatbot:1}
  where=(--file ../deploy.yaml --context "$context" --namespace mlopsctl-chatbot)
  kubectl --context "$context" create namespace mlopsctl-chatbot --dry-run=client -o yaml |
    kubectl --context "$context" apply -f -
  typed mlopsctl deploy render --file ../deploy.yaml --image "$image" '|' kubectl apply -f -
  mlopsctl deploy render --file ../deploy.yaml --image "$image" |
    kubectl --context "$context" --namespace mlopsctl-chatbot apply -f -
  show mlopsctl deploy blue-green "${where[@]}" --image "$image" --retry --dry-run
  show mlopsctl deploy blue-green "${where[@]}" --image "$image" --retry
  show mlopsctl smoke "${where[@]}"
  show mlopsctl deploy status "${where[@]}"
  printf '\n# to clean up: kubectl --context %s delete namespace mlopsctl-chatbot\n' "$context"
fi
