#!/bin/bash
# Fails unless the kernel it runs on has every device and table that the tests here need: what is missing is named.
missing=0
need() {
  local what=$1
  shift
  if said=$("$@" 2>&1); then return; fi
  echo "this kernel has no $what: ${said%%$'\n'*}" >&2
  missing=1
}
space=vrt-probe-$$
ip netns add "$space" || exit 1
trap 'ip netns delete "$space"' EXIT
need 'tunl0 in new namespaces' ip -n "$space" link show tunl0
need IPIP ip -n "$space" link add vrt0 type ipip local 192.0.2.1 remote 192.0.2.2
need WireGuard ip -n "$space" link add vrt1 type wireguard
need VXLAN ip -n "$space" link add vrt2 type vxlan id 1 dstport 4789
need dummies ip -n "$space" link add vrt3 type dummy
need bridges ip -n "$space" link add vrt4 type bridge
for family in ip ip6 inet; do need "nftables for $family" ip netns exec "$space" nft add table "$family" vrt; done
need masquerading ip netns exec "$space" nft 'add chain ip vrt out { type nat hook postrouting priority 100; }; add rule ip vrt out masquerade'
exit $missing
