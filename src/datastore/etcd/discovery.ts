import { Resolver } from 'node:dns/promises';
import { reasonOf } from '../../base/index.ts';
import { DatastoreUnavailable } from '../errors.ts';

/** A host and its port, as DNS names them (RFC 2782): lower priorities first, then higher weights. */
export interface Service {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** The services of etcd's clients, with and without TLS. */
const services = [
  { service: '_etcd-client-ssl._tcp', scheme: 'https' },
  { service: '_etcd-client._tcp', scheme: 'http' },
] as const;

/** A name server that says nothing is asked twice: who waits tries again anyway. Milliseconds. */
const PATIENCE = { timeout: 2000, tries: 2 } as const;

/** The endpoints that a domain's SRV records name, those with TLS first. `UNAVAILABLE` when there is none. */
export async function discoverEndpoints(
  domain: string,
  resolve: (name: string) => Promise<readonly Service[]> = (name) => new Resolver(PATIENCE).resolveSrv(name),
): Promise<readonly string[]> {
  const endpoints: string[] = [];
  const reasons: string[] = [];
  for (const { service, scheme } of services) {
    try {
      const found = await resolve(`${service}.${domain}`);
      const sorted = [...found].sort((a, b) => a.priority - b.priority || b.weight - a.weight);
      endpoints.push(...sorted.map(({ name, port }) => `${scheme}://${name.replace(/\.$/, '')}:${port}`));
    } catch (error) {
      reasons.push(`${service}: ${reasonOf(error)}`);
    }
  }
  if (endpoints.length > 0) return endpoints;
  throw new DatastoreUnavailable(`no etcd members are named by the SRV records of ${domain}: ${reasons.join('; ')}`);
}
