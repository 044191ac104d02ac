import { sleep, systemClock } from '../base/index.ts';
import { DaemonUnreachable, exchange } from '../control/exchange.ts';
import { CniError, cniErrors } from './errors.ts';
import { type CniInput, readInput, SUPPORTED_VERSIONS } from './input.ts';
import { resultFor } from './result.ts';

export interface CniIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: string;
  readonly stdout: (text: string) => void;
}

/** Milliseconds to wait for a daemon that is starting before the runtime is told to try again. */
const PATIENCE = 10_000;
const PAUSE = 100;

/** One call of the plugin: reads what the runtime says, asks the daemon, prints the answer. Resolves with the exit code. */
export async function runCni(io: CniIo): Promise<number> {
  let version = '1.0.0';
  try {
    if (io.env['CNI_COMMAND'] === 'VERSION') {
      io.stdout(
        JSON.stringify({ cniVersion: askedVersion(io.stdin) ?? '1.1.0', supportedVersions: SUPPORTED_VERSIONS }),
      );
      return 0;
    }
    version = askedVersion(io.stdin) ?? version;
    const input = readInput(io.env, io.stdin);
    const result = await answer(input, io.env);
    if (result !== undefined) io.stdout(JSON.stringify(resultFor(result, input)));
    return 0;
  } catch (error) {
    const known = error instanceof CniError ? error : new CniError(cniErrors.internal, String(error));
    io.stdout(JSON.stringify({ cniVersion: version, code: known.cniCode, msg: known.message, details: known.details }));
    return 1;
  }
}

/** The result to print, or undefined for commands that print nothing. */
async function answer(input: CniInput, env: CniIo['env']): Promise<Record<string, unknown> | undefined> {
  switch (input.command) {
    case 'ADD':
      return (await ask(input, env, { op: 'cni.add', request: input.request })) as Record<string, unknown>;
    case 'DEL':
      await ask(input, env, { op: 'cni.del', request: input.request });
      return undefined;
    case 'CHECK':
      await ask(input, env, { op: 'cni.check', request: input.request });
      return undefined;
    case 'GC':
      await ask(input, env, { op: 'cni.gc', network: input.request.config.name, valid: input.valid });
      return undefined;
    case 'STATUS':
      await ask(input, env, { op: 'cni.status' });
      return undefined;
  }
}

async function ask(input: CniInput, env: CniIo['env'], question: object): Promise<unknown> {
  const socket = input.socket ?? env['VROUTER_SOCKET'] ?? '/var/run/calico/vrouter.sock';
  const patience = input.command === 'STATUS' ? 0 : PATIENCE;
  const response = (await patiently(socket, question, patience)) as {
    ok: boolean;
    result?: unknown;
    error?: { code: string; message: string; cniCode?: number };
  };
  if (response.ok) return response.result;
  const { message = 'unknown', cniCode, code } = response.error ?? {};
  throw new CniError(cniCode ?? cniErrors.internal, message, code);
}

/** A daemon that restarts is back in a moment: the connection is tried again until patience runs out. */
async function patiently(socket: string, question: object, patience: number): Promise<unknown> {
  const deadline = systemClock.now() + patience;
  for (;;) {
    try {
      return await exchange(socket, question);
    } catch (error) {
      if (!(error instanceof DaemonUnreachable)) throw error;
      if (systemClock.now() + PAUSE > deadline) {
        throw new CniError(patience === 0 ? cniErrors.notAvailable : cniErrors.tryAgain, error.message);
      }
      await sleep(systemClock, PAUSE);
    }
  }
}

function askedVersion(stdin: string): string | undefined {
  try {
    const version = (JSON.parse(stdin) as { cniVersion?: unknown } | null)?.cniVersion;
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
