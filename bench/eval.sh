#!/usr/bin/env bash
# Language models on the CPU beside transformers and torch: scoring and greedy generation of the small
# model and of GPT-2's shape, and whole processes to the first score. Prints tab-separated rows.
#
#   bench/eval.sh [--quick]
#
# MLOPSCTL_PYTHON names a Python that has bench/eval_requirements.txt; without it the environment is
# made (5.5 GB). Run it when nothing else runs.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"
repeat=5
[ "${1:-}" != --quick ] || repeat=1
setup_packages "$root/cmake/packages.txt"
say "building the release preset"
setup_build release -DMLOPSCTL_TESTS=OFF >&2
cmake --build "$root/build/release" --target bench_engine >&2
ours=$root/build/release/bin/bench_engine
mlopsctl=$root/build/release/bin/mlopsctl
python=${MLOPSCTL_PYTHON:-}
if [ -z "$python" ]; then
  say "peers"
  export MLOPSCTL_REQUIREMENTS=$root/bench/eval_requirements.txt
  "$root/tests/interop/venv.sh"
  python=$("$root/tests/interop/venv.sh" -c 'import sys; print(sys.executable)')
fi
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
work=$(mktemp -d "${TMPDIR:-/dev/shm}/mlopsctl-bench-eval.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The median of a field of JSON lines.
median() { "$python" -c 'import json, statistics, sys; print(statistics.median(json.loads(line)[sys.argv[1]] for line in sys.stdin))' "$1"; }
row() { printf '%s\t%s\t%s\t%s\n' "$@"; }

for type in float32 bfloat16; do
  "$ours" make gpt2-124m "$type" "$work/gpt2-$type"
  row "GPT-2 124M $type" "scoring, 1024 tokens" tokens/s "$("$ours" score "cpu:$type" "$work/gpt2-$type" 4 1024 "$repeat" | median tokens_per_s)"
  row "GPT-2 124M $type" "decoding, batch 1" tokens/s "$("$ours" decode "cpu:$type" "$work/gpt2-$type" 1 16 64 "$repeat" | median tokens_per_s)"
done
small=$root/examples/chatbot/model
row "small float16" "scoring, 512 tokens" tokens/s "$("$ours" score cpu "$small" 16 512 "$repeat" | median tokens_per_s)"
row "small float16" "decoding, batch 1" tokens/s "$("$ours" decode cpu "$small" 1 16 64 "$repeat" | median tokens_per_s)"
for model in "$work/gpt2-float32" "$work/gpt2-bfloat16" "$small"; do
  for _ in 1 2 3; do
    row "$(basename "$model")" "process to the first score of 16 tokens" s "$("$ours" score cpu "$model" 1 16 1 | median first_s)"
  done
done
printf 'task: first\noutput_type: loglikelihood\ndataset_path: json\ndataset_kwargs: {data_files: one.jsonl}\ntest_split: train\ndoc_to_text: "{{q}}"\ndoc_to_target: "{{a}}"\nmetric_list: [{metric: acc}]\n' >"$work/first.yaml"
echo '{"q": "Who is", "a": " there"}' >"$work/one.jsonl"
for _ in 1 2 3; do
  start=$(date +%s.%N)
  "$mlopsctl" eval run "$small" --tasks "$work/first.yaml" --device cpu --no-record -q >/dev/null
  row small "mlopsctl eval run of one example" s "$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.3f", b - a }')"
done
"$python" "$root/bench/eval_peers.py" --device cpu --models gpt2,small --repetitions "$repeat" |
  "$python" -c '
import json, sys
for line in sys.stdin:
    one = json.loads(line)
    if "what" in one:
        model, what, batch = one["model"] + " " + one["dtype"], one["what"], one["batch"]
        rate = one["tokens_per_second"]
        print(f"transformers {model}\t{what}, batch {batch}\ttokens/s\t{rate}")'
"$python" "$root/bench/eval_peers.py" --device cpu --cold --repetitions 3
