#!/usr/bin/env bash
# The one test command: installs what is missing, builds and runs every test. See --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
usage: tests/run.sh [options]

Installs what is missing, builds and runs the tests. On the second call only what changed is built.

options:
  --preset NAME   build to test: release (default: what users install), dev, asan, tsan (code with
                  threads only); see CMakePresets.json
  --label NAME    only tests of this CTest label: unit, e2e, golden, faults, interop …; repeatable
  --no-interop    leave out the tests against other programs (they need Chromium and PyPI)
  --filter REGEX  only tests whose name matches
  --build-only    stop after the build
  --help          this text

environment:
  MLOPSCTL_SETUP=skip   install nothing: it is all there, installed in another way

exit status: 0 every test passed or was skipped with its reason, 1 a test failed, 2 wrong usage
TEXT
}

preset=release
labels=()
interop=yes
filter=
build_only=no
while [ $# -gt 0 ]; do
  case $1 in
    --preset | --label | --filter)
      [ $# -ge 2 ] || { echo "error: $1 needs a value" >&2; exit 2; }
      case $1 in
        --preset) preset=$2 ;;
        --label) labels+=("$2") ;;
        --filter) filter=$2 ;;
      esac
      shift
      ;;
    --no-interop) interop=no ;;
    --build-only) build_only=yes ;;
    --help | -h) usage; exit 0 ;;
    *) echo "error: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

only=$(IFS='|'; printf '%s' "${labels[*]}")
# A label that was asked for decides; without one everything runs.
if [ -n "$only" ] && ! [[ "|$only|" == *"|interop|"* ]]; then interop=no; fi

# shellcheck source=cmake/setup.sh
. cmake/setup.sh
lists=(cmake/packages.txt tests/packages.txt)
[ "$interop" = no ] || lists+=(tests/interop/packages.txt)
# Debian's kubectl, where there is none: it would take the place of a newer one.
[ "$interop" = no ] || command -v kubectl >/dev/null || lists+=(tests/interop/kubectl.txt)
setup_packages "${lists[@]}"

say "building build/$preset"
# Labels are names of test programs: only those are built. The thread sanitizer has no others.
# shellcheck disable=SC2034  # read by setup_build
if [ "$preset" = tsan ]; then
  setup_targets=(contract_tests threads_tests endpoint_tests)
elif [ "${#labels[@]}" -gt 0 ] && ! [[ "|$only|" == *"|interop|"* ]]; then
  setup_targets=(mlopsctl "${labels[@]/%/_tests}")
fi
options=(-DMLOPSCTL_TESTS=ON)
# Arrow for the Parquet module; where it cannot be had its tests say that they were skipped.
if pyarrow=$(cmake/pyarrow.sh); then options+=("-DMLOPSCTL_PYARROW=$pyarrow"); else echo "$pyarrow"; fi
# A new build folder compiles many files at once, in less than half of the time, and takes no warnings, as the one for
# work on the code (cmake --preset dev); one that is there stays as it was configured.
if [ ! -e "build/$preset/CMakeCache.txt" ]; then
  options+=(-DMLOPSCTL_UNITY=ON)
  [ "$preset" != release ] || options+=(-DMLOPSCTL_WERROR=ON)
fi
setup_build "$preset" "${options[@]}"
[ "$build_only" = no ] || exit 0

if [ "$interop" = yes ]; then
  say "peers for the interop tests"
  # Where they cannot be had the tests report themselves as skipped, with the reason.
  tests/interop/venv.sh || true
fi

arguments=(--test-dir "build/$preset" --output-on-failure --no-tests=error -j$(($(nproc) + 1)))
[ -z "$only" ] || arguments+=(--label-regex "^($only)\$")
[ "$interop" = yes ] || arguments+=(--label-exclude '^interop$')
[ -z "$filter" ] || arguments+=(--tests-regex "$filter")
# Also finds what is read before main() has made it: that depends on the order of the link. addr2line comes with g++.
# Eight callers of an allocation tell where it was, in three quarters of the time of thirty.
asan_options=check_initialization_order=1:strict_init_order=1:allow_addr2line=1:malloc_context_size=8
# The search for leaks guesses where the thread-local storage of a library lies that was loaded at run time, libcurl for
# one, and crashed where the guess was wrong, twice in a hundred runs of a test.
asan_options+=:intercept_tls_get_addr=0
[ "$preset" != asan ] || export ASAN_OPTIONS="$asan_options${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
say "testing build/$preset"
ctest "${arguments[@]}" || exit 1
