import { type IPPool, newResource, ValidationError, validateAs } from '../model/index.ts';

/** Settings of the pools that the first node makes. */
export interface PoolSettings {
  readonly NO_DEFAULT_POOLS: boolean;
  readonly CALICO_IPV4POOL_CIDR?: string | undefined;
  readonly CALICO_IPV4POOL_BLOCK_SIZE: number;
  readonly CALICO_IPV4POOL_IPIP: 'Always' | 'Never' | 'CrossSubnet';
  readonly CALICO_IPV4POOL_VXLAN: 'Always' | 'Never' | 'CrossSubnet';
  readonly CALICO_IPV4POOL_NAT_OUTGOING: boolean;
  readonly CALICO_IPV4POOL_NODE_SELECTOR: string;
  readonly CALICO_IPV4POOL_DISABLE_BGP_EXPORT: boolean;
  readonly CALICO_IPV6POOL_CIDR?: string | undefined;
  readonly CALICO_IPV6POOL_BLOCK_SIZE: number;
  readonly CALICO_IPV6POOL_VXLAN: 'Always' | 'Never' | 'CrossSubnet';
  readonly CALICO_IPV6POOL_NAT_OUTGOING: boolean;
  readonly CALICO_IPV6POOL_NODE_SELECTOR: string;
  readonly CALICO_IPV6POOL_DISABLE_BGP_EXPORT: boolean;
}

/** A setting that can't stand, and what is allowed in its place. */
export interface SettingProblem {
  readonly name: string;
  readonly allowed: string;
}

export function ipv4Pool(config: PoolSettings, cidr: string): IPPool {
  return newResource(
    'IPPool',
    { name: 'default-ipv4-ippool' },
    {
      blockSize: config.CALICO_IPV4POOL_BLOCK_SIZE,
      cidr,
      ipipMode: config.CALICO_IPV4POOL_IPIP,
      ...(config.CALICO_IPV4POOL_VXLAN !== 'Never' && { vxlanMode: config.CALICO_IPV4POOL_VXLAN }),
      natOutgoing: config.CALICO_IPV4POOL_NAT_OUTGOING,
      nodeSelector: config.CALICO_IPV4POOL_NODE_SELECTOR,
      ...(config.CALICO_IPV4POOL_DISABLE_BGP_EXPORT && { disableBGPExport: true }),
    },
  );
}

export function ipv6Pool(config: PoolSettings, cidr: string): IPPool {
  return newResource(
    'IPPool',
    { name: 'default-ipv6-ippool' },
    {
      blockSize: config.CALICO_IPV6POOL_BLOCK_SIZE,
      cidr,
      ...(config.CALICO_IPV6POOL_VXLAN !== 'Never' && { vxlanMode: config.CALICO_IPV6POOL_VXLAN }),
      natOutgoing: config.CALICO_IPV6POOL_NAT_OUTGOING,
      nodeSelector: config.CALICO_IPV6POOL_NODE_SELECTOR,
      ...(config.CALICO_IPV6POOL_DISABLE_BGP_EXPORT && { disableBGPExport: true }),
    },
  );
}

/**
 * The faults of the pools that these settings ask for: those that only some node of some cluster would find out
 * at its first start is known here, before anything is touched. `given` are the settings that somebody has made.
 */
export function poolProblems(config: PoolSettings, given: ReadonlySet<string>): readonly SettingProblem[] {
  const names = ['CALICO_IPV4POOL_CIDR', 'CALICO_IPV6POOL_CIDR'] as const;
  if (config.NO_DEFAULT_POOLS) {
    const contrary = names.filter((name) => given.has(name) && config[name] !== 'none');
    return contrary.map((name) => ({ name, allowed: 'nothing while NO_DEFAULT_POOLS is true' }));
  }
  if (config.CALICO_IPV4POOL_IPIP !== 'Never' && config.CALICO_IPV4POOL_VXLAN !== 'Never') {
    const allowed = `Never while CALICO_IPV4POOL_IPIP is '${config.CALICO_IPV4POOL_IPIP}'`;
    return [{ name: 'CALICO_IPV4POOL_VXLAN', allowed }];
  }
  const [v4, v6] = names.map((name) => config[name]);
  return [
    ...refused(ipv4Pool(config, v4 === undefined || v4 === 'none' ? '192.168.0.0/16' : v4), 'CALICO_IPV4POOL_'),
    ...refused(ipv6Pool(config, v6 === undefined || v6 === 'none' ? 'fd00::/48' : v6), 'CALICO_IPV6POOL_'),
  ];
}

/** The setting that a field of the pool comes from. */
const SETTING_OF = new Map([
  ['BlockSize', 'BLOCK_SIZE'],
  ['IPIPMode', 'IPIP'],
  ['VXLANMode', 'VXLAN'],
  ['NATOutgoing', 'NAT_OUTGOING'],
  ['NodeSelector', 'NODE_SELECTOR'],
  ['DisableBGPExport', 'DISABLE_BGP_EXPORT'],
]);

function refused(pool: IPPool, prefix: string): SettingProblem[] {
  try {
    validateAs('IPPool', pool);
    return [];
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return error.fields.map(({ name, reason }) => ({
      name: `${prefix}${SETTING_OF.get(name) ?? 'CIDR'}`,
      allowed: name === 'CIDR' ? `a CIDR that a pool may have: ${reason}` : `what a pool may have: ${reason}`,
    }));
  }
}
