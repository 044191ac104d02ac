/** bfd/transport: the only I/O of BFD. UDP sockets, with the few options of theirs that Node has no word for set through libc. */
export { type BfdTotals, UdpTransport } from './udp.ts';
