import { type Clock, formatAddress, hostCidr, parseAddress } from '../base/index.ts';
import { type CniRequest, RequestRefused } from '../control/index.ts';
import { type Ipam, isIpamError } from '../ipam/index.ts';
import { type AddressPlan, addressPlan, requireTargets } from './address-plan.ts';
import { networkConfig } from './network-config.ts';
import { shortfallOf } from './result.ts';
import type { WorkloadIdentity } from './workload-identity.ts';

/** CNI's "try again later". */
const TRY_AGAIN = 11;

export interface AddressParts {
  readonly nodename: string;
  readonly ipam: Ipam;
  readonly clock: Clock;
}

/** The addressing of a pod's interface, before that is made. */
export interface PodAddressing {
  /** CIDRs of one address each. */
  readonly addresses: readonly string[];
  readonly mac?: string;
  /** Further addresses that lead to one of these. */
  readonly floatingIps: readonly string[];
  /** Networks that the pod may send from besides. */
  readonly sourcePrefixes: readonly string[];
}

type Annotations = Readonly<Record<string, string>>;

/**
 * Takes the addresses that a request asks for. What the same handle had before goes back first; on failure all does.
 */
export async function takeAddresses(
  parts: AddressParts,
  request: CniRequest,
  identity: WorkloadIdentity,
  annotations: { readonly pod: Annotations; readonly namespace: Annotations },
): Promise<PodAddressing> {
  const plan = addressPlan(annotations.pod, annotations.namespace, networkConfig(request.config), request.args['IP']);
  const { floatingIps = [], sourcePrefixes = [] } = plan;
  const besides = { ...(plan.mac !== undefined && { mac: plan.mac }), floatingIps, sourcePrefixes };
  try {
    const addresses = request.assigned?.addresses ?? (await take(parts, plan, identity)).map(hostCidr);
    requireTargets(floatingIps, addresses);
    return { ...besides, addresses };
  } catch (error) {
    await releaseAddresses(parts.ipam, identity);
    throw error;
  }
}

/** Releases the addresses of the handle; a handle without any is fine. */
export async function releaseAddresses(ipam: Ipam, { handle }: { readonly handle: string }): Promise<void> {
  try {
    await ipam.releaseByHandle(handle);
  } catch (error) {
    if (!isIpamError(error, 'HANDLE_NOT_FOUND')) throw error;
  }
}

/**
 * The addresses that were assigned to a container before, as CIDRs of one address each, whatever the store says of its
 * endpoint: by another IPAM plugin, by ours, or, where neither knows of any, by hand: `otherwise`.
 */
export async function assignedAddresses(
  ipam: Ipam,
  { assigned }: CniRequest,
  { handle }: Pick<WorkloadIdentity, 'handle'>,
  otherwise: readonly string[],
): Promise<readonly string[]> {
  if (assigned !== undefined) return assigned.addresses;
  try {
    const held = [...(await ipam.ipsByHandle(handle))].sort((a, b) => a.family - b.family);
    return held.length === 0 ? otherwise : held.map((address) => hostCidr(formatAddress(address)));
  } catch (error) {
    if (isIpamError(error, 'HANDLE_NOT_FOUND')) return otherwise;
    throw error;
  }
}

async function take(parts: AddressParts, plan: AddressPlan, identity: WorkloadIdentity): Promise<readonly string[]> {
  if (plan.kind === 'fixed' && !plan.ipam) return plan.addresses;
  const { ipam, nodename, clock } = parts;
  await releaseAddresses(ipam, identity);
  const owner = {
    hostname: nodename,
    handleId: identity.handle,
    attributes: {
      ...(identity.pod !== undefined && { pod: identity.pod, namespace: identity.namespace }),
      node: nodename,
      timestamp: `${new Date(clock.wallTime()).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`,
    },
  };
  if (plan.kind === 'fixed') {
    for (const address of plan.addresses) await ipam.assignIp(parseAddress(address), owner);
    return plan.addresses;
  }
  const { num4, num6, pools4, pools6 } = plan;
  const assigned = await ipam.autoAssign({ ...owner, num4, num6, pools4, pools6 });
  const short = shortfallOf(assigned);
  if (short !== undefined) throw new RequestRefused('NO_ADDRESS', short, TRY_AGAIN);
  return [assigned.v4, assigned.v6].flatMap(
    (family) => family?.addresses.map(({ address }) => formatAddress(address)) ?? [],
  );
}
