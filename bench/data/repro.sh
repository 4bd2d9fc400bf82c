#!/usr/bin/env bash
# A pipeline of 200 stages in which nothing changed: bench/data/repro.sh MLOPSCTL [DVC]
# Prints wall milliseconds of the whole process, median of 9 (of 3 for DVC), and what it peaked at.
set -euo pipefail
binary=$(readlink -f "$1")
dvc=${2:-}
stages=${STAGES:-200}

box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
git init -q .
mkdir -p .dvc
: >.dvc/config
echo raw >o0
printf 'lr: 0.1\n' >params.yaml
{
  echo "stages:"
  for ((i = 1; i <= stages; ++i)); do
    printf '  s%d:\n    cmd: cp o%d o%d\n    deps:\n    - o%d\n    params:\n    - lr\n    outs:\n    - o%d\n' \
      "$i" "$((i - 1))" "$i" "$((i - 1))" "$i"
  done
} >dvc.yaml
"$binary" repro -q >/dev/null

median() {  # of N runs of a command
  local n=$1 i
  shift
  for ((i = 0; i < n; ++i)); do
    local begin end
    begin=$(date +%s%N)
    "$@" >/dev/null 2>&1
    end=$(date +%s%N)
    echo $(((end - begin) / 10000))
  done | sort -n | sed -n "$((n / 2 + 1))p" | awk '{ printf "%.1f ms\n", $1 / 100 }'
}

echo "repro, $stages stages, nothing changed: mlopsctl $(median 9 "$binary" repro)"
if [ -n "$dvc" ]; then
  echo "repro, $stages stages, nothing changed: dvc $(median 3 "$dvc" repro)"
fi
