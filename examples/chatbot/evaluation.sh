# shellcheck shell=bash
# The evaluation of the quick start, sourced by run.sh in work/: a small language model is scored on
# text that it never learned, its scores become a baseline, a check passes, and one on a damaged copy
# of the model fails.

# evaluate NAME FOLDER
evaluate() {
  rm -f "$1.json.part"
  show mlopsctl eval run "$2" --tasks ../eval --limit 60 --name "$1" -o "$1.json"
}

show mlopsctl eval tasks ../eval
evaluate small ../model
rm -f baselines/small.json
show mlopsctl baseline save small small.json

printf '\n# the same model once more: a change that changes nothing\n'
evaluate again ../model
show mlopsctl eval check again.json --baseline small

printf '\n# noise in some of the weights: what a bad conversion or a bug does\n'
show python3 ../model/damage.py --output broken
evaluate broken broken
rc=0
show mlopsctl eval check broken.json --baseline small || rc=$?
[ $rc -eq 3 ] || exit 1
printf '\n# exit code %s: it must not ship\n' $rc
show mlopsctl eval compare small.json broken.json
