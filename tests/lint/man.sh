#!/usr/bin/env bash
# The manual pages are what groff reads without a warning, and `man` finds a name in each.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bad=0
for page in man/*.1; do
  warnings=$(groff -man -ww -z -Tutf8 "$page" 2>&1)
  if [ -n "$warnings" ]; then
    printf '%s\n' "$warnings"
    bad=1
  fi
  if command -v lexgrog >/dev/null && ! lexgrog "$page" >/dev/null; then
    echo "$page: no NAME section that whatis understands"
    bad=1
  fi
done
[ "$bad" -eq 0 ] || echo "hint: correct the command's spec in commands/, then: mlopsctl help man man/"
exit "$bad"
