#!/bin/sh
# Runs what Kubernetes' own server of custom resources, of the newest Kubernetes, has to say of our definitions and kinds.
#
#   test/kubernetes/definitions.sh [FILE]…
#
# KUBEBUILDER_ASSETS  a folder with crd-server and etcd (default: what build-crd-server.sh makes, once)
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- test/kubernetes/definitions/rules.ts test/kubernetes/definitions/alike.ts test/kubernetes/definitions/store.ts \
  test/datastore/kubernetes/kubectl.test.ts
KUBEBUILDER_ASSETS=${KUBEBUILDER_ASSETS:-$(bash test/kubernetes/build-crd-server.sh)}
export KUBEBUILDER_ASSETS
JOBS=${JOBS:-1} exec node test/runner/main.ts "$@"
