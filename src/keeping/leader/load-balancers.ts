import { type Address, type Clock, formatAddress, type Log, same } from '../../base/index.ts';
import type { ServiceStatuses, Store, Update } from '../../datastore/index.ts';
import type { Facts, Ipam, Pool } from '../../ipam/index.ts';
import type { IPAMBlock, KubernetesService, LoadBalancerIngress } from '../../model/index.ts';
import { Kept } from '../kept.ts';
import { AdvertisedWays } from './advertised.ts';
import { KnownLoadBalancers } from './known-load-balancers.ts';
import { handleOfService, LoadBalancerAddresses } from './load-balancer-addresses.ts';
import { type AssignIPs, isOurs } from './load-balancer-asks.ts';
import { ingressOf, ingressWithout, type LoadBalancerPlan, planLoadBalancer } from './load-balancer-plan.ts';
import type { ObjectProblem } from './remarks.ts';

/** How often the settings are looked at, in milliseconds: as often as the leader reads them. */
const PERIOD = 10_000;
/** All Services are compared this often, whether there was news or not. */
const COMPARISON = 5 * 60_000;

type Refusal = Pick<ObjectProblem, 'reason' | 'message'>;

export interface LoadBalancersOptions {
  readonly store: Store;
  readonly services: ServiceStatuses;
  readonly ipam: Ipam;
  readonly facts: Facts;
  readonly clock: Clock;
  readonly log: Log;
  readonly assignIPs: () => AssignIPs;
}

/**
 * The addresses of Services of type LoadBalancer, while this node leads, as Calico's controller has it: from pools with that
 * use, written to the Service's status, given back when the Service ends or asks for something else. What a Service has is
 * what IPAM says; whoever leads goes on from there. An address leaves the status before it is given back.
 */
export class LoadBalancers {
  readonly #options: LoadBalancersOptions;
  readonly #known = new KnownLoadBalancers();
  readonly #ways = new AdvertisedWays();
  readonly #addresses: LoadBalancerAddresses;
  /** Services that may not be as they should. */
  #changed = new Set<string>();
  #comparedAt = Number.NEGATIVE_INFINITY;
  #assignIPs: AssignIPs | undefined;
  readonly #problems = new Map<string, readonly ObjectProblem[]>();
  #kept: Kept | undefined;

  constructor(options: LoadBalancersOptions) {
    this.#options = options;
    this.#addresses = new LoadBalancerAddresses(options.ipam, options.clock);
  }

