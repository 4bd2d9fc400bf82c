#!/usr/bin/env bash
# Makes the Python environment of the interop tests, outside the clone so that it outlives it, and
# runs a test in it:
#
#   tests/interop/venv.sh                   make it if it is not there
#   tests/interop/venv.sh SCRIPT [ARG…]     …and run SCRIPT with its Python
#
# MLOPSCTL_REQUIREMENTS names another list of packages, and so another environment: bench/run.sh does.
#
# Exits with 77, which CTest reports as skipped, when it cannot be made; the reason is printed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

python=/usr/bin/python3
[ -x "$python" ] || python=python3
requirements=${MLOPSCTL_REQUIREMENTS:-$here/requirements.txt}
key=$({ "$python" -VV; cat "$requirements"; } | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mlopsctl
venv=$cache/interop-$key

skip() {
  echo "skipped: $1"
  exit 77
}

# Built where it stays, because console scripts hold their path; whole once .ready is there. The
# lock keeps tests that start together from building it twice.
build() {
  mkdir -p "$cache"
  exec 9>"$venv.lock"
  flock 9
  [ ! -e "$venv/.ready" ] || return 0
  rm -rf "$venv"
  "$python" -m venv "$venv" >"$venv.log" 2>&1 || return 1
  # What the tests import is compiled when they do; all of it would take as long as the rest of this.
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile \
    --requirement "$requirements" >>"$venv.log" 2>&1 || return 1
  touch "$venv/.ready"
}

if [ ! -e "$venv/.ready" ]; then
  build || skip "the interop environment cannot be made: $(tail -n 1 "$venv.log")"
  exec 9>&-
fi
if [ $# -gt 0 ]; then
  exec "$venv/bin/python" "$@"
fi
