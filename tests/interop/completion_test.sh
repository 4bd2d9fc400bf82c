#!/usr/bin/env bash
# The completion scripts in the shells they are written for.
set -euo pipefail
binary=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$binary" "$work/bin/mlopsctl"
export PATH="$work/bin:$PATH" HOME="$work"
cd "$work"
mlopsctl init --project . >/dev/null 2>&1
id=$(mlopsctl run start --name baseline 2>/dev/null)
mlopsctl run log "$id" eval/loss=1 >/dev/null

failed=0
# expect WHAT GOT WANTED…: every wanted word is a line of what was offered.
expect() {
  local what=$1 got=$2 word
  shift 2
  for word in "$@"; do
    if ! grep -qxF -- "$word" <<<"$got"; then
      printf 'FAILED %s: %s is not offered, but:\n%s\n' "$what" "$word" "$got"
      failed=1
    fi
  done
}

# What bash offers for the last word of a line.
in_bash() {
  bash --norc -c '
    source "$1/completions/mlopsctl.bash"
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _mlopsctl 2>/dev/null
    printf "%s\n" "${COMPREPLY[@]}"' bash "$root" "$@"
}
expect "bash: verb" "$(in_bash mlopsctl run l)" list log
expect "bash: option" "$(in_bash mlopsctl run list --so)" --sort
expect "bash: run" "$(in_bash mlopsctl run show "${id:0:4}")" "$id"
expect "bash: metric" "$(in_bash mlopsctl run plot "$id" --metric '')" eval/loss
touch points.jsonl
expect "bash: file" "$(in_bash mlopsctl run log "$id" --from poi)" points.jsonl
echo "bash $BASH_VERSION: done"

if command -v fish >/dev/null; then
  in_fish() { fish --no-config -c "source $root/completions/mlopsctl.fish; complete -C '$1'" | cut -f1; }
  expect "fish: verb" "$(in_fish 'mlopsctl run l')" list log
  expect "fish: option" "$(in_fish 'mlopsctl run list --so')" --sort
  expect "fish: run" "$(in_fish "mlopsctl run show ${id:0:4}")" "$id"
  fish --version
else
  echo "fish is not installed: its script was not tried"
fi

if command -v zsh >/dev/null; then
  # A real interactive zsh behind a pseudo-terminal: typed, completed, read.
  in_zsh() {
    zsh -f -c '
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell "PS1=; PROMPT=; fpath=($1/completions \$fpath); autoload -Uz compinit; compinit -u -D"
      zpty -w shell "zstyle \":completion:*\" list-prompt \"\"; zstyle \":completion:*\" format \"\"; LISTMAX=0"
      sleep 1
      zpty -r -t shell discarded 2>/dev/null
      zpty -n -w shell "$2"$'"'\t\t'"'
      sleep 1
      text=; while zpty -r -t shell part; do text+=$part; done
      zpty -d shell
      print -r -- "$text"' zsh "$root" "$1"
  }
  got=$(in_zsh 'mlopsctl run artifact ')
  for word in add list get; do
    grep -q "$word" <<<"$got" || { printf 'FAILED zsh: %s is not offered, but:\n%s\n' "$word" "$got"; failed=1; }
  done
  zsh --version
else
  echo "zsh is not installed: its script was not tried"
fi
exit "$failed"
