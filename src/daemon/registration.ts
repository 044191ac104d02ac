import { isDeepStrictEqual } from 'node:util';
import {
  Backoff,
  type Clock,
  formatAddress,
  type Log,
  sleep,
  tryParseInterfaceAddress,
  VERSION,
  VRouterError,
} from '../base/index.ts';
import { asNumber } from '../calc/index.ts';
import {
  AlreadyExists,
  DatastoreUnavailable,
  ensureInitialized,
  NotFound,
  type Store,
  UpdateConflict,
} from '../datastore/index.ts';
import { type KindName, type Node, newResource, type ResourceOf } from '../model/index.ts';
import type { Kernel } from '../netlink/index.ts';
import { autodetect } from './autodetect.ts';
import type { DaemonConfig } from './config.ts';
import { ensureDefaultPools } from './default-pools.ts';
import { KnownNodes } from './known-nodes.ts';

/** Another node has this node's address: going on would send its traffic astray. */
export class AddressInUse extends VRouterError {
  constructor(node: string, family: 4 | 6, address: string) {
    super('ADDRESS_IN_USE', `Calico node '${node}' is already using the IPv${family} address ${address}`);
  }
}

export interface RegistrationInputs {
  readonly config: DaemonConfig;
  readonly store: Store;
  readonly kernel: Kernel;
  readonly log: Log;
  /** What is known of the Nodes without asking; absent, the store is asked. */
  readonly nodes?: KnownNodes;
}

interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly told: (problem: string) => void;
}

/**
 * Makes the node known to the cluster, as calico/node does at its start: the cluster's singletons if they are missing,
 * the Node with its BGP address and AS number, and the default pools if there is none. Resolves with the Node.
 */
export async function register(inputs: RegistrationInputs): Promise<Node> {
  await ensureSingletons(inputs);
  const node = await ensureNode(inputs);
  await ensureDefaultPools(inputs);
  return node;
}

/** A datastore that isn't there yet is waited for, and `told` why; anything else that is wrong rejects. */
export async function untilRegistered(inputs: RegistrationInputs, waiting: Waiting): Promise<Node> {
  const backoff = new Backoff({ first: 200, max: 10_000 });
  for (;;) {
    try {
      return await register(inputs);
    } catch (error) {
      if (!(error instanceof DatastoreUnavailable) || !inputs.config.WAIT_FOR_DATASTORE) throw error;
      waiting.told(error.message);
      const wait = backoff.next();
      inputs.log.warn({ err: error.message, retryInSeconds: wait / 1000 }, 'waiting for the datastore');
      await sleep(waiting.clock, wait, waiting.signal);
    }
  }
}

/** Writes what this node says of itself in its Node again, if it is another now or is not there any more. */
export async function keepNode(inputs: RegistrationInputs): Promise<void> {
  await ensureNode(inputs);
}

async function ensureSingletons(inputs: RegistrationInputs): Promise<void> {
  const { store, config } = inputs;
  await ensureInitialized(store, { calicoVersion: `v${VERSION}`, clusterType: config.CLUSTER_TYPE });
  await ensure(
    store,
    newResource('FelixConfiguration', { name: 'default' }, { reportingInterval: '0s', logSeverityScreen: 'Info' }),
  );
  await ensure(store, newResource('BGPConfiguration', { name: 'default' }, {}));
}

/** Creates the object unless there is one: somebody else's is as good. */
async function ensure<Kind extends KindName>(store: Store, resource: ResourceOf<Kind>): Promise<void> {
  const { kind, metadata } = resource as ResourceOf<KindName>;
  if ((await store.get({ kind, name: metadata.name })) !== undefined) return;
  try {
    await store.create(resource);
  } catch (error) {
    if (!(error instanceof AlreadyExists)) throw error;
  }
}

