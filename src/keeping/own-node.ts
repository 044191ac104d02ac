import { isDeepStrictEqual } from 'node:util';
import { formatAddress, type Log, tryParseInterfaceAddress, VRouterError } from '../base/index.ts';
import { asNumber } from '../calc/index.ts';
import { AlreadyExists, NotFound, type Store, UpdateConflict } from '../datastore/index.ts';
import { type Node, newResource } from '../model/index.ts';
import type { Kernel } from '../netlink/index.ts';
import { autodetect, NoAddress, nodeInterfaces } from './autodetect.ts';
import { KnownNodes } from './known-nodes.ts';
import type { NodeSettings } from './settings.ts';

/** Another node has this node's address: going on would send its traffic astray. */
export class AddressInUse extends VRouterError {
  readonly family: 4 | 6;

  constructor(node: string, family: 4 | 6, address: string) {
    const advice = `free it there, or if that node is gone: calicoctl delete node ${node}`;
    super('ADDRESS_IN_USE', `Calico node '${node}' is already using the IPv${family} address ${address}: ${advice}`);
    this.family = family;
  }
}

export interface OwnNodeInputs {
  readonly config: NodeSettings;
  readonly store: Store;
  readonly kernel: Kernel;
  readonly log: Log;
  /** The Nodes as far as they are known; absent, the store is asked. */
  readonly nodes?: KnownNodes;
  /** Where none is detected, the address that the Node has stands, as at calico/node's start; else `NoAddress`. */
  readonly keepsKnown?: boolean;
}

/**
 * Writes the Node's BGP part; what others keep in it stays. Races with other writers are run again. Rejects with
 * `AddressInUse` when the address is another node's; a former one of our own, which can't be right any more, is given up
 * before: two nodes that were given each other's addresses would wait for each other without end.
 */
export async function ensureNode(inputs: OwnNodeInputs): Promise<Node> {
  const { config, store } = inputs;
  const nodes = inputs.nodes ?? new KnownNodes({ nodename: config.NODENAME, store });
  for (let found = await nodes.own(); ; found = await nodes.fresh()) {
    const spec = await nodeSpec(inputs, found);
    const taken = config.DISABLE_NODE_IP_CHECK ? undefined : takenAddress(await nodes.others(), spec);
    const next = taken === undefined ? spec : found && withoutStale(found.spec, spec, taken.family);
    const isRight = next === undefined || (found !== undefined && isDeepStrictEqual(found.spec, next));
    try {
      if (!isRight) found = await write(inputs, nodes, found, next);
    } catch (error) {
      if (error instanceof AlreadyExists || error instanceof UpdateConflict || error instanceof NotFound) continue;
      throw error;
    }
    if (taken !== undefined) throw taken;
    if (found !== undefined) return found;
  }
}

async function write(
  { config, store, log }: OwnNodeInputs,
  nodes: KnownNodes,
  found: Node | undefined,
  spec: Node['spec'],
): Promise<Node> {
  const node = found === undefined ? newResource('Node', { name: config.NODENAME }, spec) : { ...found, spec };
  const written = found === undefined ? await store.create<'Node'>(node) : await store.update<'Node'>(node);
  nodes.wrote(written);
  log.info({ bgp: spec.bgp }, found === undefined ? 'node registered' : 'node updated');
  return written;
}

async function nodeSpec(inputs: OwnNodeInputs, found: Node | undefined): Promise<Node['spec']> {
  const { config } = inputs;
  const { bgp: before, interfaces: _, ...rest } = found?.spec ?? {};
  const others = {
    ...withReference(rest, config.CALICO_K8S_NODE_REF),
    ...(await ownInterfaces(inputs)),
  };
  const ipv4Address = await ownAddress(inputs, 4, config.IP, found);
  const ipv6Address = await ownAddress(inputs, 6, config.IP6, found);
  return withBgp(others, {
    ...before,
    asNumber: config.AS === undefined ? before?.asNumber : asNumber(config.AS),
    ipv4Address,
    ipv6Address,
  });
}

