import { randomBytes } from 'node:crypto';
import { containsAddress, type Log, type Prefix, parsePrefix, tryParseInterfaceAddress } from '../base/index.ts';
import { AlreadyExists, type Store } from '../datastore/index.ts';
import { type IPPool, read, validateAs } from '../model/index.ts';
import type { Kernel } from '../netlink/index.ts';
import { podSubnets } from './installer.ts';
import { ipv4Pool, ipv6Pool } from './pool-settings.ts';
import type { NodeSettings } from './settings.ts';

interface Inputs {
  readonly config: NodeSettings;
  readonly store: Store;
  readonly kernel: Kernel;
  readonly log: Log;
}

/**
 * Creates `default-ipv4-ippool` and `default-ipv6-ippool` in a cluster that has no pool of the family yet, with the CIDR that
 * is set, that kubeadm was given for pods or, on nodes that have an address of the family, one of our own. Several nodes may try at once: the name decides
 * who was first.
 */
export async function ensureDefaultPools(inputs: Inputs): Promise<void> {
  const { config, store, kernel, log } = inputs;
  if (config.NO_DEFAULT_POOLS) return;
  const { items } = await store.list('IPPool');
  // One that can't be used, for its host bits or another fault, is somebody's pool of its family all the same.
  const cidrs = items.map((pool) => {
    const { cidr } = (read('IPPool', pool).resource ?? pool).spec;
    return typeof cidr === 'string' ? tryParseInterfaceAddress(cidr) : undefined;
  });
  const families = new Set(cidrs.map((cidr) => cidr?.address.family));
  const { IP, IP6 } = config;
  const missing = ([4, 6] as const).some((family) => !families.has(family) && !cidrSet(config, family));
  const told = missing ? await podSubnets(store) : {};
  const cidr4 = cidrSet(config, 4) ?? told.ipv4;
  const cidr6 = cidrSet(config, 6) ?? told.ipv6;
  const wanted: IPPool[] = [];
  if (!families.has(4) && cidr4 !== 'none' && (cidr4 !== undefined || IP !== 'none')) {
    wanted.push(ipv4Pool(config, cidr4 ?? (await freeRange(kernel))));
  }
  if (!families.has(6) && cidr6 !== 'none' && (cidr6 !== undefined || !['', 'none'].includes(IP6))) {
    wanted.push(ipv6Pool(config, cidr6 ?? randomUniqueLocal()));
  }
  for (const pool of wanted) {
    try {
      await store.create<'IPPool'>(validateAs('IPPool', pool));
      log.info({ pool: pool.metadata.name, cidr: pool.spec.cidr }, 'default pool created');
    } catch (error) {
      if (!(error instanceof AlreadyExists)) throw error;
    }
  }
}

function cidrSet(config: NodeSettings, family: 4 | 6): string | undefined {
  return family === 4 ? config.CALICO_IPV4POOL_CIDR : config.CALICO_IPV6POOL_CIDR;
}

/** 192.168.0.0/16, or the first of 172.16–31.0.0/16 that none of the host's addresses lies in. */
async function freeRange(kernel: Kernel): Promise<string> {
  const own = (await kernel.addressList({ family: 4 })).map(
    ({ address }) => tryParseInterfaceAddress(address)?.address,
  );
  const free = (range: Prefix): boolean => own.every((at) => at === undefined || !containsAddress(range, at));
  const candidates = ['192.168.0.0/16', ...Array.from({ length: 16 }, (_, i) => `172.${16 + i}.0.0/16`)];
  return candidates.find((cidr) => free(parsePrefix(cidr))) ?? candidates[0];
}

/** A random /48 of fd00::/8 (RFC 4193). */
function randomUniqueLocal(): string {
  const hex = randomBytes(5).toString('hex');
  return `fd${hex.slice(0, 2)}:${hex.slice(2, 6)}:${hex.slice(6)}::/48`;
}
