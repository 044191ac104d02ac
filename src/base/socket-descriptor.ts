/**
 * The file descriptor of a bound UDP socket (`node:dgram`), for options that Node has no word for. Node keeps it under a
 * symbol of its own; undefined where a later Node keeps it elsewhere, or the socket is closed.
 */
export function descriptorOf(socket: object): number | undefined {
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    const state = (socket as Readonly<Record<symbol, { readonly handle?: { readonly fd?: number } } | null>>)[symbol];
    if (typeof state === 'object' && state?.handle?.fd !== undefined) return state.handle.fd;
  }
  return undefined;
}
