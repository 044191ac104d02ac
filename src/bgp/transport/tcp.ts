import { Socket } from 'node:net';
import { type Clock, reasonOf, systemClock } from '../../base/index.ts';
import { listenTcp } from './listener.ts';
import { needsSocketOptions, openSocket } from './socket-options.ts';
import { HIGH_WATER, TcpConnection } from './tcp-connection.ts';
import type { DialOptions, DialReceiver, Transport } from './transport.ts';

/** TCP by Node's own sockets, with `socket-options.ts` for what those can't say. */
export function tcpTransport(clock: Clock = systemClock): Transport {
  return {
    dial: (options, receiver) => dialTcp(options, receiver, clock),
    listen: (options, accept) => listenTcp(options, accept, clock),
  };
}

function dialTcp(options: DialOptions, receiver: DialReceiver, clock: Clock): () => void {
  let socket: Socket;
  try {
    socket = unconnected(options);
  } catch (error) {
    return clock.soon(() => receiver.failed(reasonOf(error)));
  }
  const fail = (error: Error): void => receiver.failed(error.message);
  socket.once('error', fail);
  socket.once('connect', () => {
    socket.off('error', fail);
    receiver.connected(new TcpConnection(socket, clock));
  });
  const { address: host, port, localAddress } = options;
  socket.connect({ host, port, ...(localAddress !== undefined && { localAddress }) });
  return () => {
    socket.off('error', fail);
    socket.removeAllListeners('connect');
    socket.on('error', () => {});
    socket.destroy();
  };
}

/** Node makes its descriptor only while it connects, too late for a key; so it is given one that is ready. */
function unconnected(options: DialOptions): Socket {
  const common = { allowHalfOpen: true, writableHighWaterMark: HIGH_WATER };
  if (!needsSocketOptions(options)) return new Socket(common);
  const fd = openSocket(options.address, options);
  const wrap = { ...common, fd, manualStart: true, readable: true, writable: true };
  return new Socket(wrap);
}
