import type { Server, Socket } from 'node:net';

/** The descriptor of an open socket, which Node keeps where its types don't show it; undefined once it is closed. */
export function descriptorOf(holder: Server | Socket): number | undefined {
  const { _handle: handle } = holder as unknown as { _handle: { fd: number } | null };
  return handle && handle.fd >= 0 ? handle.fd : undefined;
}
