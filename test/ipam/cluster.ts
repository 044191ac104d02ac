import { type Clock, formatAddress, VirtualClock } from '../../src/base/index.ts';
import { MemoryDatabase, MemoryStore, type Store } from '../../src/datastore/index.ts';
import { type AutoAssignment, Ipam } from '../../src/ipam/index.ts';
import { type IPAMConfiguration, type IPPool, newResource } from '../../src/model/index.ts';

/** A store with pools in it, and a clock that stands still: what a test of IPAM begins with. */
export class TestCluster {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  readonly database = new MemoryDatabase();
  readonly store: Store = new MemoryStore({ database: this.database, clock: this.clock });
  readonly ipam: Ipam = this.client();

  /** Another client of the same store, as another process would be: it shares no memory with the first. */
  client(store: Store = this.store, clock: Clock = this.clock): Ipam {
    return new Ipam({ store, clock });
  }

  async pool(name: string, cidr: string, spec: Partial<IPPool['spec']> = {}): Promise<void> {
    await this.store.create(newResource('IPPool', { name }, { cidr, ...spec }));
  }

  async node(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.store.create(newResource('Node', { name, labels }, {}));
  }

  async reserve(...reservedCIDRs: string[]): Promise<void> {
    const metadata = { name: `r${reservedCIDRs[0].replaceAll(/[.:/]/g, '-')}` };
    await this.store.create(newResource('IPReservation', metadata, { reservedCIDRs }));
  }

  async configure(spec: IPAMConfiguration['spec']): Promise<void> {
    await this.store.create(newResource('IPAMConfiguration', { name: 'default' }, spec));
  }

  /** One IPv4 address for a pod on the node, as text. */
  async assign(hostname: string, handleId: string, ipam = this.ipam): Promise<string> {
    const [only] = await this.assignMany(hostname, handleId, 1, ipam);
    return only;
  }

  async assignMany(hostname: string, handleId: string, num4: number, ipam = this.ipam): Promise<readonly string[]> {
    const attributes = { node: hostname, pod: handleId, namespace: 'default' };
    return texts(await ipam.autoAssign({ hostname, handleId, num4, attributes }));
  }

  /** What the store holds of IPAM, in short: one line per object. */
  async dump(): Promise<readonly string[]> {
    const affinities = (await this.store.list('BlockAffinity')).items.map(
      ({ spec }) => `affinity ${spec.cidr} ${spec.node} ${spec.state}`,
    );
    const blocks = (await this.store.list('IPAMBlock')).items.map(({ spec }) => {
      const used = spec.allocations.filter((index) => index !== null).length;
      return `block ${spec.cidr} ${spec.affinity ?? '-'} ${used}/${spec.allocations.length}`;
    });
    const handles = (await this.store.list('IPAMHandle')).items.map(
      ({ spec }) => `handle ${spec.handleID} ${JSON.stringify(spec.block)}`,
    );
    return [...affinities, ...blocks, ...handles];
  }
}

/** The addresses of an answer. */
export function texts({ v4, v6 }: AutoAssignment): readonly string[] {
  return [...(v4?.addresses ?? []), ...(v6?.addresses ?? [])].map(({ address }) => formatAddress(address));
}
