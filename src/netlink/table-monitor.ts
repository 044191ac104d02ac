import { OutOfBytes } from '../base/index.ts';
import type { Monitor, TableEvent } from './kernel.ts';
import type { NetlinkSocket, SocketEvents } from './socket.ts';
import { forEachMessage } from './wire/message.ts';
import { decodeTableChange } from './wire/nftables.ts';

/** NFNLGRP_NFTABLES. */
export const TABLE_GROUPS = [7];

/** Turns nftables' notifications into events: one for each table, and who changed it, of what came together. */
export function watchTables(
  open: (events: SocketEvents) => NetlinkSocket,
  listener: (event: TableEvent) => void,
): Monitor {
  let isStopped = false;
  const tell = (event: TableEvent): void => {
    if (!isStopped) listener(event);
  };
  const lost = (): void => tell({ kind: 'table', port: 0 });
  const socket = open({ message: (datagram) => read(datagram, tell, lost), overflow: lost, error: lost });
  return {
    stop: () => {
      if (isStopped) return;
      isStopped = true;
      socket.close();
    },
  };
}

function read(datagram: Uint8Array, tell: (event: TableEvent) => void, lost: () => void): void {
  const events = new Map<string, TableEvent>();
  try {
    forEachMessage(datagram, (message) => {
      const changed = decodeTableChange(message);
      if (changed === undefined) return;
      const { family, table: name } = changed;
      const { port } = message;
      events.set(`${family} ${name} ${port}`, { kind: 'table', table: { family, name }, port });
    });
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof OutOfBytes)) throw error;
    lost();
    return;
  }
  for (const event of events.values()) tell(event);
}
