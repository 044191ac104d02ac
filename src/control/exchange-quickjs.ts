import * as native from 'qjs:host';
import * as os from 'qjs:os';
import { DaemonUnreachable } from './errors.ts';
import { MAX_MESSAGE } from './places.ts';

export { DEFAULT_SOCKET, deletionsFolder } from './places.ts';
export { DaemonUnreachable };

/** Of connect(2), when nobody listens: ENOENT and ECONNREFUSED. */
const NOBODY = [-2, -111];
const EMSGSIZE = -90;

/** As `exchange.ts`, by QuickJS, for the CNI plugin that is one program of its own: the process has nothing else to do, so it waits in the kernel. */
export async function exchange(socket: string, question: object): Promise<unknown> {
  const descriptor = native.connect(socket);
  if (descriptor < 0) throw new DaemonUnreachable(socket, native.words(descriptor), NOBODY.includes(descriptor));
  try {
    const refused = native.write(descriptor, `${JSON.stringify(question)}\n`);
    if (refused < 0) throw new DaemonUnreachable(socket, native.words(refused));
    return parse(socket, native.read(descriptor, true, MAX_MESSAGE));
  } finally {
    os.close(descriptor);
  }
}

function parse(socket: string, answer: string | number): unknown {
  if (answer === EMSGSIZE) throw new DaemonUnreachable(socket, 'its answer is too long');
  if (typeof answer === 'number') throw new DaemonUnreachable(socket, native.words(answer));
  if (answer === '') throw new DaemonUnreachable(socket, 'it closed the connection without an answer');
  try {
    return JSON.parse(answer);
  } catch {
    throw new DaemonUnreachable(socket, 'its answer is not one of the control protocol');
  }
}
