#!/usr/bin/env bash
# The hooks of .pre-commit-hooks.yaml in the real pre-commit: pre_commit_test.sh MLOPSCTL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export MLOPSCTL_REQUIREMENTS=$here/pre_commit_requirements.txt
"$here/venv.sh" -c 'import pre_commit'
pre_commit() { "$here/venv.sh" -m pre_commit "$@"; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CONFIG_HOME=$work/config PRE_COMMIT_HOME=$work/pre-commit GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_NOSYSTEM=1
PATH=$(dirname "$(realpath "$1")"):$PATH
git config --global user.name t
git config --global user.email t@t
git config --global init.defaultBranch main
failures=0
check() {
  local what=$1
  shift
  if "$@"; then echo "ok   $what"; else
    echo "FAIL $what"
    failures=$((failures + 1))
  fi
}
fails() { ! "$@"; }

# The repository that a user names: only its list of hooks matters to pre-commit.
mkdir "$work/mlopsctl"
cd "$work/mlopsctl"
git init -q
cp "$here/../../.pre-commit-hooks.yaml" .
git add -A
git commit -q -m hooks
git tag v1

mkdir "$work/project"
cd "$work/project"
git init -q
mlopsctl data init >init.log
cat >.pre-commit-config.yaml <<YAML
default_install_hook_types: [pre-commit, post-checkout, pre-push]
repos:
- repo: $work/mlopsctl
  rev: v1
  hooks:
  - id: mlopsctl-pre-commit
  - id: mlopsctl-post-checkout
  - id: mlopsctl-pre-push
YAML
echo init.log >.gitignore
pre_commit install >"$work/install.log"
export MLOPSCTL_HOOK_MAX_FILE_SIZE=1kB
head -c 2000 /dev/zero >big.bin
git add -A
check "a big file is stopped" fails git commit -q -m big 2>"$work/big.log"
check "and named" grep -q "big.bin" "$work/big.log"
git rm -q --cached big.bin
mlopsctl data add big.bin >"$work/add.log"
mlopsctl data remote add -d store "$work/store" >"$work/remote.log"
git add -A
check "a pointer to it is not" git commit -q -m one 2>"$work/one.log"
git branch old
echo more >>big.bin
mlopsctl data add big.bin >"$work/add.log"
git commit -q -a -m two 2>"$work/two.log"
git checkout -q old 2>"$work/checkout.log"
check "post-checkout brings the data of the branch" test "$(stat -c %s big.bin)" = 2000
git init -q --bare "$work/server.git"
check "git push works" git push -q "$work/server.git" old 2>"$work/push.log"
check "and pre-push pushed the data before" test -d "$work/store/files/md5"
check "mlopsctl knows whose hook that is" grep -q "pre-commit" <(mlopsctl hook status)
mlopsctl hook install pre-commit >"$work/beside.log"
git commit -q --allow-empty -m three 2>"$work/three.log"
check "both beside each other work" grep -q "no big files in git" "$work/three.log"
[ "$failures" -eq 0 ]
