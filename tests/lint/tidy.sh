#!/usr/bin/env bash
# clang-tidy over src/ and commands/ with the checks of .clang-tidy. A file that passed is not looked
# at again until it, a header of ours that it includes, its command line or the checks change.
#
#   tests/lint/tidy.sh [BUILD-FOLDER]     default build/dev; it must have been built
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
build=${1:-build/dev}
passed=${XDG_CACHE_HOME:-$HOME/.cache}/mlopsctl/tidy
mkdir -p "$passed"

[ -e "$build/build.ninja" ] || {
  echo "error: '$build' is not built" >&2
  echo "hint: tests/run.sh --build-only" >&2
  exit 1
}
# Each file as it is, without GCC's precompiled headers: so an #include that is missing shows, too.
mkdir -p "$build/tidy"
sed -E 's/-include [^ "]*cmake_pch\.hxx//; s/-fpch-preprocess|-Winvalid-pch//g' \
  "$build/compile_commands.json" >"$build/tidy/compile_commands.json"
same_for_all=$({ clang-tidy --version; cat .clang-tidy; } | sha256sum)

# One line a source file: its path and the files of ours that it is made of, from ninja's log.
sources() {
  ninja -C "$build" -t deps | awk -v root="$root/" '
    function flush() { if (first ~ "^(src|commands)/") print first files; first = files = "" }
    /^[^ ].*#deps/ { flush(); next }
    /^    / {
      path = $1; sub(/^(\.\.\/)+/, "", path)
      if (index(path, root) == 1) path = substr(path, length(root) + 1)
      if (path !~ "^(include|src|commands)/") next
      if (first == "") first = path
      files = files " " path
    }
    END { flush() }' | sort -u
}

check() {
  local source=$1 key
  shift
  [ -e "$source" ] || return 0  # generated in the build folder
  key=$({ echo "$same_for_all"; cat "$@"; } | sha256sum | cut -c1-32)
  [ ! -e "$passed/$key" ] || return 0
  if clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option -p "$build/tidy" "$source" 2>/dev/null; then
    touch "$passed/$key"
  else
    echo "hint: clang-tidy --quiet -p $build/tidy $source" >&2
    return 1
  fi
}
export -f check
export same_for_all passed build

# A line is "SOURCE FILE…"; xargs gives one line to one shell.
# shellcheck disable=SC2016  # expanded by the inner shell
sources | xargs -r -P "$(nproc)" -L 1 bash -c 'check "$@"' tidy || exit 1
find "$passed" -type f -mtime +30 -delete
