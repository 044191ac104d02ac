import { connect } from 'node:net';
import type { Clock } from '../../../base/index.ts';
import type { Answered, ConnectivityProbe } from '../probe.ts';

/** Connects; of our own servers, hears their names too. */
export function askTcp(
  { kind, host, port, patience }: Pick<ConnectivityProbe, 'kind' | 'host' | 'port' | 'patience'>,
  clock: Clock,
): Promise<Answered> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let said = '';
    const end = (answered: Answered): void => {
      late();
      socket.destroy();
      resolve(answered);
    };
    const late = clock.after(patience, () => end({ result: 'silence' }));
    socket.on('connect', () => {
      if (kind === 'connect') end({ result: 'answered' });
    });
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [name, ...rest] = said.split('\n');
      if (rest.length > 0) end({ result: 'answered', by: name });
    });
    socket.on('close', () => end({ result: 'error', code: 'CLOSED' }));
    socket.on('error', (error) => end(failed(error)));
  });
}

/** What the system says of an attempt. */
export function failed(error: NodeJS.ErrnoException): Answered {
  return error.code === 'ECONNREFUSED' ? { result: 'refused' } : { result: 'error', code: error.code ?? error.message };
}
