#!/usr/bin/env bash
# Versioning many small files and one large one beside real DVC, cp and md5sum, in one run. Files are
# read once beforehand, so that every tool finds them in memory. Prints tab-separated rows: what, tool,
# seconds, peak memory in MB.
#
#   bench/data.sh MLOPSCTL [DVC]
#
# MLOPSCTL_BENCH_FILES (100000) files of 1 KB, MLOPSCTL_BENCH_LARGE (10240) MiB in one file.
set -euo pipefail
ours=$(realpath "$1")
theirs=${2:-}
files=${MLOPSCTL_BENCH_FILES:-100000}
large=${MLOPSCTL_BENCH_LARGE:-10240}
top=$(mktemp -d "${TMPDIR:-/tmp}/mlopsctl-bench-data.XXXXXX")
trap 'chmod -R u+w "$top"; rm -rf "$top"' EXIT
export DVC_NO_ANALYTICS=1 DVC_SITE_CACHE_DIR=$top/site

# row WHAT TOOL COMMAND…
row() {
  local what=$1 tool=$2
  shift 2
  sync
  /usr/bin/time -o "$top/time" -f '%e %M' "$@" >/dev/null
  awk -v what="$what" -v tool="$tool" '{ printf "%s\t%s\t%.2f\t%.0f\n", what, tool, $1, $2 / 1024 }' "$top/time"
}

# A repository with the small files in d, and a large one.
repository() {
  mkdir "$1"
  git -C "$1" init -q
  python3 - "$1/d" "$files" <<'P'
import os, sys
top, count = sys.argv[1], int(sys.argv[2])
for i in range(count):
    if i % 1000 == 0:
        os.makedirs(f"{top}/{i // 1000}")
    with open(f"{top}/{i // 1000}/{i}", "wb") as file:
        file.write(f"{i}\n".encode().ljust(1024, b"."))
P
  head -c "${large}M" /dev/urandom >"$1/large"
}

repository "$top/ours"
cd "$top/ours"
row "copy $files files" "cp -r" cp -r d "$top/copy"
row "md5 of $files files" md5sum find d -type f -exec md5sum {} +
row "copy $large MiB" cp cp large "$top/copy/large"
row "md5 of $large MiB" md5sum md5sum large
"$ours" data init >/dev/null
row "add $files files" mlopsctl "$ours" data add -q d
row "add $files files again" mlopsctl "$ours" data add -q d
row "status of $files files" mlopsctl "$ours" data status
row "add $large MiB" mlopsctl "$ours" data add -q large
rm -rf d
row "checkout $files files" mlopsctl "$ours" data checkout -q

if [ -n "$theirs" ]; then
  repository "$top/theirs"
  cd "$top/theirs"
  "$theirs" init -q
  row "add $files files" dvc "$theirs" add -q d
  row "add $files files again" dvc "$theirs" add -q d
  row "status of $files files" dvc "$theirs" data status
  row "add $large MiB" dvc "$theirs" add -q large
  rm -rf d
  row "checkout $files files" dvc "$theirs" checkout -q
fi
