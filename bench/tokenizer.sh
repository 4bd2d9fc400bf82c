#!/usr/bin/env bash
# Measures tokenizers of four families beside the tokenizers library, one thread each, and prints a table.
#
#   bench/tokenizer.sh            three minutes
#   bench/tokenizer.sh --quick    shorter rounds, to see that it works
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"
setup_packages "$root/cmake/packages.txt" "$root/tests/interop/packages.txt"
say "building the release preset"
setup_build release -DMLOPSCTL_TESTS=OFF
cmake --build "$root/build/release" --target bench_tokenizer
say "peers"
export MLOPSCTL_REQUIREMENTS=$root/bench/tokenizer_requirements.txt
"$root/tests/interop/venv.sh"
say "measuring"
exec "$root/tests/interop/venv.sh" "$root/bench/tokenizer.py" "$root/build/release/bin/bench_tokenizer" "$@"
