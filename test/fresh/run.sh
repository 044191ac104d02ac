#!/bin/sh
# Runs the README's commands on a machine that has nothing yet: a Debian made by debootstrap, with Node and npm. As root.
#
#   test/fresh/run.sh [COMMAND]…      default: 'npm run lab -- --exit', then 'npm test'
#
# The new system has this one's sources of packages, and the commit that is checked out here, in a folder that is removed
# afterwards. The kernel of test/uml is taken from this system's cache when it is there.
set -eu
cd "$(dirname "$0")/../.."
self=$PWD/test/fresh/run.sh
[ $# -gt 0 ] || set -- 'npm run lab -- --exit' 'npm test'
[ "$(id -u)" -eq 0 ] || { echo "test/fresh/run.sh: debootstrap needs root" >&2; exit 1; }
say() { printf '%s\n' "fresh: $*" >&2; }

# All of it runs in namespaces of its own: what is mounted in there is mounted nowhere else, and what still runs in there when
# its first process ends, ends too. So when this removes the folder, nothing can be mounted beneath or write to it.
if [ -z "${VROUTER_FRESH:-}" ]; then
  work=$(mktemp -d "${TMPDIR:-/tmp}/vrt-fresh.XXXXXX")
  clean() {
    if grep -qF " $work/" /proc/self/mountinfo; then say "something is mounted in $work: it is left there"; return; fi
    rm -rf --one-file-system "$work"
  }
  trap clean EXIT
  VROUTER_FRESH=$work unshare --mount --propagation private --pid --fork --kill-child --mount-proc -- sh "$self" "$@" &
  trap 'kill -KILL $!; wait $! || :; exit 130' INT TERM HUP
  wait $!
  exit
fi
work=$VROUTER_FRESH
unset VROUTER_FRESH
root=$work/root

# shellcheck disable=SC2016
set_of=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' | head -n 1)
mirror=${set_of% *} codename=${set_of#* }
say "making a Debian $codename …"
debootstrap --variant=minbase --include=ca-certificates "$codename" "$root" "$mirror" > "$work/log" 2>&1 ||
  { tail -n 20 "$work/log" >&2; exit 1; }

# Where packages come from, and how to get there.
for file in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/trusted.gpg.d \
  /etc/apt/keyrings /usr/share/keyrings /usr/local/share/ca-certificates /etc/ssl/certs /etc/resolv.conf /etc/hosts /etc/npmrc "$HOME/.npmrc"; do
  [ -e "$file" ] || continue
  mkdir -p "$root/$(dirname "$file")"
  rm -rf "${root:?}$file"
  cp -RL "$file" "$root/$(dirname "$file")/" 2>/dev/null || cp -R "$file" "$root/$(dirname "$file")/"
done

# It becomes the root of its mounts, as on a machine that has booted: whoever enters them again (nsenter) comes to that root,
# which after a mere chroot would be this system's.
mount --bind "$root" "$root"
for folder in proc sys dev; do mount --rbind "/$folder" "$root/$folder"; done
mount -t tmpfs tmpfs "$root/run"
enter='cd "$1"; shift; pivot_root . .; umount -l .; cd /; exec "$@"'
inside() { unshare --mount --propagation private sh -ec "$enter" sh "$root" env -i HOME="$HOME" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  TERM=dumb CI=true ${JOBS:+JOBS="$JOBS"} sh -ec "$1"; }

# Node and npm: this system's when they are no packages of Debian, which has hundreds for them.
modules=$(npm root -g)
if [ -d "$modules/npm" ] && [ ! -L "$modules/npm" ] && ! dpkg -S "$modules/npm" >/dev/null 2>&1; then
  mkdir -p "$root/usr/local/bin" "$root/usr/local/lib/node_modules"
  cp -L "$(command -v node)" "$root/usr/local/bin/node"
  cp -R "$modules/npm" "$root/usr/local/lib/node_modules/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
else
  inside 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nodejs npm' > "$work/log" 2>&1 ||
    { tail -n 20 "$work/log" >&2; exit 1; }
fi
inside 'node --version && npm --version' >&2

mkdir -p "$root/srv/vrouter"
git archive HEAD | tar -x -C "$root/srv/vrouter"
# A copy: nothing in there may write to this system's.
for kernel in "${XDG_CACHE_HOME:-$HOME/.cache}"/vrouter/uml-*; do
  [ -f "$kernel" ] || continue
  mkdir -p "$root$HOME/.cache/vrouter"
  cp -p "$kernel" "$root$HOME/.cache/vrouter/"
done

for command; do
  say "$command"
  inside "cd /srv/vrouter && $command"
done
