#!/bin/bash
# Prints the path of a folder with `crd-server`, and etcd beside it, as KUBEBUILDER_ASSETS wants it: Kubernetes' own server of
# custom resources, of the newest Kubernetes, with the rules in CEL that the whole Kubernetes of Debian 12 is too old for. Builds
# it first if there is none: some five minutes on two CPUs, 270 MB of packages, and 2 GB of disk for as long.
#
#   test/kubernetes/build-crd-server.sh
#
# Debian's unstable has Kubernetes' libraries as source packages, with a Go that builds them. They come through apt from the mirror
# that this system's packages come from; nothing is installed. The program around them is crd-server/main.go.
#
# KUBERNETES_CACHE  where the program is kept (default: ~/.cache/vrouter)
# KUBERNETES_BUILD  where to build (default: a new directory, removed afterwards)
# JOBS              compilers side by side (default: one for each CPU)
set -euo pipefail
suite=sid
library=golang-k8s-apiextensions-apiserver-dev
source=$(cd "$(dirname "$0")" && pwd)/crd-server/main.go
cache=${KUBERNETES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vrouter}
folder=$cache/crd-server-$(sha256sum "$source" | head -c 12)
fail() { echo "test/kubernetes/build-crd-server.sh: $*" >&2; exit 1; }

etcd=$(command -v etcd) || fail "no etcd: apt-get install etcd-server"
mkdir -p "$cache"
# Whoever comes second waits for the first's program rather than build it again.
exec 9>"$cache/crd-server.lock"
flock 9
ready() { ln -sfn "$etcd" "$folder/etcd"; echo "$folder"; exit 0; }
if [ -x "$folder/crd-server" ]; then ready; fi

command -v apt-get >/dev/null || fail "this is not Debian"
echo "building a server of custom resources for the tests; this happens once" >&2
work=${KUBERNETES_BUILD:-}
if [ -z "$work" ]; then work=$(mktemp -d); trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT; fi
mkdir -p "$work"/lists/partial "$work"/cache/archives/partial "$work"/root "$work"/path/src/vrouter/crd-server

# apt with a list of its own, and as if nothing were installed. Its words are shown when it fails.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
signed=''
if [ -e $keys ]; then signed="[signed-by=$keys] "; fi
echo "deb $signed$mirror $suite main" > "$work/sources.list"
: > "$work/status"
apt() {
  (cd "$work/cache" && apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- \
    -o Dir::State::Lists="$work/lists" -o Dir::State::Status="$work/status" -o Dir::Cache="$work/cache" \
    -o APT::Sandbox::User="$(id -un)" "$@") 2> "$work/log" || { tail -n 20 "$work/log" >&2; fail "apt-get $1 failed"; }
}
apt update > /dev/null
apt install --simulate --no-install-recommends "$library" golang-go > "$work/plan"
mapfile -t packages < <(awk '$1 == "Inst" && $2 ~ /^golang-/ { print $2 }' "$work/plan")
apt download "${packages[@]}" > /dev/null
for package in "$work"/cache/golang-*.deb; do dpkg -x "$package" "$work/root"; done

unset GOFLAGS
GOROOT=$(echo "$work"/root/usr/lib/go-*)
export GOROOT GO111MODULE=off GOPATH="$work/path:$work/root/usr/share/gocode" GOCACHE="$work/gocache" GOPROXY=off
export CGO_ENABLED=0 GOTOOLCHAIN=local
cp "$source" "$work/path/src/vrouter/crd-server/"
# Library 0.36.4 is Kubernetes 1.36.4, which is what it tells its clients.
version=$(sed -n "s/^Inst $library (0\\.\\([0-9.]*\\).*/1.\\1/p" "$work/plan")
package=k8s.io/component-base/version
named="-X $package.gitVersion=v$version -X $package.gitMajor=1 -X $package.gitMinor=$(echo "$version" | cut -d . -f 2)"
"$GOROOT/bin/go" build -p "${JOBS:-$(nproc)}" -ldflags "-s -w $named" -o "$work/crd-server" vrouter/crd-server >&2
mkdir -p "$folder"
mv "$work/crd-server" "$folder/crd-server"
ready
