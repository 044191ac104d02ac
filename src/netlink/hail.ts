import { addressBytes, parseAddress } from '../base/index.ts';
import { KernelError } from './errors.ts';
import { libc } from './libc.ts';
import type { Link } from './objects.ts';
import { encodeEchoRequest, encodeRouterAdvertisement } from './wire/router-advertisement.ts';

// <linux/in6.h>, <bits/socket.h>
const AF_INET6 = 10;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_ICMPV6 = 58;
const IPPROTO_IPV6 = 41;
const IPV6_MULTICAST_HOPS = 18;
const IPV6_MULTICAST_LOOP = 19;
/** All nodes of the link. */
const ALL_NODES = 'ff02::1';

/**
 * Says to all on a link that there is a router, and asks them to answer: whoever waits for a neighbour there (FRR's
 * `neighbor IFACE interface`) finds us, and the kernel has the others' link-local addresses among its neighbours soon after.
 * Throws `KernelError`.
 */
export function hailLink({ index, name, mac }: Pick<Link, 'index' | 'name' | 'mac'>): void {
  const socket = libc().socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
  const check = (result: number | bigint, what: string): void => {
    if (Number(result) < 0) throw KernelError.fromErrno(libc().errno(), `router advertisement on ${name}: ${what}`);
  };
  check(socket, 'socket');
  try {
    // RFC 4861 §6.1.2: nobody believes one that came by way of a router.
    check(libc().setsockopt(socket, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, int(255), 4), 'hop limit');
    check(libc().setsockopt(socket, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, int(0), 4), 'loop');
    const everybody = linkAddress(ALL_NODES, index);
    check(libc().connect(socket, everybody, everybody.length), 'connect');
    for (const message of [encodeRouterAdvertisement(mac), encodeEchoRequest()]) {
      check(libc().send(socket, message, message.length, 0), 'send');
    }
  } finally {
    libc().close(socket);
  }
}

function int(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}

/** struct sockaddr_in6 */
function linkAddress(address: string, index: number): Uint8Array {
  const bytes = new Uint8Array(28);
  bytes.set(new Uint8Array(new Uint16Array([AF_INET6]).buffer), 0);
  bytes.set(addressBytes(parseAddress(address)), 8);
  bytes.set(new Uint8Array(new Uint32Array([index]).buffer), 24);
  return bytes;
}
