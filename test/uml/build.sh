#!/bin/bash
# Prints the path of a User-Mode Linux kernel with the devices that the tests need, and builds it first if there is none:
# some five minutes of CPU time, once for each kernel.config, patch and version of the source.
#
#   test/uml/build.sh
#
# UML_SOURCE  the kernel's source (default: Debian's /usr/src/linux-source-6.12.tar.xz)
# UML_CACHE   where the kernel is kept (default: ~/.cache/vrouter)
# UML_BUILD   where to build (default: a new directory, removed afterwards)
# JOBS        compilers side by side (default: one for each CPU)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=${UML_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
cache=${UML_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vrouter}
fail() { echo "test/uml/build.sh: $*" >&2; exit 1; }

# Debian's sources change only with their version, which the file's name and size stand for.
key=$({ cat "$here/kernel.config" "$here"/patches/*.patch "$0"; basename "$source"; stat -L -c %s "$source" 2>/dev/null || :; } | sha256sum)
key=${key:0:16}
kernel=$cache/uml-$key
mkdir -p "$cache"
# Whoever comes second waits for the first's kernel rather than build another.
exec 9>"$cache/uml.lock"
flock 9
if [ -x "$kernel" ]; then echo "$kernel"; exit 0; fi

[ "$(uname -m)" = x86_64 ] || fail "User-Mode Linux runs on x86-64, and this is $(uname -m)"
[ -r "$source" ] || fail "no kernel source at $source: apt-get install linux-source-6.12, or set UML_SOURCE"
for tool in gcc make flex bison bc xz patch; do
  command -v "$tool" >/dev/null || fail "no $tool: apt-get install build-essential flex bison bc xz-utils patch"
done

echo "building the tests' kernel; this happens once" >&2
work=${UML_BUILD:-}
if [ -z "$work" ]; then work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; fi
mkdir -p "$work/source" "$work/object"
if [ ! -f "$work/extracted-$key" ]; then
  tar -xf "$source" -C "$work/source" --strip-components=1
  for change in "$here"/patches/*.patch; do patch -s -p1 -d "$work/source" < "$change" >&2; done
fi
touch "$work/extracted-$key"
# UML before 6.13 keeps 2696 octets of floating-point registers; a CPU with AMX has 11008, and the host's kernel takes
# all or nothing. What is too much is cut off by ptrace(2). The registers are on the stack, hence its size.
sed -i 's/HOST_FP_SIZE, 2696)/HOST_FP_SIZE, 11008)/' "$work/source/arch/x86/um/user-offsets.c"
sed -i '/-Wframe-larger-than/d' "$work/source/arch/um/os-Linux/Makefile"
build() { make -s -C "$work/source" ARCH=um O="$work/object" "$@" >&2; }
build KCONFIG_ALLCONFIG="$here/kernel.config" allnoconfig
missing=$(grep -o '^CONFIG_[A-Z0-9_]*=y' "$here/kernel.config" | grep -vxFf "$work/object/.config" || :)
[ -z "$missing" ] || fail "this source has no" $missing
# Most of a guest's time is its programs' and the host's; optimizing the kernel more takes longer than it saves.
build -j"${JOBS:-$(nproc)}" KCFLAGS='-O1 -w' linux
strip -o "$kernel.part" "$work/object/linux"
mv "$kernel.part" "$kernel"
echo "$kernel"
