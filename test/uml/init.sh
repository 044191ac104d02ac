#!/bin/sh
# The first process of the guest: an overlay over the host's files, then the command, then the end.
#
# VRT_SHARED    directory of the host with `command`; its exit code goes to `code` there
# VRT_WRITABLE  directories of the host, joined by colons, that can be written
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb
halt() {
  echo "test/uml/init.sh: $*" >&2
  echo o > /proc/sysrq-trigger
  while :; do sleep 1; done
}
mount -t proc proc /proc || exit 1
mount -t tmpfs tmpfs /mnt || halt 'no tmpfs'
mkdir /mnt/upper /mnt/work /mnt/root
root=/mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work $root || halt 'no overlay'
mount -t proc proc $root/proc
mount -t sysfs sysfs $root/sys
mount -t devtmpfs dev $root/dev && mkdir -p $root/dev/pts $root/dev/shm
mount -t devpts devpts $root/dev/pts
mount -t tmpfs tmpfs $root/dev/shm
mount -t tmpfs tmpfs $root/run
ln -sfn /proc/self/fd $root/dev/fd
ln -sfn fd/0 $root/dev/stdin
ln -sfn fd/1 $root/dev/stdout
ln -sfn fd/2 $root/dev/stderr
from_host() { mkdir -p "$root$1" && mount -t hostfs none "$root$1" -o "$1" || halt "no hostfs at $1"; }
from_host "$VRT_SHARED"
IFS=:
for directory in $VRT_WRITABLE; do from_host "$directory"; done
unset IFS
cat > $root/run/guest <<'GUEST'
cd /
hostname uml
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1
# No carriage returns in what the command prints.
for terminal in 0 1; do stty -opost < /dev/tty$terminal 2>/dev/null; done
# Signals lose the AVX-512 registers here: the C library does without them.
export GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX512CD,-AVX512DQ
# ping(8) takes a clock that has not reached its first second for one that is not set yet, and sends without pause.
sleep 1
setsid -w /bin/bash "$VRT_SHARED/command" < /dev/null > /dev/tty1 2> /dev/tty0
echo $? > "$VRT_SHARED/code.part" && mv "$VRT_SHARED/code.part" "$VRT_SHARED/code"
echo o > /proc/sysrq-trigger
while :; do sleep 1; done
GUEST
exec chroot $root /bin/sh /run/guest
