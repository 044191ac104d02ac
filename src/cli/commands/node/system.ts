import { gunzipSync } from 'node:zlib';

/** Reads a file of the machine; undefined when there is none. */
export type ReadFile = (path: string) => Promise<Buffer | undefined>;

/**
 * The oldest kernel with all that is used: nftables sets with intervals and concatenations, VXLAN, netlink strictness.
 */
export const OLDEST_KERNEL = '5.10';

/** The modules that only some pools ask for. */
export const OPTIONAL_MODULES: Readonly<Record<string, string>> = { ipip: 'IPIP', vxlan: 'VXLAN' };

/**
 * The features looked for in the kernel, as modules, built in, or switched on: its name in the kernel's configuration.
 */
export const MODULES: Readonly<Record<string, string>> = {
  veth: 'CONFIG_VETH',
  ipip: 'CONFIG_NET_IPIP',
  vxlan: 'CONFIG_VXLAN',
  nf_tables: 'CONFIG_NF_TABLES',
  nft_ct: 'CONFIG_NFT_CT',
  nft_masq: 'CONFIG_NFT_MASQ',
  nft_chain_nat: 'CONFIG_NFT_NAT',
  nft_log: 'CONFIG_NFT_LOG',
  nf_conntrack: 'CONFIG_NF_CONNTRACK',
  nf_nat: 'CONFIG_NF_NAT',
};

export interface ModuleCheck {
  readonly module: string;
  readonly found: boolean;
}

/**
 * Looks for each module where it may be: on disk, in the kernel, loaded, or switched on in the kernel's configuration.
 */
export async function checkModules(
  release: string,
  read: ReadFile,
  configFile?: string,
): Promise<readonly ModuleCheck[]> {
  const texts = await Promise.all(
    [`/lib/modules/${release}/modules.dep`, `/lib/modules/${release}/modules.builtin`].map((path) =>
      readText(read, path),
    ),
  );
  const files = texts.join('\n');
  const loaded = await readText(read, '/proc/modules');
  const configuration = await readConfiguration(release, read, configFile);
  return Object.entries(MODULES).map(([module, option]) => {
    const name = module.replaceAll('_', '[_-]');
    const found =
      new RegExp(`/${name}\\.ko`).test(files) ||
      new RegExp(`^${module} `, 'm').test(loaded) ||
      new RegExp(`^${option}=[ym]`, 'm').test(configuration);
    return { module, found };
  });
}

/** True when `release` (`6.1.0-18-amd64`) is at least `oldest` (`5.10`). */
export function isAtLeast(release: string, oldest: string): boolean {
  const numbers = (text: string): readonly number[] => (text.match(/^\d+(\.\d+)*/)?.[0] ?? '0').split('.').map(Number);
  const [have, need] = [numbers(release), numbers(oldest)];
  for (const [index, wanted] of need.entries()) {
    const own = have[index] ?? 0;
    if (own !== wanted) return own > wanted;
  }
  return true;
}

async function readConfiguration(release: string, read: ReadFile, named: string | undefined): Promise<string> {
  if (named !== undefined) return readText(read, named);
  const compressed = await read('/proc/config.gz');
  if (compressed !== undefined) return gunzipSync(compressed).toString('utf8');
  const places = [
    `/boot/config-${release}`,
    `/usr/src/linux-headers-${release}/.config`,
    `/lib/modules/${release}/build/.config`,
  ];
  for (const path of places) {
    const text = await readText(read, path);
    if (text !== '') return text;
  }
  return '';
}

async function readText(read: ReadFile, path: string): Promise<string> {
  return (await read(path))?.toString('utf8') ?? '';
}
