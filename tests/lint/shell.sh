#!/usr/bin/env bash
# Shell scripts pass shellcheck; Python files compile under the oldest Python that is supported.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folders=(.ci bench cmake examples share tests)
{
  find "${folders[@]}" -name '*.sh' -not -path '*/work/*' -print0
  find .ci -type f -print0
} | sort -zu | xargs -0 shellcheck --external-sources || {
  echo "hint: each SCnnnn above is explained at the end of shellcheck's output" >&2
  exit 1
}
find "${folders[@]}" -name '*.py' -not -path '*/work/*' -print0 |
  PYTHONDONTWRITEBYTECODE=1 xargs -0 -r /usr/bin/python3 -W error -c '
import pathlib, sys
for path in sys.argv[1:]:
    compile(pathlib.Path(path).read_text(encoding="utf-8"), path, "exec")'
