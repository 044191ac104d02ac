/** paths/transport: the only I/O of paths. UDP sockets whose packets leave whole or not at all. */
export { type PathSockets, UdpSockets } from './udp.ts';
