#!/usr/bin/env bash
# Real data with a known answer: halves of one data set are quiet, other classes are loud.
# scikit-learn's digits, and Fashion-MNIST where Debian's package is installed or can be downloaded.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
images=/usr/share/datasets/fashion-mnist
if [ ! -d "$images" ]; then
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/mlopsctl/fashion-mnist
  images=$cache/usr/share/datasets/fashion-mnist
  if [ ! -d "$images" ]; then
    mkdir -p "$cache"
    (cd "$cache" && apt-get download dataset-fashion-mnist >download.log 2>&1 &&
      dpkg-deb -x dataset-fashion-mnist_*.deb . && rm -f dataset-fashion-mnist_*.deb) || images=
  fi
fi
exec "$here/venv.sh" "$here/drift_real_data_cases.py" "$1" "$images"
