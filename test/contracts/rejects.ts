import type { Test } from 'tap';
import { KernelError } from '../../src/netlink/index.ts';

/** The promise is rejected by a `KernelError` with this code. */
export async function rejects(t: Test, promise: Promise<unknown>, code: string): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  t.ok(error instanceof KernelError, `rejects with ${code}`);
  if (error instanceof KernelError) t.equal(error.code, code, error.message);
}
