import { getServers, lookup, Resolver } from 'node:dns/promises';
import { type Clock, sleep } from '../../../base/index.ts';
import type { Answered, ConnectivityProbe, ResolverOutcome } from '../probe.ts';
import { askTcp, failed } from './ask-tcp.ts';

/** Resolvers of a pod that are asked one by one: the C library takes no more. */
const MOST = 3;
const PORT = 53;
/** Milliseconds that each of them has at most: the name was waited for already. */
const ASKED_ALONE = 3000;
/** c-ares' words for what a resolver answers where it has no address to tell. */
const NO_ADDRESS = ['ENOTFOUND', 'ENODATA'];

/**
 * Whether a name is found: by the pod's own resolver, as programs ask it (with /etc/hosts, and the domains that are searched),
 * or by one that is named. Where not, each resolver is asked by itself.
 */
export async function askDns({ host, resolver, patience }: ConnectivityProbe, clock: Clock): Promise<Answered> {
  if (resolver !== undefined) return askNamed(resolver, host, patience, clock);
  const answered = await asPrograms(host, patience, clock);
  if (answered.result === 'answered') return answered;
  const own = getServers().slice(0, MOST);
  const alone = Math.min(patience, ASKED_ALONE);
  const resolvers = await Promise.all(own.map((address) => askResolver(address, host, alone, clock)));
  return { ...answered, resolvers };
}

async function asPrograms(host: string, patience: number, clock: Clock): Promise<Answered> {
  const done = new AbortController();
  const late = sleep(clock, patience, done.signal).then((): Answered => ({ result: 'silence' }));
  const found = lookup(host, { all: true }).then(
    (all): Answered => ({ result: 'answered', by: all.map(({ address }) => address).join(' ') }),
    (error: NodeJS.ErrnoException) => failed(error),
  );
  return Promise.race([found, late]).finally(() => done.abort());
}

async function askNamed(address: string, host: string, patience: number, clock: Clock): Promise<Answered> {
  const found = await query(address, host, patience);
  if (found.result === 'answered') return found;
  return { ...found, resolvers: [await judged(address, found, patience, clock)] };
}

async function askResolver(address: string, host: string, patience: number, clock: Clock): Promise<ResolverOutcome> {
  return judged(address, await query(address, host, patience), patience, clock);
}

/** That there is no such name is an answer of the resolver. */
async function judged(
  address: string,
  { result, code }: Answered,
  patience: number,
  clock: Clock,
): Promise<ResolverOutcome> {
  if (result === 'answered' || NO_ADDRESS.includes(code ?? '')) return { address, result: 'answered' };
  if (result !== 'silence') return { address, result, code };
  const tcp = await askTcp({ kind: 'connect', host: address, port: PORT, patience }, clock);
  return { address, result, tcp: tcp.result };
}

/** Asks by UDP, once, for addresses of either family. */
async function query(address: string, host: string, patience: number): Promise<Answered> {
  const resolver = new Resolver({ timeout: patience, tries: 1 });
  try {
    resolver.setServers([address]);
    const found = await resolver.resolve4(host).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENODATA') return resolver.resolve6(host);
      throw error;
    });
    return { result: 'answered', by: found.join(' ') };
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return code === 'ETIMEOUT' ? { result: 'silence' } : failed(error as NodeJS.ErrnoException);
  }
}
