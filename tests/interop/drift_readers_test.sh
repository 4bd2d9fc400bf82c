#!/usr/bin/env bash
# Files as numpy, pandas, pyarrow and safetensors write them: read by us, they hold the same values.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export MLOPSCTL_REQUIREMENTS=$here/readers_requirements.txt
exec "$here/venv.sh" "$here/drift_readers_cases.py" "$1"
