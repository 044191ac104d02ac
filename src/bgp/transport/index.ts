/**
 * bgp/transport: the only I/O of the speaker.
 *
 * `Transport` is how the speaker sees the network: dial, listen, and a `Connection` that carries bytes both ways with
 * back-pressure. `tcpTransport` is the real one; `MemoryNetwork` joins speakers inside one process under a virtual
 * clock, with loss and refusal on demand. A listener lets in only whom it was told of (`admit`): all others are
 * closed before they cost anything.
 *
 * Node can't set TCP-MD5 keys (RFC 2385) or least hop limits (RFC 5082); `socket-options.ts` does it through libc,
 * loaded when the first peer needs it. Invariant: a peer with a password is dialled and admitted with its key in the
 * kernel, or not at all.
 */
export { admissionKey } from './admissions.ts';
export { canonicalAddress } from './canonical-address.ts';
export { TransportError } from './errors.ts';
export { MemoryNetwork } from './memory.ts';
export { tcpTransport } from './tcp.ts';
export type {
  Admission,
  AdmissionRefusal,
  Connection,
  ConnectionReceiver,
  DialOptions,
  DialReceiver,
  Listener,
  ListenOptions,
  SocketSecurity,
  TcpEndpoint,
  Transport,
} from './transport.ts';
