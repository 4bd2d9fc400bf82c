#!/usr/bin/env bash
# Tries the two commands of the README on a new machine: a Debian 12 base system in a folder, made by
# debootstrap, with a clone of this working tree and nothing else. Each command runs twice: the second
# call must find everything done. Needs root, debootstrap and 4 GB.
#
#   tests/fresh-machine.sh [--keep] [--in DIR] [COMMAND…]
#
#   --keep       leave the folder, to look around with: chroot DIR/root bash
#   --in DIR     folder to use, which must not exist (default: a new one under /tmp)
#   COMMAND      what to run in the clone instead of the two commands, each an argument, e.g. '.ci/run'
set -euo pipefail
self=$(realpath "${BASH_SOURCE[0]}")
cd "$(dirname "$self")/.."

arguments=("$@")
keep=no
dir=
commands=()
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=yes ;;
    --in) dir=$2; shift ;;
    --help | -h) sed -n '2,/^set/s/^# \{0,1\}//p' "$self"; exit 0 ;;
    -*) echo "error: unknown option '$1'" >&2; exit 2 ;;
    *) commands+=("$1") ;;
  esac
  shift
done
[ ${#commands[@]} -gt 0 ] ||
  commands=(examples/chatbot/run.sh examples/chatbot/run.sh tests/run.sh tests/run.sh)
[ "$(id -u)" -eq 0 ] || { echo "error: a chroot needs root" >&2; exit 1; }
# Whatever is mounted here is nobody else's business and goes away with this process.
if [ -z "${MLOPSCTL_FRESH_MOUNTS:-}" ]; then
  MLOPSCTL_FRESH_MOUNTS=private exec unshare --mount --propagation private "$self" "${arguments[@]}"
fi
command -v debootstrap >/dev/null || { echo "error: debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }
if [ -z "$dir" ]; then dir=$(mktemp -d /tmp/mlopsctl-fresh.XXXXXX); else mkdir "$dir"; fi
root=$dir/root
clone=/src/mlopsctl

# shellcheck disable=SC2317  # called by trap
cleanup() {
  local mounted
  for mounted in proc dev/pts dev/shm dev; do
    if mountpoint -q "$root/$mounted"; then umount -l "$root/$mounted"; fi
  done
  # Only a tree that nothing is mounted in any more is removed.
  if [ "$keep" = yes ] || grep -qF " $root/" /proc/mounts; then
    echo "left in $dir"
  else
    rm -rf --one-file-system "$dir"
  fi
}
trap cleanup EXIT

# The mirror that this machine is configured with, and its other package settings.
# shellcheck disable=SC2016  # apt expands them
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
  awk '$2 == "bookworm" { print $1; exit }')
[ -n "$mirror" ] || { echo "error: no Debian 12 mirror is configured here" >&2; exit 1; }
echo "== a base system in $root"
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$dir/debootstrap.log" || {
  tail -n 20 "$dir/debootstrap.log" >&2
  exit 1
}
rm -f "$root/etc/apt/sources.list"
for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/auth.conf.d /etc/apt/keyrings /etc/pip.conf \
  /etc/resolv.conf /etc/hosts; do
  if [ -e "$path" ]; then cp -rL "$path" "$root$(dirname "$path")/"; fi
done
apt-config dump | grep -E '^Acquire::(http|https|Check|Retries)' >"$root/etc/apt/apt.conf.d/99machine" || true
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=0666
mount -t tmpfs tmpfs "$root/dev/shm"

# What a clone of the working tree as it is now would hold.
mkdir -p "$root$clone"
git ls-files -z --cached --others --exclude-standard |
  while IFS= read -r -d '' path; do [ ! -e "$path" ] || printf '%s\0' "$path"; done |
  tar -c --null -T - | tar -x -C "$root$clone" --no-same-owner
git -C "$root$clone" init -q -b main
git -C "$root$clone" add -A
git -C "$root$clone" -c user.name=test -c user.email=test@localhost -c commit.gpgsign=false commit -qm "working tree"

environment=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "TERM=${TERM:-dumb}")
for name in http_proxy https_proxy no_proxy; do
  if [ -n "${!name:-}" ]; then environment+=("$name=${!name}"); fi
done
# Certificates of this machine's own network, which no package of Debian's brings.
if [ -n "${PIP_CERT:-}" ]; then
  cp -L "$PIP_CERT" "$root/root/certificates.pem"
  environment+=(PIP_CERT=/root/certificates.pem)
fi

failed=0
for number in "${!commands[@]}"; do
  command=${commands[$number]}
  log=$dir/$((number + 1)).log
  echo "== $command"
  begin=$SECONDS
  if chroot "$root" env -i "${environment[@]}" bash -c "cd $clone && $command" </dev/null >"$log" 2>&1; then
    verdict=ok
  else
    verdict="FAILED"
    failed=1
  fi
  tail -n 15 "$log" | sed 's/^/   /'
  echo "== $command: $verdict, $((SECONDS - begin)) s"
  if [ "$failed" -ne 0 ]; then
    cp "$log" /tmp/mlopsctl-fresh-failed.log
    echo "the whole output is in /tmp/mlopsctl-fresh-failed.log" >&2
    break
  fi
done
exit "$failed"