  /** Takes in a syncer's batch: of Services, blocks and pools; other kinds are passed over. */
  apply(batch: readonly Update[]): void {
    if (this.#ways.apply(batch)) this.#compareAll();
    for (const { key, resource } of batch) {
      if (key.kind === 'KubernetesService') {
        const name = `${key.namespace ?? 'default'}/${key.name}`;
        if (this.#known.heardService(name, resource as KubernetesService | undefined)) this.#news([name]);
      } else if (key.kind === 'IPAMBlock') {
        const touched = this.#known.heardBlock(key.name, resource as IPAMBlock | undefined);
        // Whoever waits for an address may find one now.
        if (touched.size > 0) this.#news([...touched, ...this.#problems.keys()]);
      } else if (key.kind === 'IPPool') {
        this.#compareAll();
      }
    }
  }

  /** This node leads from now on, and knows all Services and blocks. */
  start(): void {
    const { clock, log } = this.#options;
    this.#comparedAt = Number.NEGATIVE_INFINITY;
    const retry = { first: 1000, max: 60_000 };
    this.#kept = new Kept({ clock, log, period: PERIOD, retry, look: (attempt) => this.#look(attempt) });
    this.#kept.begin();
  }

  /** Another may lead. */
  async stop(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    this.#changed.clear();
    this.#problems.clear();
    await kept?.stop();
  }

  problems(): readonly string[] {
    return this.#kept?.problems() ?? [];
  }

  /** The same, for people who look at a Service. */
  remarks(): readonly ObjectProblem[] {
    return [...this.#problems.values()].flat();
  }

  #compareAll(): void {
    this.#comparedAt = Number.NEGATIVE_INFINITY;
    this.#kept?.soon();
  }

  #news(keys: readonly string[]): void {
    if (this.#kept === undefined) return;
    for (const key of keys) this.#changed.add(key);
    this.#kept.soon();
  }

  async #look(attempt: Parameters<ConstructorParameters<typeof Kept>[0]['look']>[0]): Promise<void> {
    const { clock, assignIPs } = this.#options;
    const now = assignIPs();
    if (now !== this.#assignIPs || clock.now() - this.#comparedAt >= COMPARISON) {
      this.#assignIPs = now;
      this.#comparedAt = clock.now();
      for (const key of this.#known.keys()) this.#changed.add(key);
    }
    const keys = this.#changed;
    this.#changed = new Set();
    for (const key of keys) {
      await attempt(`the addresses of Service(${key})`, async () => {
        try {
          await this.#keep(key, now);
        } catch (error) {
          this.#changed.add(key);
          throw error;
        }
      });
    }
  }

  async #keep(key: string, assignIPs: AssignIPs): Promise<void> {
    const service = this.#known.get(key);
    const own = service && handleOfService(service);
    for (const handleId of this.#known.heldBy(key).keys()) if (handleId !== own) await this.#forget(key, handleId);
    const refusals = service === undefined ? [] : await this.#serve(key, service, assignIPs);
    await this.#tell(key, assignIPs);
    this.#problems.delete(key);
    if (refusals.length === 0) return;
    const [namespace, name] = key.split('/');
    const about = { kind: 'KubernetesService', namespace, name } as const;
    const remarks = refusals.map(({ reason, message }) => ({ about, reason, message: `Service(${key}): ${message}` }));
    this.#problems.set(key, remarks);
    // It is tried again, after a pause.
    throw new Error(refusals.map(({ message }) => message).join('; '));
  }

  /** Releases the addresses of a Service that is gone, or is no load balancer's any more. */
  async #forget(key: string, handleId: string): Promise<void> {
    const { store, log } = this.#options;
    const [namespace, name] = key.split('/');
    // The syncer tells of one kind before the other: a Service may have come that we haven't heard of.
    const found = await store.get({ kind: 'KubernetesService', namespace, name });
    if (found?.spec.type === 'LoadBalancer' && handleOfService(found) === handleId) return;
    await this.#addresses.forget(handleId);
    log.info({ service: key, handle: handleId }, 'addresses of a load balancer that is gone are free again');
  }

  /** Does what is to be done for a Service; tells what could not be. */
  async #serve(key: string, service: KubernetesService, assignIPs: AssignIPs): Promise<readonly Refusal[]> {
    const pools = await this.#options.facts.pools();
    const handleId = handleOfService(service);
    const plan = (held: readonly Address[]) => planLoadBalancer({ service, held, pools, assignIPs });
    const supposed = plan(this.#known.heldBy(key).get(handleId) ?? []);
    if (isDone(supposed, service, pools)) return supposed.problems;
    // Our knowledge may be a moment old.
    const { keep, release, assign, missing, problems, ownsStatus } = plan(await this.#addresses.of(handleId));
    const without = ingressWithout(service, release);
    const current = without === undefined ? service : await this.#write(key, service, without);
    await this.#addresses.release(handleId, release);
    const { given, refused } = await this.#addresses.assign(current, { assign, missing });
    if (release.length + given.length > 0) this.#note(key, { given, released: release });
    const ingress = ownsStatus ? ingressOf(current, [...keep, ...given], pools) : undefined;
    if (ingress !== undefined) await this.#write(key, current, ingress);
    return [...problems, ...refused];
  }

  /** Of our own Services, whether anybody outside learns where they are. */
  async #tell(key: string, assignIPs: AssignIPs): Promise<void> {
    const service = this.#known.get(key);
    if (service === undefined || !isOurs(service, assignIPs)) return;
    const condition = this.#ways.conditionOf(service, await this.#options.facts.pools());
    if (condition === undefined || same(condition, service.spec.advertised)) return;
    this.#known.wrote(key, await this.#options.services.setAdvertised(service, condition));
  }

  async #write(
    key: string,
    service: KubernetesService,
    ingress: readonly LoadBalancerIngress[],
  ): Promise<KubernetesService> {
    const written = await this.#options.services.setIngress(service, ingress);
    this.#known.wrote(key, written);
    return written;
  }

  #note(service: string, changed: Readonly<Record<'given' | 'released', readonly Address[]>>): void {
    const { given, released } = changed;
    const texts = { given: given.map(formatAddress), released: released.map(formatAddress) };
    this.#options.log.info({ service, ...texts }, 'addresses of a load balancer');
  }
}

/** Nothing is left to do, though something may be wrong. */
function isDone(
  { release, assign, missing, keep, ownsStatus }: LoadBalancerPlan,
  service: KubernetesService,
  pools: readonly Pool[],
): boolean {
  const changes = release.length + assign.length + missing.length;
  return changes === 0 && !(ownsStatus && ingressOf(service, keep, pools) !== undefined);
}
