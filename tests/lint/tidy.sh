#!/usr/bin/env bash
# clang-tidy over src/ and commands/ with the checks of .clang-tidy. What passed is not looked at again
# until it, a header of ours that it includes or the checks change. The sanitizer's build folder puts
# many files into one translation unit, for which the headers are read once: four times as fast.
#
#   tests/lint/tidy.sh [BUILD-FOLDER]     default build/asan; it must have been built
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
build=${1:-build/asan}
passed=${XDG_CACHE_HOME:-$HOME/.cache}/mlopsctl/tidy
mkdir -p "$passed"

[ -e "$build/build.ninja" ] || {
  echo "error: '$build' is not built" >&2
  echo "hint: tests/run.sh --preset asan --build-only" >&2
  exit 1
}
# Each file as it is, without precompiled headers, which are another compiler's: so an #include that is missing
# shows, too.
mkdir -p "$build/tidy"
sed -E 's/(-Xclang -include-pch -Xclang [^ ]* -Xclang )?-include (-Xclang )?[^ "]*cmake_pch\.hxx//
  s/-fpch-preprocess|-Winvalid-pch|-fsanitize[^ ]*//g' \
  "$build/compile_commands.json" >"$build/tidy/compile_commands.json"
same_for_all=$({ clang-tidy --version; cat .clang-tidy; } | sha256sum)

# One line a translation unit: its path and the files of ours that it is made of, from ninja's log.
units() {
  ninja -C "$build" -t deps | awk -v root="$root/" -v build="$build/" '
    function flush() { if (files != "") print unit files; unit = files = "" }
    /^[^ ].*#deps/ { flush(); next }
    /^    / {
      path = $1
      sub(/^(\.\.\/)+/, "", path)
      if (index(path, root) == 1) path = substr(path, length(root) + 1)
      if (index(path, build) == 1) path = substr(path, length(build) + 1)
      if (unit == "" && path ~ /\/Unity\/unity_[^\/]*$/) { unit = build path; next }
      if (path !~ "^(include|src|commands)/") next
      if (unit == "") unit = path  # a file by itself comes before its headers
      files = files " " path
    }
    END { flush() }' | grep -E "^(src|commands|$build/(src|commands))/.*[.]c(pp|xx) " | sort -u
}

check() {
  local unit=$1 key
  shift
  [ -e "$unit" ] || return 0  # of a target that is gone
  key=$({ echo "$same_for_all"; cat "$@" 2>/dev/null; } | sha256sum | cut -c1-32)
  [ ! -e "$passed/$key" ] || return 0
  # Units of several files include .cpp files, as nothing else may.
  case $unit in */Unity/*) set -- --checks=-bugprone-suspicious-include ;; *) set -- ;; esac
  if clang-tidy --quiet "$@" --extra-arg=-Wno-unknown-warning-option -p "$build/tidy" "$unit" 2>/dev/null; then
    touch "$passed/$key"
  else
    echo "hint: clang-tidy --quiet -p $build/tidy $unit" >&2
    return 1
  fi
}
export -f check
export same_for_all passed build

# A line is "UNIT FILE…"; xargs gives one line to one shell.
# shellcheck disable=SC2016  # expanded by the inner shell
units | xargs -r -P "$(nproc)" -L 1 bash -c 'check "$@"' tidy || exit 1
find "$passed" -type f -mtime +30 -delete
