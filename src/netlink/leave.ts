import { libc } from './libc.ts';

/**
 * Ends the process at once, by _exit(2). `process.exit` first waits for libuv's pool of threads, where a look-up of a name
 * that no name server answers holds it for as long as the resolver pleases: half a minute and more.
 */
export function leave(code: number): never {
  libc().exit(code);
  process.exit(code);
}
