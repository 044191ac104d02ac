import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { reasonOf } from '../../base/index.ts';
import { request, socketPath } from '../../control/index.ts';
import type { ConfigOptions } from '../config.ts';
import type { Io } from '../io.ts';
import { open } from '../session.ts';
import { type HostFacts, MODULES, SYSCTLS } from './facts.ts';

/** Looks at the host that this runs on. What can't be found out is as if it were not there. */
export async function lookAtHost(io: Io, options: ConfigOptions): Promise<HostFacts> {
  const hasIp = (await io.exec('ip', ['link', 'help'])).code !== 127;
  const [nft, tables, modules, sysctls, processes, cniConfigs, stored, routes] = await Promise.all([
    io.exec('nft', ['--version']),
    io.exec('nft', ['list', 'tables']),
    modulesOf(io, hasIp),
    sysctlsOf(),
    processesOf(),
    cniConfigsOf(io.env['CNI_NET_DIR'] ?? '/etc/cni/net.d'),
    asked(io, options),
    routesOf(io),
  ]);
  return {
    nft: nft.code === 0 ? nft.output.trim() : undefined,
    tables: tables.code === 0 || tables.output.trim(),
    modules,
    hasIp,
    capabilities: BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(await textOf('/proc/self/status'))?.[1] ?? '0'}`),
    sysctls,
    listening: await listeningOf(),
    isOursRunning: await isOurs(io),
    links: await linksOf(),
    processes,
    cniConfigs,
    unmanaged: await unmanagedOf('/etc/NetworkManager/conf.d'),
    routes,
    ...stored,
    isClockSet: await clockOf(io),
    now: io.clock.wallTime(),
  };
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

async function modulesOf(io: Io, hasIp: boolean): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const name of MODULES) {
    const isLoaded = (await namesIn(`/sys/module/${name}`)).length > 0;
    if (isLoaded || (await io.exec('modprobe', ['--dry-run', '--quiet', name])).code === 0) found.add(name);
  }
  // Built in without parameters, a module shows nowhere but in what it offers.
  if (
    (await textOf('/proc/net/nf_conntrack')) !== '' ||
    (await textOf('/proc/sys/net/netfilter/nf_conntrack_max')) !== ''
  )
    found.add('nf_conntrack');
  if (hasIp) {
    // A device of that kind in a namespace that is thrown away at once.
    for (const name of ['veth', 'vxlan', 'ipip', 'wireguard']) {
      const more = name === 'vxlan' ? ['id', '1', 'dstport', '4789'] : name === 'ipip' ? ['local', '127.0.0.1'] : [];
      const tried = await io.exec('unshare', ['--net', 'ip', 'link', 'add', 'vrt0', 'type', name, ...more]);
      if (tried.code === 0) found.add(name);
    }
  }
  return found;
}

async function sysctlsOf(): Promise<Readonly<Record<string, string>>> {
  const pairs = await Promise.all(
    SYSCTLS.map(async (name) => [name, (await textOf(`/proc/sys/${name.replaceAll('.', '/')}`)).trim()] as const),
  );
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''));
}

async function processesOf(): Promise<ReadonlySet<string>> {
  const numbers = (await namesIn('/proc')).filter((name) => /^\d+$/.test(name));
  return new Set(await Promise.all(numbers.map(async (pid) => (await textOf(`/proc/${pid}/comm`)).trim())));
}

/** The state LISTEN of proc(5)'s tables; for UDP, whatever is bound. */
async function listeningOf(): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const [protocol, file, state] of [
    ['tcp', 'tcp', '0A'],
    ['tcp', 'tcp6', '0A'],
    ['udp', 'udp', '07'],
    ['udp', 'udp6', '07'],
  ] as const) {
    for (const line of (await textOf(`/proc/net/${file}`)).split('\n').slice(1)) {
      const [, local = '', , is = ''] = line.trim().split(/\s+/);
      if (is === state) found.add(`${protocol}/${Number.parseInt(local.split(':')[1] ?? '0', 16)}`);
    }
  }
  return found;
}

async function isOurs(io: Io): Promise<boolean> {
  return request(socketPath(io.env), { op: 'status' }, z.unknown()).then(
    () => true,
    () => false,
  );
}

async function linksOf(): Promise<HostFacts['links']> {
  const names = await namesIn('/sys/class/net');
  return Promise.all(
    names.map(async (name) => ({
      name,
      mtu: Number(await textOf(`/sys/class/net/${name}/mtu`)),
      isUp: (Number(await textOf(`/sys/class/net/${name}/flags`)) & 1) === 1,
    })),
  );
}

const plugin = z.looseObject({ type: z.string().default('') });
const config = z.looseObject({ type: z.string().optional(), plugins: z.array(plugin).optional() });

async function cniConfigsOf(folder: string): Promise<HostFacts['cniConfigs']> {
  const files = (await namesIn(folder)).filter((name) => /\.(conf|conflist|json)$/.test(name));
  return Promise.all(
    files.map(async (file) => {
      const read = config.safeParse(parsed(await textOf(join(folder, file))));
      if (!read.success) return { file, types: [] };
      return { file, types: read.data.plugins?.map(({ type }) => type) ?? [read.data.type ?? ''] };
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function unmanagedOf(folder: string): Promise<string> {
  const texts = await Promise.all((await namesIn(folder)).map((name) => textOf(join(folder, name))));
  return texts.flatMap((text) => text.split('\n').filter((line) => line.startsWith('unmanaged-devices'))).join('\n');
}

const route = z.looseObject({ dst: z.string(), dev: z.string().default(''), protocol: z.string().default('') });

async function routesOf(io: Io): Promise<HostFacts['routes']> {
  const outputs = await Promise.all(['-4', '-6'].map((family) => io.exec('ip', [family, '-json', 'route'])));
  return outputs.flatMap(({ code, output }) => {
    const read = z.array(route).safeParse(code === 0 ? parsed(output) : []);
    if (!read.success) return [];
    return read.data.map(({ dst, dev, protocol }) => ({ destination: dst, device: dev, protocol }));
  });
}

/** What the datastore says of the cluster that this host is to be of. */
async function asked(io: Io, options: ConfigOptions): Promise<Pick<HostFacts, 'pools' | 'isBfdAsked'>> {
  try {
    const store = await open(io, options);
    try {
      const [pools, peers] = [await store.list('IPPool'), await store.list('BGPPeer')];
      return {
        pools: pools.items.map(({ spec }) => spec.cidr),
        isBfdAsked: peers.items.some(({ spec }) => (spec.failureDetectionMode ?? 'None') !== 'None'),
      };
    } finally {
      await store.close();
    }
  } catch (error) {
    return { pools: { failure: reasonOf(error) }, isBfdAsked: false };
  }
}

/** As systemd-timesyncd or chrony tell it. */
async function clockOf(io: Io): Promise<boolean | undefined> {
  const { code, output } = await io.exec('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  return code === 0 ? output.trim() === 'yes' : undefined;
}
