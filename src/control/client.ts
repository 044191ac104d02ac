import { createConnection } from 'node:net';
import type { z } from 'zod';
import { reasonOf } from '../base/index.ts';
import { DaemonUnreachable, RequestRefused } from './errors.ts';
import { DEFAULT_SOCKET, MAX_MESSAGE, type Request, responseSchema } from './protocol.ts';

/** Where to find the daemon: `VROUTER_SOCKET`, or the default. */
export function socketPath(env: Readonly<Record<string, string | undefined>>): string {
  return env['VROUTER_SOCKET'] || DEFAULT_SOCKET;
}

/**
 * Asks the daemon one thing and reads its answer with `schema`. Rejects with `DaemonUnreachable` when there is no
 * daemon, `RequestRefused` when it says no.
 */
export async function request<Schema extends z.ZodType>(
  socket: string,
  question: Request,
  schema: Schema,
  signal?: AbortSignal,
): Promise<z.infer<Schema>> {
  const line = await exchange(socket, `${JSON.stringify(question)}\n`, signal);
  const response = responseSchema.safeParse(parseJson(line));
  if (!response.success) throw new DaemonUnreachable(socket, 'its answer is not one of the control protocol');
  if (!response.data.ok) {
    const { code, message, cniCode } = response.data.error;
    throw new RequestRefused(code, message, cniCode);
  }
  const result = schema.safeParse(response.data.result);
  if (!result.success) {
    throw new DaemonUnreachable(socket, `its answer can't be read (another version?): ${result.error.message}`);
  }
  return result.data;
}

function exchange(socket: string, line: string, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = createConnection({ path: socket, ...(signal && { signal }) });
    const chunks: Buffer[] = [];
    let length = 0;
    connection.on('connect', () => connection.write(line));
    connection.on('data', (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      if (chunk.includes(10)) {
        connection.destroy();
        resolve(Buffer.concat(chunks).toString('utf8').trimEnd());
      } else if (length > MAX_MESSAGE) {
        connection.destroy();
        reject(new DaemonUnreachable(socket, 'its answer is too long'));
      }
    });
    connection.on('end', () => reject(new DaemonUnreachable(socket, 'it closed the connection without an answer')));
    connection.on('error', (error) => reject(new DaemonUnreachable(socket, reasonOf(error))));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
