import { VRouterError } from '../../base/index.ts';

/** A socket that can't be had as it was asked for. `SOCKET_OPTION` for a password or hop limit, `LISTEN` for a port. */
export class TransportError extends VRouterError {}
