#!/usr/bin/env bash
# The quick start: installs what is missing, builds mlopsctl, learns a chatbot three times, and
# lists, compares and plots the runs, checks one half of the text for drift against the other, scores
# a small language model so that one check passes and one fails, and versions text and model: changed,
# compared, rolled back, rebuilt, pulled from a remote. At last the chatbot is served and checked, and
# its deployment on Kubernetes is rendered; it is carried out only with --deploy CONTEXT [--image IMAGE].
# Commands are printed before they run; everything is in work/.
# On the second call nothing is built, and a setting that was learned from this text is not learned again.
set -euo pipefail
while [ $# -gt 0 ]; do
  case $1 in
    --deploy) export MLOPSCTL_DEPLOY_CONTEXT=${2:?a context of the kubeconfig} ;;
    --image) export MLOPSCTL_DEPLOY_IMAGE=${2:?an image that the cluster can pull} ;;
    *) echo "usage: run.sh [--deploy CONTEXT [--image IMAGE]]" >&2 && exit 2 ;;
  esac
  shift 2
done
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"
setup_packages "$root/cmake/packages.txt"
say "building mlopsctl"
setup_build release -DMLOPSCTL_TESTS=OFF

# Prints a command as one would type it.
typed() {
  local word line='$'
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_@%+=:,./-]+$ ]]; then line+=" $word"; else line+=" '${word//\'/\'\\\'\'}'"; fi
  done
  printf '\n%s\n' "$line"
}

show() {
  typed "$@"
  "$@"
}

work=$here/work
mkdir -p "$work"
show cd "$work"
show export "PATH=$root/build/release/bin:$PATH" | sed "s|:$PATH|:\$PATH|"
export PATH="$root/build/release/bin:$PATH"

# A project of the example's own; without --project it would be the clone's.
[ -e .mlopsctl ] || show mlopsctl init --project .
if ! mlopsctl experiment list | cut -f2 | grep -qx chatbot; then
  show mlopsctl experiment create chatbot
fi

text=$(cat "$here"/data/*.txt | sha256sum | cut -c1-12)
code=$(cat "$here"/*.py | sha256sum | cut -c1-12)

# learned NAME ORDER CACHE: the id of a finished run of this setting on this text, if there is one.
learned() {
  local filter="status = 'FINISHED' AND run_name = '$1' AND params.order = '$2' AND params.cache = '$3'"
  filter+=" AND params.text = '$text' AND params.code = '$code'"
  mlopsctl --quiet run list --experiment chatbot "$filter" --limit 1 --columns run_id | cut -c1-8
}

# learn NAME ORDER CACHE
learn() {
  if [ -e "$1/model.json" ] && [ -n "$(learned "$@")" ]; then
    printf '\n# %s: learned from this text already, run %s\n' "$1" "$(learned "$@")"
  else
    show mlopsctl run exec --experiment chatbot --name "$1" --param "order=$2" --param "cache=$3" \
      --param "text=$text" --param "code=$code" --seed 42 -- \
      python3 ../train.py --order "$2" --cache "$3" --output "$1"
    show mlopsctl run artifact add @last "$1/model.json" "$1/conversation.txt"
  fi
  runs+=("$(learned "$@")")
}

runs=()
learn unigram 1 0
learn bigram 2 0
learn trigram-cache 3 200

show mlopsctl run list --experiment chatbot --sort metrics.held_out_perplexity \
  --columns run_name,status,duration,params.order,params.cache,metrics.held_out_perplexity
show mlopsctl run compare "${runs[@]}"
show mlopsctl run plot "${runs[@]}" --metric held_out_perplexity
show mlopsctl run plot "${runs[@]}" --html curves.html
# Do people in comedies talk as those in tragedies do? A model of the one would meet a shift in the other.
tragedies=(hamlet julius-caesar king-lear macbeth othello romeo-and-juliet)
comedies=(as-you-like-it much-ado-about-nothing the-merchant-of-venice the-taming-of-the-shrew the-tempest twelfth-night)
describe() { python3 ../descriptors.py "${@/#/../data/}"; }
printf '\n# one row a speech: length, words, commas, questions, ...\n'
describe "${tragedies[@]/%/.txt}" >tragedies.csv
describe "${comedies[@]/%/.txt}" >comedies.csv
rc=0
show mlopsctl drift check tragedies.csv comedies.csv --name comedies || rc=$?
[ $rc -eq 0 ] || [ $rc -eq 3 ] || exit $rc
printf '\n# exit code %s: 3 is drift, 0 would be none\n' $rc
show mlopsctl drift history
show python3 ../train.py --output trigram-cache --talk "Where is the king?"

# shellcheck source=examples/chatbot/evaluation.sh
. "$here/evaluation.sh"
# shellcheck source=examples/chatbot/versions.sh
. "$here/versions.sh"
# shellcheck source=examples/chatbot/deploying.sh
. "$here/deploying.sh"
printf '\nThe curves are in %s, two versions beside each other in %s; open them in a browser.\n' \
  "$work/curves.html" "$work/plots/index.html"
