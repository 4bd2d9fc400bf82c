#!/usr/bin/env bash
# Makes an environment with the pinned pyarrow, outside the clone so that it outlives it, and prints
# the folder that -DMLOPSCTL_PYARROW= wants. Exits with 77 and the reason when it cannot be made.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MLOPSCTL_REQUIREMENTS=$here/pyarrow.txt exec "$here/../tests/interop/venv.sh" \
  -c 'import importlib.util as u; print(u.find_spec("pyarrow").submodule_search_locations[0])'
