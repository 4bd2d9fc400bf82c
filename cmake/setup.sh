#!/usr/bin/env bash
# Shared by the two commands (examples/chatbot/run.sh, tests/run.sh) and .ci/run: installs Debian
# packages that are missing, configures and builds. To be sourced; needs `set -euo pipefail`.

setup_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\n\033[1m== %s\033[0m\n' "$*" | setup_plain; }

# Keeps the bold of `say` for terminals.
setup_plain() { if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }

# setup_listed FILE…: the packages that the lists name. One whose comment begins with "unless PROGRAM:" is
# left out where that program is.
setup_listed() {
  local package comment
  cat "$@" | while read -r package comment; do
    case $package in '' | '#'*) continue ;; esac
    if [[ $comment =~ ^'# unless '([^:]+): ]] && command -v "${BASH_REMATCH[1]}" >/dev/null; then continue; fi
    printf '%s\n' "$package"
  done
}

# setup_missing FILE…: those of them that are not installed.
setup_missing() {
  local have
  have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | sort -u)
  setup_listed "$@" | sort -u | comm -23 - <(printf '%s\n' "$have")
}

# setup_as_root COMMAND…: as root, or through sudo where that works without asking or can ask.
setup_as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  elif command -v sudo >/dev/null && [ -t 0 ]; then
    sudo "$@"
  else
    return 77
  fi
}

setup_apt() {
  local options=(-q -o DPkg::Lock::Timeout=300)
  # A machine of CI that loses its power is made anew: no file needs to be on its disk before the next one is.
  [ -z "${CI:-}" ] || options+=(-o DPkg::Options::=--force-unsafe-io)
  setup_as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" "$@"
}

# setup_packages FILE…: installs what is missing of the listed packages, or says what to install and
# exits with 1. MLOPSCTL_SETUP=skip says that it is all there, installed in another way.
setup_packages() {
  [ "${MLOPSCTL_SETUP:-}" != skip ] || return 0
  local missing rc=0
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    setup_listed "$@" | sort -u | setup_explain "this machine has no apt" || exit 1
  fi
  missing=$(setup_missing "$@")
  [ -n "$missing" ] || return 0
  say "installing $(printf '%s\n' "$missing" | paste -sd' ')"
  # A new machine has no package lists, and old lists name files that are gone: fetch them when
  # a package is unknown, and once more when the installation fails.
  # shellcheck disable=SC2086  # one word a package
  if ! apt-cache show --no-all-versions $missing >/dev/null 2>&1; then
    setup_apt update >/dev/null || rc=$?
  fi
  # shellcheck disable=SC2086
  if [ $rc -eq 0 ]; then
    setup_apt install -y --no-install-recommends --no-remove $missing >"$setup_log" 2>&1 || rc=$?
    if [ $rc -ne 0 ] && [ $rc -ne 77 ]; then
      rc=0
      setup_apt update >/dev/null || rc=$?
      setup_apt install -y --no-install-recommends --no-remove $missing >"$setup_log" 2>&1 || rc=$?
    fi
  fi
  if [ $rc -eq 77 ]; then
    printf '%s\n' "$missing" | setup_explain "neither root nor sudo" || exit 1
  elif [ $rc -ne 0 ]; then
    tail -n 20 "$setup_log" >&2
    printf '%s\n' "$missing" | setup_explain "apt-get failed" || exit 1
  fi
}

setup_log=$(mktemp "${TMPDIR:-/tmp}/mlopsctl-setup.XXXXXX")
trap 'rm -f "$setup_log"' EXIT

# setup_explain REASON <packages: what to do by hand; fails.
setup_explain() {
  {
    echo "error: packages are missing and cannot be installed from here ($1)"
    echo "hint: on Debian 12, as root:"
    echo "        apt-get update && apt-get install -y --no-install-recommends $(paste -sd' ')"
    echo "hint: elsewhere install the same libraries and tools, then set MLOPSCTL_SETUP=skip"
  } >&2
  return 1
}

# setup_configure OPTION…: runs CMake. In a folder that was made for another compiler the first try forgets
# everything, also the options; the second finds a new folder.
setup_configure() {
  local rc=0
  (cd "$setup_root" && cmake "$@") >"$setup_log" 2>&1 || rc=$?
  if grep -q 'require your cache to be deleted' "$setup_log"; then
    rc=0
    (cd "$setup_root" && cmake "$@") >"$setup_log" 2>&1 || rc=$?
  fi
  return "$rc"
}

# setup_build PRESET [CMAKE-OPTION…]: configures when needed and builds build/PRESET, or only $setup_targets.
setup_targets=(all)
setup_build() {
  local preset=$1 launcher=()
  shift
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    # A fresh clone, in another folder, finds what this one compiled.
    export CCACHE_BASEDIR=$setup_root CCACHE_NOHASHDIR=1
    export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
  fi
  setup_configure --preset "$preset" "${launcher[@]}" "$@" || {
    cat "$setup_log" >&2
    return 1
  }
  cmake --build "$setup_root/build/$preset" --target "${setup_targets[@]}" --parallel "$(nproc)"
}
