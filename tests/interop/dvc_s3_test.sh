#!/usr/bin/env bash
# Real DVC with dvc-s3, awscli and s5cmd beside mlopsctl on one S3 server: dvc_s3_test.sh MLOPSCTL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for program in ceph-mon ceph-osd radosgw radosgw-admin monmaptool; do
  command -v "$program" >/dev/null || { echo "skipped: $program is not installed"; exit 77; }
done
export PYTHONDONTWRITEBYTECODE=1
clients=$(MLOPSCTL_REQUIREMENTS=$here/s3_clients.txt "$here/venv.sh" -c 'import sys; print(sys.prefix)') ||
  { status=$?; echo "$clients"; exit "$status"; }
export MLOPSCTL_S3_CLIENTS=$clients MLOPSCTL_REQUIREMENTS=$here/dvc_requirements.txt
"$here/venv.sh" "$here/dvc_s3_cases.py" "$1"
