#!/bin/bash
# Prints the path of a folder with a real kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and kube-proxy, and
# etcd beside them, as KUBEBUILDER_ASSETS wants it. Builds them first if there are none: some ten minutes on two CPUs, and
# 3 GB of disk for as long.
#
#   test/kubernetes/build.sh
#
# Debian 12 has the whole of Kubernetes as a source package, though only kubectl as a program, and a Go that builds it. Both come
# through apt from the mirror that this system's packages come from; nothing is installed.
#
# KUBERNETES_CACHE  where the programs are kept (default: ~/.cache/vrouter)
# KUBERNETES_BUILD  where to build (default: a new directory, removed afterwards)
# JOBS              compilers side by side (default: one for each CPU)
set -euo pipefail
version=1.20.2 go=1.19 suite=bookworm
programs='kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy'
cache=${KUBERNETES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vrouter}
folder=$cache/kubernetes-$version
fail() { echo "test/kubernetes/build.sh: $*" >&2; exit 1; }

etcd=$(command -v etcd) || fail "no etcd: apt-get install etcd-server"
mkdir -p "$cache"
# Whoever comes second waits for the first's programs rather than build them again.
exec 9>"$cache/kubernetes.lock"
flock 9
is_whole() { for program in $programs; do [ -x "$folder/$program" ] || return 1; done; }
ready() { ln -sfn "$etcd" "$folder/etcd"; echo "$folder"; exit 0; }
if is_whole; then ready; fi

command -v apt-get >/dev/null || fail "this is not Debian: set KUBEBUILDER_ASSETS to a folder with kube-apiserver and etcd"
echo "building a Kubernetes for the tests; this happens once" >&2
work=${KUBERNETES_BUILD:-}
if [ -z "$work" ]; then work=$(mktemp -d); trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT; fi
mkdir -p "$work"/lists/partial "$work"/cache/archives/partial "$work"/deb "$work"/go "$work"/path/src/k8s.io/kubernetes

# apt with a list of its own, beside the system's. Its words are shown when it fails.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
signed=''
if [ -e $keys ]; then signed="[signed-by=$keys] "; fi
for kind in deb deb-src; do echo "$kind $signed$mirror $suite main"; done > "$work/sources.list"
fetch() {
  (cd "$work/deb" && apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" "$@") \
    > "$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; fail "apt-get $1 failed (its last words are above)"; }
}
fetch update
fetch download "golang-$go-go" "golang-$go-src" golang-github-modern-go-reflect2-dev
fetch source --download-only kubernetes

for package in "$work"/deb/golang-*.deb; do dpkg -x "$package" "$work/go"; done
source=$work/path/src/k8s.io/kubernetes
# Debian's patches are for kubectl alone.
tar -xf "$work"/deb/kubernetes_*"$version".orig.tar.* -C "$source" --strip-components=1
# Its copy of this one walks through maps as Go did before 1.18, and would crash with the first custom resource.
rm -r "$source/vendor/github.com/modern-go/reflect2"
cp -r "$work/go/usr/share/gocode/src/github.com/modern-go/reflect2" "$source/vendor/github.com/modern-go/"

unset GOFLAGS
export GOROOT="$work/go/usr/lib/go-$go" GO111MODULE=off GOPATH="$work/path" GOCACHE="$work/gocache" GOPROXY=off CGO_ENABLED=0
export PATH="$GOROOT/bin:$PATH"
here=k8s.io/kubernetes
# Both of Kubernetes' packages that know its version; by their names where they are vendored.
named=''
for package in client-go/pkg component-base; do
  package=$here/vendor/k8s.io/$package/version
  named="$named -X $package.gitVersion=v$version -X $package.gitMajor=1 -X $package.gitMinor=20"
done
build() { echo "building $1" >&2; go build -p "${JOBS:-$(nproc)}" -ldflags "-s -w $named" -o "$work/$1" "$2" >&2; }
mkdir -p "$folder"
cd "$source"

# The one source that Kubernetes' makefiles make and the release leaves out: what OpenAPI says of each type.
build openapi-gen $here/vendor/k8s.io/kube-openapi/cmd/openapi-gen
described=$(grep -lR --include='*.go' '^// +k8s:openapi-gen=' pkg cmd vendor/k8s.io |
  grep -v -e /code-generator/ -e /sample-apiserver/ | xargs -n 1 dirname | sort -u | sed "s,^,$here/," | paste -s -d ,)
"$work/openapi-gen" -i "$described" -p $here/pkg/generated/openapi -o "$work/path/src" -O zz_generated.openapi \
  -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$work/violations" >&2

for program in $programs; do
  if [ -x "$folder/$program" ]; then continue; fi
  build "$program" "$here/cmd/$program"
  mv "$work/$program" "$folder/$program"
done
ready