/** Writes the Node's BGP part; what others keep in it stays. Races with other writers are run again. */
async function ensureNode(inputs: RegistrationInputs): Promise<Node> {
  const { config, store, log } = inputs;
  const nodes = inputs.nodes ?? new KnownNodes({ nodename: config.NODENAME, store });
  for (let found = await nodes.own(); ; found = await nodes.fresh()) {
    const spec = await nodeSpec(inputs, found);
    if (!config.DISABLE_NODE_IP_CHECK) refuseTakenAddress(await nodes.others(), spec);
    if (found !== undefined && isDeepStrictEqual(found.spec, spec)) return found;
    try {
      const node = found === undefined ? newResource('Node', { name: config.NODENAME }, spec) : { ...found, spec };
      const written = found === undefined ? await store.create<'Node'>(node) : await store.update<'Node'>(node);
      nodes.wrote(written);
      log.info({ bgp: spec.bgp }, found === undefined ? 'node registered' : 'node updated');
      return written;
    } catch (error) {
      if (!(error instanceof AlreadyExists || error instanceof UpdateConflict || error instanceof NotFound))
        throw error;
    }
  }
}

async function nodeSpec(inputs: RegistrationInputs, found: Node | undefined): Promise<Node['spec']> {
  const { config } = inputs;
  const ipv4 = await ownAddress(inputs, 4, config.IP, found?.spec.bgp?.ipv4Address);
  const ipv6 = await ownAddress(inputs, 6, config.IP6, found?.spec.bgp?.ipv6Address);
  const { ipv4Address: _4, ipv6Address: _6, asNumber: before, ...rest } = found?.spec.bgp ?? {};
  if (ipv4 === undefined && ipv6 === undefined) {
    const { bgp: _, ...spec } = found?.spec ?? {};
    return spec;
  }
  const asn = config.AS === undefined ? before : asNumber(config.AS);
  return {
    ...found?.spec,
    bgp: {
      ...(asn !== undefined && { asNumber: asn }),
      ...(ipv4 !== undefined && { ipv4Address: ipv4 }),
      ...(ipv6 !== undefined && { ipv6Address: ipv6 }),
      ...rest,
    },
  };
}

/** The node's address with its prefix length: as told, as it was, or detected. IPv6 is only there when asked for. */
async function ownAddress(
  { config, kernel, log }: RegistrationInputs,
  family: 4 | 6,
  setting: string,
  before: string | undefined,
): Promise<string | undefined> {
  if (setting === 'none') return undefined;
  if (setting !== '' && setting !== 'autodetect') return withLength(kernel, family, setting);
  if (setting === '' && (before !== undefined || family === 6)) return before;
  const method = family === 4 ? config.IP_AUTODETECTION_METHOD : config.IP6_AUTODETECTION_METHOD;
  const detected = await autodetect(kernel, family, method);
  log.info({ address: detected.address, interface: detected.dev, why: detected.why }, `IPv${family} address detected`);
  return detected.address;
}

/** An address given without a prefix length has that of the interface which holds it. */
async function withLength(kernel: Kernel, family: 4 | 6, setting: string): Promise<string> {
  if (setting.includes('/')) return setting;
  const entries = await kernel.addressList({ family });
  const found = entries.find(({ address }) => address.split('/')[0] === setting);
  return found?.address ?? `${setting}/${family === 4 ? 32 : 128}`;
}

function refuseTakenAddress(others: readonly Node[], spec: Node['spec']): void {
  for (const other of others) {
    for (const family of [4, 6] as const) {
      const mine = bare(family === 4 ? spec.bgp?.ipv4Address : spec.bgp?.ipv6Address);
      const theirs = bare(family === 4 ? other.spec.bgp?.ipv4Address : other.spec.bgp?.ipv6Address);
      if (mine !== undefined && mine === theirs) throw new AddressInUse(other.metadata.name, family, mine);
    }
  }
}

function bare(address: string | undefined): string | undefined {
  const parsed = address ? tryParseInterfaceAddress(address) : undefined;
  return parsed && formatAddress(parsed.address);
}
