#!/bin/sh
# Makes a Debian package of what is built, on a machine with Debian's dpkg-deb; root is not needed:
#
#   deploy/deb.sh [FOLDER]         FOLDER/vrouter_VERSION_ARCHITECTURE.deb; by default in this folder
#
# The version is package.json's. The package brings its own Node, as the image does: vRouter needs Node 24, and Debian 12
# and 13 have 18 and 20, so a dependency on nodejs could only be met from elsewhere. DEBFULLNAME and DEBEMAIL name the
# maintainer, SOURCE_DATE_EPOCH the time of everything in it (by default that of the last commit), and
# DPKG_DEB_COMPRESSOR_TYPE how it is packed.
set -eu
umask 022
folder=$(cd "${1:-.}" && pwd)
cd "$(dirname "$0")/.."
ask() { node_modules/.bin/node -p "$1"; }
# What is before a release is before it in Debian's order, too.
version=$(ask 'require("./package.json").version.replace("-", "~")')
description=$(ask 'require("./package.json").description')
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y package.json)}
export SOURCE_DATE_EPOCH
maintainer="${DEBFULLNAME:-vRouter} <${DEBEMAIL:-vrouter@localhost}>"

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
trap 'exit 130' INT TERM
put() { install -D -m "$1" "$2" "$tree/$3"; }

# The programs, in the place that Debian has for them.
home=usr/lib/vrouter
sh deploy/install.sh "$tree/$home"
mkdir -p "$tree/usr/share"
# Pages that the programs themselves read stay with them.
for kind in "$tree/$home/dist/share"/*; do
  case $kind in */doc) ;; *) mv "$kind" "$tree/usr/share/" ;; esac
done
find "$tree/usr/share/man" -type f -exec gzip -9n {} +
for link in usr/sbin/vrouter:../lib/vrouter/dist/bin/vrouter usr/bin/calicoctl:../lib/vrouter/dist/bin/calicoctl \
  usr/lib/cni/calico:../vrouter/dist/bin/calico opt/cni/bin/calico:/$home/dist/bin/calico; do
  mkdir -p "$tree/$(dirname "${link%%:*}")"
  ln -s "${link#*:}" "$tree/${link%%:*}"
done

# The service and its settings, which may hold the datastore's password.
put 644 deploy/vrouter.service usr/lib/systemd/system/vrouter.service
sed -i "s,/opt/vrouter/,/$home/," "$tree/usr/lib/systemd/system/vrouter.service"
put 640 deploy/vrouter.env etc/vrouter/vrouter.env
put 644 deploy/10-vrouter.conflist etc/cni/net.d/10-vrouter.conflist
put 644 deploy/deb/lintian-overrides usr/share/lintian/overrides/vrouter

# Who made what: each package that is in a bundle says so there, in a comment before its code.
documents=usr/share/doc/vrouter
put 644 CHANGELOG.md "$documents/CHANGELOG.md"
put 644 deploy/deb/README.Debian "$documents/README.Debian"
cat > "$tree/changelog" <<END
vrouter ($version) unstable; urgency=medium

  * What changed is in CHANGELOG.md, beside this file.

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END
put 644 "$tree/changelog" "$documents/changelog"
gzip -9n "$tree/$documents/changelog" "$tree/$documents/CHANGELOG.md"
{
  echo 'vRouter is under the Apache License 2.0 (/usr/share/common-licenses/Apache-2.0). Its programs hold, or bring with them:'
  loaded="koffi netlink $(cd node_modules && echo node-linux-*)"
  bundled=$(grep -rhoE '^ *// node_modules/(@[^/]+/)?[^/]+' dist --include='*.js' | sed 's,^ *// node_modules/,,')
  licences='process.argv.slice(1).map((name) => `${name} ${require(`./node_modules/${name}/package.json`).license}`).join("\n")'
  node_modules/.bin/node -p "$licences" $(printf '%s\n' $loaded $bundled | LC_ALL=C sort -u) | while read -r package licence; do
    printf '\n-- %s (%s)\n\n' "$package" "$licence"
    # The text of Apache's is Debian's own; who holds the rights is said by NOTICE, where there is one.
    case $licence in Apache-2.0) set -- "node_modules/$package"/NOTICE* ;; *) set -- "node_modules/$package"/LICEN[CS]E* ;; esac
    [ ! -e "$1" ] || cat "$@"
  done
  if [ -e dist/calico.LICENSE ]; then printf '\n-- QuickJS, in the CNI plugin\n\n'; cat dist/calico.LICENSE; fi
} > "$tree/copyright"
put 644 "$tree/copyright" "$documents/copyright"
rm -f "$tree/copyright" "$tree/changelog" "$tree/$home/dist/calico.LICENSE" "$tree/$home/node_modules"/*/LICENSE*

control="$tree/DEBIAN"
for script in postinst prerm postrm; do put 755 "deploy/deb/$script" "DEBIAN/$script"; done
printf '/%s\n' etc/vrouter/vrouter.env etc/cni/net.d/10-vrouter.conflist > "$control/conffiles"
(cd "$tree" && find usr -type f -exec md5sum {} + | LC_ALL=C sort -k 2) > "$control/md5sums"
cat > "$control/control" <<END
Package: vrouter
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Section: net
Priority: optional
Installed-Size: $(du -sk --apparent-size --exclude=DEBIAN "$tree" | cut -f1)
Depends: libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 8), nftables
Recommends: containernetworking-plugins | kubernetes-cni, iproute2, kmod
Description: $(echo "${description%%:*}" | sed 's/^An\{0,1\} //')
$(echo "${description#*: }." | sed 's/^./ \U&/')
 Takes blocks from Calico's IP pools, gives addresses to pods, programs the
 kernel's routes over netlink, announces them by BGP, and enforces network
 policy with nftables. Calico's resources, command line, environment variables
 and names on the host stay as they are.
END
chmod 755 "$tree"
chmod -R u=rwX,go=rX "$tree/usr" "$tree/opt"
find "$tree/$home/node_modules" -name '*.node' -exec chmod 644 {} +
dpkg-deb --root-owner-group --build "$tree" "$folder/vrouter_${version}_$architecture.deb" >&2
