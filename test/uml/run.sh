#!/bin/bash
# Runs a command in a User-Mode Linux kernel on the host's own files, as root, and ends with its exit code. What the command
# writes stays in memory and is gone afterwards.
#
# Time stands still while anything computes, and jumps to the next timer when all processes wait.
#
#   test/uml/run.sh [-r] [-t SECONDS] [-m MEMORY] [-w DIRECTORY]... [--] COMMAND [ARGUMENT]...
#
# -r          time as it runs for the host
# -t          how long the guest may live, in the host's time (default: as long as it likes; the runner of the tests
#             ends one that gets nowhere)
# -w          a directory whose changes reach the host
# UML_KERNEL  the kernel (default: the one of build.sh)
# UML_PASS    names of variables that the command gets; PATH always is
#
# Exit codes of its own: 124 the time is up, 125 the guest ended without an answer; then its log is on stderr.
set -u
here=$(cd "$(dirname "$0")" && pwd)
limit= memory=2G writable= clock=time-travel=inf-cpu
while getopts rt:m:w: option; do
  case $option in
    r) clock= ;;
    t) limit=$OPTARG ;;
    m) memory=$OPTARG ;;
    w) writable=$writable${writable:+:}$(realpath "$OPTARG") ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
kernel=${UML_KERNEL:-$("$here/build.sh")} || exit 125
kernel=$(realpath "$kernel")

# The guest's memory is a file that it maps executable, in TMPDIR or /dev/shm; a container's /dev/shm is often neither
# big enough nor executable.
if [ -z "${TMPDIR:-}" ]; then
  free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
  if grep -qE '^[^ ]+ /dev/shm [^ ]+ [^ ]*noexec' /proc/mounts || [ "${free:-0}" -lt 2500000 ]; then
    export TMPDIR=/tmp
  fi
fi
shared=$(mktemp -d "${TMPDIR:-/tmp}/vrt-uml.XXXXXX")
trap 'rm -rf "$shared"' EXIT
{
  printf 'cd %q || exit 125\n' "$PWD"
  for name in PATH ${UML_PASS:-}; do [ -z "${!name+set}" ] || printf 'export %s=%q\n' "$name" "${!name}"; done
  # The runner's PATH has all that a test may start, and nothing else.
  case $PATH in */.programs) ;; *) printf 'PATH=$PATH:/usr/sbin:/sbin\n' ;; esac
  printf '%q ' "$@"
  echo
} > "$shared/command"

# Each system call of the guest is a hand-over between two processes of the host, which is slow between CPUs: it gets one
# of them, and one that no other guest has while there is such a one.
for cpu in $(taskset -cp $$ | sed 's/.*: //; s/,/ /g; s/\([0-9]*\)-\([0-9]*\)/$(seq \1 \2)/g; s/.*/echo &/' | bash); do
  exec 9>"${TMPDIR:-/tmp}/vrt-uml-cpu$cpu"
  if flock -n 9; then break; fi
done
prefix=(${limit:+timeout -k 5 "$limit"} taskset -c "$cpu")
# In a process namespace of its own nothing of it outlives us, whatever kills us.
signal=TERM
if unshare --pid --fork --kill-child true 2>/dev/null; then
  prefix=(unshare --pid --fork --kill-child "${prefix[@]}")
  signal=KILL
fi
"${prefix[@]}" "$kernel" mem="$memory" root=/dev/root rootfstype=hostfs rootflags=/ ro init="$here/init.sh" \
  con=null con0=null,fd:2 con1=null,fd:1 ssl=null ssl0=null,fd:3 console=ttyS0 quiet loglevel=4 panic=-1 \
  umid="u$$" uml_dir="$shared/" $clock VRT_SHARED="$shared" ${writable:+VRT_WRITABLE="$writable"} \
  </dev/null 3>"$shared/log" &
guest=$!
trap 'kill -$signal $guest 2>/dev/null; wait $guest; exit 143' INT TERM HUP
wait $guest
code=$?
if [ -s "$shared/code" ]; then exit "$(cat "$shared/code")"; fi
cat "$shared/log" >&2
case $code in
  124 | 137) [ -z "$limit" ] || echo "test/uml/run.sh: the time of $limit s is up" >&2; exit 124 ;;
  *) echo "test/uml/run.sh: the guest ended without an answer ($code)" >&2; exit 125 ;;
esac
