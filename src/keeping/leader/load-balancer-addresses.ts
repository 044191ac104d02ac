import { type Address, type Clock, formatAddress, reasonOf } from '../../base/index.ts';
import { handleOf, type Ipam, IpamError, isIpamError } from '../../ipam/index.ts';
import type { KubernetesService } from '../../model/index.ts';
import type { LoadBalancerPlan } from './load-balancer-plan.ts';

/** The host that stands for all Services in IPAM, instead of a node. */
const HOSTNAME = 'load-balancer';

/** Why an address could not be given, in a word and in a sentence. */
export interface RefusedAddress {
  readonly reason: 'AddressTaken' | 'NoAddress';
  readonly message: string;
}

export function handleOfService({ metadata: { name, namespace = 'default', uid = '' } }: KubernetesService): string {
  return handleOf.loadBalancer(name, namespace, uid);
}

/** The verbs of IPAM as a load balancer needs them. */
export class LoadBalancerAddresses {
  readonly #ipam: Ipam;
  readonly #clock: Clock;

  constructor(ipam: Ipam, clock: Clock) {
    this.#ipam = ipam;
    this.#clock = clock;
  }

  /** The addresses of the handle, asked for now. */
  async of(handleId: string): Promise<readonly Address[]> {
    try {
      return await this.#ipam.ipsByHandle(handleId);
    } catch (error) {
      if (isIpamError(error, 'HANDLE_NOT_FOUND')) return [];
      throw error;
    }
  }

  async release(handleId: string, addresses: readonly Address[]): Promise<void> {
    if (addresses.length > 0) await this.#ipam.releaseIps(addresses.map((address) => ({ address, handleId })));
  }

  /** Gives back all that the handle has. */
  async forget(handleId: string): Promise<void> {
    try {
      await this.#ipam.releaseByHandle(handleId);
    } catch (error) {
      if (!isIpamError(error, 'HANDLE_NOT_FOUND')) throw error;
    }
  }

  /** Gives what the plan lacks; one that can't be had keeps no other away. */
  async assign(
    service: KubernetesService,
    { assign, missing }: Pick<LoadBalancerPlan, 'assign' | 'missing'>,
  ): Promise<{ readonly given: readonly Address[]; readonly refused: readonly RefusedAddress[] }> {
    const { name, namespace = 'default' } = service.metadata;
    const timestamp = `${new Date(this.#clock.wallTime()).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
    const owner = {
      hostname: HOSTNAME,
      handleId: handleOfService(service),
      attributes: { service: name, namespace, type: 'LoadBalancer', timestamp },
    };
    const given: Address[] = [];
    const refused: RefusedAddress[] = [];
    for (const address of assign) {
      try {
        await this.#ipam.assignIp(address, owner);
        given.push(address);
      } catch (error) {
        if (!(error instanceof IpamError)) throw error;
        refused.push(await this.#refusal(address, error));
      }
    }
    for (const { family, pools } of missing) {
      const request = { ...owner, namespace, use: 'LoadBalancer' as const };
      const wanted = family === 4 ? { num4: 1, pools4: pools } : { num6: 1, pools6: pools };
      try {
        const { v4, v6 } = await this.#ipam.autoAssign({ ...request, ...wanted });
        const assignment = v4 ?? v6;
        given.push(...(assignment?.addresses ?? []).map(({ address }) => address));
        const { shortfall } = assignment ?? {};
        if (shortfall) refused.push({ reason: 'NoAddress', message: `no IPv${family} address: ${shortfall}` });
      } catch (error) {
        if (!(error instanceof IpamError)) throw error;
        refused.push({ reason: 'NoAddress', message: `no IPv${family} address: ${reasonOf(error)}` });
      }
    }
    return { given, refused };
  }

  async #refusal(address: Address, error: IpamError): Promise<RefusedAddress> {
    const text = formatAddress(address);
    if (error.code !== 'ADDRESS_TAKEN') return { reason: 'NoAddress', message: `${text}: ${reasonOf(error)}` };
    const { attributes = {} } = (await this.#ipam.getAssignmentAttributes(address)) ?? {};
    const { namespace, service } = attributes;
    const holder = service === undefined ? 'somebody else' : `Service(${namespace}/${service})`;
    const message = `${text} belongs to ${holder}, and no two Services share an address`;
    return { reason: 'AddressTaken', message };
  }
}
