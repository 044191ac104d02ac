#!/bin/sh
# Copies the built programs, the native packages they need and their Node into a folder that runs anywhere:
#
#   deploy/install.sh /opt/vrouter
#
# Used by the Dockerfile, and by hand for a machine that runs the systemd unit.
set -eu
cd "$(dirname "$0")/.."
target=${1:?"usage: deploy/install.sh FOLDER, such as /opt/vrouter"}
[ -x dist/bin/vrouter ] || { echo 'nothing is built yet: run npm run setup' >&2; exit 1; }

packages="$target/node_modules"
rm -rf "$target/dist" "$packages"
mkdir -p "$packages/.bin" "$packages/@koromix"
# Its files, wherever the folder itself may be.
cp -R dist/. "$target/dist"
for package in koffi netlink node-gyp-build; do cp -R "node_modules/$package" "$packages/"; done
cp -R node_modules/@koromix/koffi-linux-* "$packages/@koromix/"
# What these packages were built from is not needed to run them.
rm -rf "$packages/koffi/vendor" "$packages/koffi/doc" "$packages/koffi/lib/native" "$packages/netlink/src" "$packages/netlink/node_modules"
# Nor what is for other processors, or for another C library than this Node's.
for built in "$packages/netlink/prebuilds"/*; do
  case $built in *"-$(node_modules/.bin/node -p process.arch)") ;; *) rm -rf "$built" ;; esac
done
rm -rf "$packages/@koromix"/*/musl_*
find "$packages/koffi/src" -type f ! -name '*.cjs' ! -name '*.js' -delete
cp -L node_modules/.bin/node "$packages/.bin/node"
