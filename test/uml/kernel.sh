#!/bin/bash
# Prints the path of the kernel as build.sh does, and says so while another run builds it: whoever waits is not stuck.
# What build.sh itself says counts as its version, so this is beside it.
#
#   test/uml/kernel.sh
#
# UML_TELL_EVERY  seconds between two lines (default: 30); the others are build.sh's
set -euo pipefail
cache=${UML_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vrouter}
mkdir -p "$cache"
until flock -w "${UML_TELL_EVERY:-30}" "$cache/uml.lock" true; do
  echo "waiting for the tests' kernel, which another run is building" >&2
done
exec bash "$(dirname "$0")/build.sh"
