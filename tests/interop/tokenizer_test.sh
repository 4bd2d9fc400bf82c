#!/usr/bin/env bash
# Ids and texts beside those of the tokenizers library, prompts beside Jinja's: tokenizer_test.sh MLOPSCTL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
values=$(dirname "$1")/tokenizer_values
[ -x "$values" ] || {
  echo "skipped: $values is not built"
  exit 77
}
export MLOPSCTL_REQUIREMENTS=$here/tokenizer_requirements.txt PYTHONDONTWRITEBYTECODE=1 TOKENIZERS_PARALLELISM=false
"$here/venv.sh" "$here/tokenizer_cases.py" "$values" 10000
"$here/venv.sh" "$here/chat_cases.py" "$values"
