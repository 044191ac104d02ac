#!/bin/sh
# Runs what a real API server has to say: the tests that otherwise talk to one of the tests' own, and those that need a real one.
#
#   test/kubernetes/run.sh [FILE]…
#
# KUBEBUILDER_ASSETS  a folder with kube-apiserver, kube-controller-manager and etcd (default: what build.sh makes, once)
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- test/datastore/kubernetes/store.test.ts test/kubernetes/server/*.ts
KUBEBUILDER_ASSETS=${KUBEBUILDER_ASSETS:-$(bash test/kubernetes/build.sh)}
export KUBEBUILDER_ASSETS
# Each file has a server of its own, and two of those fill two processors.
JOBS=${JOBS:-1} exec node test/runner/main.ts "$@"
