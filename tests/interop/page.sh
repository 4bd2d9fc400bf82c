# shellcheck shell=bash
# For tests of HTML pages: sourced with the binary as first argument. Goes to an empty folder, which
# is removed at the end; skips where there is no Chromium. drive SCRIPT PAGE runs a test of a page.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034  # used by the scripts that source this
mlopsctl=$1

browser=$(command -v chromium || true)
[ -n "$browser" ] || {
  echo "skipped: no Chromium: apt-get install chromium"
  exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export XDG_CONFIG_HOME=$work/config PYTHONDONTWRITEBYTECODE=1

drive() { "$here/venv.sh" "$here/$1" "$2" --browser "$browser"; }
