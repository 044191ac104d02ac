import { DEFAULT_SOCKET } from '../control/exchange.ts';
import { ask, DaemonAway } from './ask.ts';
import type { Assigned } from './delegate.ts';
import { CniError, cniErrors } from './errors.ts';
import { foreignIpam } from './foreign-ipam.ts';
import { type CniInput, readInput, SUPPORTED_VERSIONS } from './input.ts';
import type { CniIo } from './io.ts';
import { leavesSubnet, withAnySubnet, withPodCidrs } from './pod-cidr.ts';
import { queueDeletion } from './queue.ts';
import { resultFor } from './result.ts';

/** Milliseconds to wait for a daemon that is starting before the runtime is told to try again. */
const PATIENCE = 10_000;
/** The same for a deletion, before it is left for the daemon to do later. */
const DELETION_PATIENCE = 2_000;

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
  const socket = input.socket ?? (env['VROUTER_SOCKET'] || DEFAULT_SOCKET);
  const { request } = input;
  switch (input.command) {
    case 'ADD':
      return whereverNamed(input, (reachable) => add(reachable, socket, env));
    case 'DEL':
      await del(input, socket, env);
      return undefined;
    case 'CHECK':
      await whereverNamed(input, (reachable) => ask(socket, { op: 'cni.check', request: reachable.request }, PATIENCE));
      await delegateIfForeign(input, env);
      return undefined;
    case 'GC':
      await ask(socket, { op: 'cni.gc', network: request.config.name, valid: input.valid }, PATIENCE);
      return undefined;
    case 'STATUS':
      await status(socket);
      return undefined;
  }
}

/** Has `work` done with a path of the pod's namespace that the daemon can open. */
async function whereverNamed<T>(input: CniInput, work: (input: CniInput) => Promise<T>): Promise<T> {
  const { netns } = input.request;
  if (!netns.startsWith('/proc/')) return work(input);
  const { withNamedNamespace } = await import('./namespace.ts');
  return withNamedNamespace(netns, (named) => work({ ...input, request: { ...input.request, named } }));
}

async function add(input: CniInput, socket: string, env: CniIo['env']): Promise<Record<string, unknown>> {
  const ipam = foreignIpam(input);
  const question = (assigned?: Assigned): object => ({ op: 'cni.add', request: { ...input.request, assigned } });
  if (ipam === undefined) return (await ask(socket, question(), PATIENCE)) as Record<string, unknown>;
  const { delegate, delegateAdd } = await delegation();
  const delegated = leavesSubnet(input)
    ? withPodCidrs(input, (await ask(socket, { op: 'cni.pod-cidrs' }, PATIENCE)) as string[])
    : input;
  const assigned = await delegateAdd(ipam, delegated, env);
  try {
    return (await ask(socket, question(assigned), PATIENCE)) as Record<string, unknown>;
  } catch (error) {
    await delegate(ipam, delegated, { ...env, CNI_COMMAND: 'DEL' }).catch(() => {});
    throw error;
  }
}

async function del(input: CniInput, socket: string, env: CniIo['env']): Promise<void> {
  try {
    await ask(socket, { op: 'cni.del', request: input.request }, DELETION_PATIENCE);
  } catch (error) {
    if (!(error instanceof DaemonAway)) throw error;
    queueDeletion(socket, input);
  }
  await delegateIfForeign(input, env);
}

async function delegateIfForeign(input: CniInput, env: CniIo['env']): Promise<void> {
  const ipam = foreignIpam(input);
  if (ipam !== undefined) await (await delegation()).delegate(ipam, withAnySubnet(input), env);
}

/** Loaded when it is needed: starting other programs takes Node's own modules longer to load than all the rest. */
const delegation = () => import('./delegate.ts');

async function status(socket: string): Promise<void> {
  try {
    await ask(socket, { op: 'cni.status' }, 0);
  } catch (error) {
    if (error instanceof DaemonAway) throw new CniError(cniErrors.notAvailable, error.message, error.details);
    throw error;
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
