/** Whether a host to listen at, or to ask for, is of this machine alone: a name or an address, in brackets or not. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|::1)$/i.test(bare);
}
