import { parseAddress } from '../base/index.ts';
import { KernelError } from './errors.ts';
import { libc } from './libc.ts';
import { inPlace } from './namespace.ts';
import type { Link } from './objects.ts';
import { announcementFrames } from './wire/announcement.ts';

// include/uapi/linux/if_packet.h
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const MSG_DONTWAIT = 0x40;
/** struct sockaddr_ll: family, protocol, ifindex, and what only received frames have. */
const ADDRESS_LENGTH = 20;
const EOPNOTSUPP = 95;
const NO_MAC = '00:00:00:00:00:00';

/**
 * Sends the announcements of addresses out of a link, by a packet socket of protocol 0, which receives nothing. A frame that
 * the link's queue has no room for is lost, as on the wire.
 */
export function sendAnnouncements(link: Link, addresses: readonly string[], namespace?: string): void {
  const what = `neighbor announce dev ${link.name}`;
  const { mac } = link;
  if (!mac || mac === NO_MAC || link.flags.includes('LOOPBACK')) throw KernelError.fromErrno(EOPNOTSUPP, what);
  const descriptor = inPlace(namespace, () => libc().socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (descriptor < 0) throw KernelError.fromErrno(libc().errno(), what);
  try {
    const address = new DataView(new ArrayBuffer(ADDRESS_LENGTH));
    address.setUint16(0, AF_PACKET, true);
    address.setInt32(4, link.index, true);
    if (libc().bind(descriptor, new Uint8Array(address.buffer), ADDRESS_LENGTH) < 0) {
      throw KernelError.fromErrno(libc().errno(), what);
    }
    for (const text of addresses) {
      for (const frame of announcementFrames(parseAddress(text), mac)) {
        libc().send(descriptor, frame, frame.length, MSG_DONTWAIT);
      }
    }
  } finally {
    libc().close(descriptor);
  }
}
