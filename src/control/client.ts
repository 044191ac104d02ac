import type * as z from 'zod';
import { DaemonUnreachable, RequestRefused } from './errors.ts';
import { DEFAULT_SOCKET, exchange } from './exchange.ts';
import { type Request, responseSchema } from './protocol.ts';

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
): Promise<z.infer<Schema>> {
  const response = responseSchema.safeParse(await exchange(socket, question));
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
