import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Clock } from '../base/index.ts';
import { StoreError } from './errors.ts';

/** The longest line, and the largest answer, that is read; in octets. */
const largest = 256 * 1024 * 1024;

/**
 * The response to a request that has been sent. `signal` ends both without an error of their own: Node's way of
 * aborting throws into nowhere when it comes after the last of a response on a connection that is kept.
 */
export async function responseTo(request: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const end = (): void => {
    request.destroy();
  };
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  request.once('close', () => signal.removeEventListener('abort', end));
  // Whoever reads hears of failures; those that come after the reading are nobody's.
  request.on('error', () => {}).on('response', (response) => response.on('error', () => {}));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.socket.setKeepAlive(true, 10_000);
  return response;
}

/** The lines of a response, as they come; empty ones left out. */
export async function* lines(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    if (rest.length > largest) throw tooLarge();
    for (const line of parts) if (line.trim() !== '') yield line;
  }
}

/** The whole of a response. */
export async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largest) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The values of `source`, and undefined after each silence without one; how long that is, in milliseconds, is asked each time. */
export async function* withSilences<Value>(
  source: AsyncGenerator<Value>,
  clock: Clock,
  silence: () => number,
): AsyncGenerator<Value | undefined> {
  let next = source.next();
  next.catch(() => {});
  try {
    for (;;) {
      const { promise: quiet, resolve } = Promise.withResolvers<undefined>();
      const cancel = clock.after(silence(), () => resolve(undefined));
      const first = await Promise.race([next, quiet]).finally(cancel);
      if (first === undefined) {
        yield undefined;
        continue;
      }
      if (first.done) return;
      next = source.next();
      next.catch(() => {});
      yield first.value;
    }
  } finally {
    // The source is waiting for the network: its own signal ends it, so nobody waits for it here.
    source.return(undefined).catch(() => {});
  }
}

function tooLarge(): StoreError {
  return new StoreError('TOO_LARGE', `the datastore answers with more than ${largest} octets`);
}
