import { OutOfBytes } from '../base/index.ts';
import { NetlinkClient } from './client.ts';
import { isKernelError, KernelError } from './errors.ts';
import type { LoggedPacketEvent, Monitor } from './kernel.ts';
import type { NetlinkSocket, SocketEvents } from './socket.ts';
import { forEachMessage } from './wire/message.ts';
import { readPacketHeader } from './wire/packet-header.ts';
import { decodeLogPacket, encodeLogBind, encodeLogMode } from './wire/packet-log.ts';

/** Octets of each packet: an IPv6 header, some extensions, and ports. */
const OCTETS = 160;
/** Packets in one datagram at most, and hundredths of a second that the first of them waits. */
const [AT_ONCE, DELAY] = [32, 5];

/**
 * Follows the packets of a group of nftables' `log group`. Resolves when the kernel has given us the group: EPERM rejects
 * when somebody else has it. What was lost on the way, because packets came faster than they were read, is told as a
 * number.
 */
export async function followPackets(
  open: (events: SocketEvents) => NetlinkSocket,
  group: number,
  listener: (event: LoggedPacketEvent) => void,
): Promise<Monitor> {
  const reading = new Reading(listener);
  const client = new NetlinkClient((events) =>
    open({
      message: (datagram) => {
        events.message(datagram);
        reading.read(datagram);
      },
      overflow: () => {
        events.overflow();
        reading.lost(0);
      },
      error: (error) => {
        events.error(error);
        reading.lost(0);
      },
    }),
  );
  const what = `packet log group ${group}`;
  try {
    await client.request(encodeLogBind(group), what);
    await client.request(encodeLogMode(group, OCTETS, AT_ONCE, DELAY), what);
  } catch (error) {
    client.close();
    if (!isKernelError(error, 'EPERM')) throw error;
    const why = 'another program reads it, or the process has no CAP_NET_ADMIN';
    throw new KernelError('EPERM', what, why, { cause: error });
  }
  return {
    stop: () => {
      reading.stop();
      client.close();
    },
  };
}

class Reading {
  readonly #listener: (event: LoggedPacketEvent) => void;
  /** The number that the next packet should have. */
  #next: number | undefined;
  #isStopped = false;

  constructor(listener: (event: LoggedPacketEvent) => void) {
    this.#listener = listener;
  }

  read(datagram: Uint8Array): void {
    try {
      forEachMessage(datagram, (message) => {
        const packet = decodeLogPacket(message);
        if (packet === undefined || this.#isStopped) return;
        this.#count(packet.sequence);
        const { prefix, mark, inDevice, outDevice, payload } = packet;
        const header = readPacketHeader(payload);
        if (header !== undefined) this.#listener({ kind: 'packet', prefix, mark, inDevice, outDevice, ...header });
      });
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof OutOfBytes)) throw error;
      this.lost(0);
    }
  }

  /** `packets` 0: nobody knows how many. */
  lost(packets: number): void {
    if (!this.#isStopped) this.#listener({ kind: 'lost', packets });
  }

  stop(): void {
    this.#isStopped = true;
  }

  #count(sequence: number | undefined): void {
    if (sequence === undefined) return;
    const missing = this.#next === undefined ? 0 : (sequence - this.#next) >>> 0;
    // A number from before is a count that began anew.
    if (missing > 0 && missing < 0x80000000) this.lost(missing);
    this.#next = (sequence + 1) >>> 0;
  }
}
