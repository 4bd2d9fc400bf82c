#!/usr/bin/env bash
# C++ is laid out as .clang-format says (clang-format 14).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

wrong=$(find include src commands tests bench -name '*.[ch]pp' -print0 | sort -z |
  xargs -0 -P 2 -n 20 clang-format --dry-run 2>&1 | sed -nE 's/^([^:]+):[0-9]+:[0-9]+: .*clang-format.*/\1/p' | sort | uniq -c)
if [ -n "$wrong" ]; then
  echo "error: not laid out as .clang-format says (places, file):" >&2
  printf '%s\n' "$wrong" >&2
  echo "hint: clang-format -i $(printf '%s\n' "$wrong" | sed 's/^ *[0-9]* //' | paste -sd' ')" >&2
  exit 1
fi