/** Those of the families in which the node has an address; IPv6 is only there when asked for. */
async function ownInterfaces({ config, kernel }: OwnNodeInputs): Promise<Pick<Node['spec'], 'interfaces'>> {
  const families = [
    ...(config.IP === 'none' ? [] : ([4] as const)),
    ...(config.IP6 === 'none' || config.IP6 === '' ? [] : ([6] as const)),
  ];
  const found = await nodeInterfaces(kernel, families);
  const interfaces = found.map(({ name, addresses }) => ({ name, addresses: [...addresses] }));
  return interfaces.length === 0 ? {} : { interfaces };
}

/** Says which Kubernetes node this is: who cleans up (kube-controllers, on etcd) goes by it. Other references stay. */
function withReference(spec: Node['spec'], nodeName: string): Node['spec'] {
  if (nodeName === '') return spec;
  const others = spec.orchRefs?.filter(({ orchestrator }) => orchestrator !== 'k8s') ?? [];
  return { ...spec, orchRefs: [...others, { nodeName, orchestrator: 'k8s' }] };
}

/** Only what is there: a part that says nothing is none. */
function withBgp(spec: Node['spec'], bgp: NonNullable<Node['spec']['bgp']>): Node['spec'] {
  const said = Object.fromEntries(Object.entries(bgp).filter(([, value]) => value !== undefined));
  return Object.keys(said).length === 0 ? spec : { ...spec, bgp: said };
}

/** The Node as it was, without an address that is no longer this node's; undefined when there is none to give up. */
function withoutStale(before: Node['spec'], wanted: Node['spec'], family: 4 | 6): Node['spec'] | undefined {
  const field = family === 4 ? 'ipv4Address' : 'ipv6Address';
  const { bgp, ...others } = before;
  if (bgp?.[field] === undefined || bare(bgp[field]) === bare(wanted.bgp?.[field])) return undefined;
  return withBgp(others, { ...bgp, [field]: undefined });
}

/**
 * The node's address with its prefix length: as told, as it was, or detected. `none` detects nothing, and keeps what is
 * known (as in Calico). IPv6 is only there when asked for.
 */
async function ownAddress(
  { config, kernel, log, keepsKnown = false }: OwnNodeInputs,
  family: 4 | 6,
  setting: string,
  found: Node | undefined,
): Promise<string | undefined> {
  const before = (family === 4 ? found?.spec.bgp?.ipv4Address : found?.spec.bgp?.ipv6Address) || undefined;
  if (setting === 'none') return before;
  if (setting !== '' && setting !== 'autodetect') return withLength(kernel, family, setting);
  if (setting === '' && (before !== undefined || family === 6)) return before;
  const method = family === 4 ? config.IP_AUTODETECTION_METHOD : config.IP6_AUTODETECTION_METHOD;
  const internal = found?.spec.addresses?.filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
  const detecting = autodetect(kernel, family, method, { before: bare(before), internal });
  const detected = await detecting.catch((error: unknown) => {
    if (!keepsKnown || before === undefined || !(error instanceof NoAddress)) throw error;
    log.warn({ address: before, reason: error.message }, `IPv${family} address not detected: the known one stands`);
    return undefined;
  });
  if (detected === undefined) return before;
  const { address, dev, why } = detected;
  if (bare(address) !== bare(before)) log.info({ address, interface: dev, why }, `IPv${family} address detected`);
  return address;
}

/** An address given without a prefix length has that of the interface which holds it. */
async function withLength(kernel: Kernel, family: 4 | 6, setting: string): Promise<string> {
  if (setting.includes('/')) return setting;
  const entries = await kernel.addressList({ family });
  const found = entries.find(({ address }) => bare(address) === bare(setting));
  return found?.address ?? `${setting}/${family === 4 ? 32 : 128}`;
}

function takenAddress(others: readonly Node[], spec: Node['spec']): AddressInUse | undefined {
  for (const other of others) {
    for (const family of [4, 6] as const) {
      const field = family === 4 ? 'ipv4Address' : 'ipv6Address';
      const mine = bare(spec.bgp?.[field]);
      if (mine !== undefined && mine === bare(other.spec.bgp?.[field])) {
        return new AddressInUse(other.metadata.name, family, mine);
      }
    }
  }
  return undefined;
}

/** Without its prefix length, in the one way to write it. */
function bare(address: string | undefined): string | undefined {
  const parsed = address ? tryParseInterfaceAddress(address) : undefined;
  return parsed && formatAddress(parsed.address);
}
