#!/usr/bin/env bash
# Builds the Debian package from build/release and tries it where it was unpacked: the binary must
# run, and bring its man page, completions and Python module. Leaves it in build/release/package.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=cmake/setup.sh
. cmake/setup.sh
setup_packages cmake/packages.txt tests/packages.txt

# Without the Parquet module: the Arrow that it is linked to is not Debian's.
setup_build release -DMLOPSCTL_TESTS=OFF -DMLOPSCTL_PYARROW=
rm -rf build/release/package
(cd build/release && cpack)
deb=$(echo build/release/package/*.deb)
dpkg-deb --field "$deb" Package Version Architecture Depends Recommends Suggests Installed-Size

unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked" "$setup_log"' EXIT
dpkg-deb -x "$deb" "$unpacked"
version=$("$unpacked/usr/bin/mlopsctl" --version)
[[ $version == *"$(dpkg-deb --field "$deb" Version)"* ]] || {
  echo "error: the binary says '$version'" >&2
  exit 1
}
missing=0
for path in bin/mlopsctl share/mlopsctl/mlopsctl.py share/man/man1/mlopsctl.1.gz \
  share/bash-completion/completions/mlopsctl share/zsh/vendor-completions/_mlopsctl \
  share/fish/vendor_completions.d/mlopsctl.fish share/doc/mlopsctl/LICENSE; do
  [ -e "$unpacked/usr/$path" ] || {
    echo "error: the package has no /usr/$path" >&2
    missing=1
  }
done
[ "$missing" -eq 0 ]
echo "$deb: $version"
