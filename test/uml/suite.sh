#!/bin/bash
# `npm run test:uml`: the tests that need devices which few kernels have, each in a kernel of its own.
# Fails, and never skips, when a device is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/node_modules/.bin:$PATH
UML_KERNEL=$(test/uml/build.sh)
export UML_KERNEL
test/uml/run.sh -t 60 -- bash test/uml/probe.sh
failed=0
for test in "${@:-test/uml/*.test.ts}"; do
  for file in $test; do
    echo "# $file"
    CI=1 UML_PASS=CI test/uml/run.sh -t 600 -- node "$file" || failed=1
  done
done
exit $failed
