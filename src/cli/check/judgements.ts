import { overlaps, tryParsePrefix } from '../../base/index.ts';
import type { HostFacts } from './facts.ts';

/** The finding of one check. `next`: what to do about it. */
export interface Judgement {
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'failure';
  readonly detail: string;
  readonly next?: string;
}

/** One idea each; all of them look at the same facts, and none at the host. */
const CHECKS: Readonly<Record<string, (facts: HostFacts) => Omit<Judgement, 'check'>>> = {
  privileges,
  nft,
  modules,
  forwarding,
  'reverse path': reversePath,
  'connection tracking': tracking,
  ports,
  mtu,
  'other networks': otherNetworks,
  NetworkManager: networkManager,
  firewalls,
  routes,
  clock,
  datastore,
};

/** Whether vRouter can work on this host, check by check. */
export function judge(facts: HostFacts): Judgement[] {
  return Object.entries(CHECKS).map(([check, look]) => ({ check, ...look(facts) }));
}

type Found = Omit<Judgement, 'check'>;
const ok = (detail: string): Found => ({ result: 'ok', detail });
const warning = (detail: string, next: string): Found => ({ result: 'warning', detail, next });
const failure = (detail: string, next: string): Found => ({ result: 'failure', detail, next });

/** Bits of capabilities(7) that the daemon needs. */
const NEEDED = { CAP_NET_BIND_SERVICE: 10n, CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n } as const;

function privileges({ capabilities }: HostFacts): Found {
  const missing = Object.entries(NEEDED).filter(([, bit]) => ((capabilities >> bit) & 1n) === 0n);
  if (missing.length === 0) return ok('all that the daemon needs');
  const names = missing.map(([name]) => name).join(', ');
  return failure(`${names} missing`, 'run this as root, and the daemon with these capabilities');
}

function nft({ nft: version, tables }: HostFacts): Found {
  if (version === undefined) return failure('there is no nft', 'install the package nftables');
  if (tables !== true) return failure(`nft can't list tables: ${tables}`, 'load the module with: modprobe nf_tables');
  return ok(version);
}

function modules({ modules: there, hasIp }: HostFacts): Found {
  const missing = ['nf_conntrack', 'veth'].filter((name) => !there.has(name));
  if (!hasIp && !there.has('veth')) return ok('not known: there is no ip(8) here to try them with');
  if (missing.length > 0) return failure(`no ${missing.join(', ')}`, `take a kernel with ${missing.join(', ')}`);
  const tunnels = ['vxlan', 'ipip', 'wireguard'].filter((name) => !there.has(name));
  if (tunnels.length === 0) return ok('veth, conntrack and all tunnels');
  return warning(`no ${tunnels.join(', ')}`, `don't choose ${tunnels.join(' or ')} on this kernel`);
}

function forwarding({ sysctls }: HostFacts): Found {
  const off = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'].filter((name) => sysctls[name] !== '1');
  if (off.length === 0) return ok('on for IPv4 and IPv6');
  return ok(`${off.join(', ')} will be set by the daemon`);
}

function reversePath({ sysctls }: HostFacts): Found {
  const value = sysctls['net.ipv4.conf.all.rp_filter'];
  if (value !== '1') return ok(value === undefined ? 'not known' : `rp_filter is ${value}`);
  return warning(
    'rp_filter is 1 (strict) on all interfaces: packets that come by another way than they would go are dropped',
    'where nodes have two uplinks, set net.ipv4.conf.all.rp_filter=2 (loose); pods are held to their addresses anyway',
  );
}

/** A busy node has as many connections. */
const FEW_CONNECTIONS = 65_536;

function tracking({ sysctls }: HostFacts): Found {
  const most = Number(sysctls['net.netfilter.nf_conntrack_max'] ?? Number.NaN);
  if (Number.isNaN(most)) return ok('not loaded yet');
  if (most >= FEW_CONNECTIONS) return ok(`room for ${most} connections`);
  return warning(`room for ${most} connections`, `set net.netfilter.nf_conntrack_max=${FEW_CONNECTIONS * 2} or more`);
}

/** The ports of the daemon, unless told otherwise. */
const PORTS: Readonly<Record<string, string>> = {
  'tcp/179': 'BGP: end the other speaker, or set another listenPort in the BGPConfiguration',
  'tcp/9099': 'the health page: set FELIX_HEALTHPORT',
  'udp/4789': 'VXLAN: remove the other VXLAN device, or set vxlanPort in the FelixConfiguration',
};

/** Where BFD is asked for: RFC 5881 and 5883 leave no choice. */
const BFD_PORTS: typeof PORTS = {
  'udp/3784': 'BFD: end the other BFD speaker (bfdd of FRR, BIRD), or set failureDetectionMode of the BGPPeers to None',
  'udp/4784': 'BFD over several hops: the same',
};

function ports({ listening, isOursRunning, isBfdAsked }: HostFacts): Found {
  if (isOursRunning) return ok('our own daemon runs here');
  const wanted = { ...PORTS, ...(isBfdAsked && BFD_PORTS) };
  const taken = Object.entries(wanted).filter(([place]) => listening.has(place));
  if (taken.length === 0) return ok(`${Object.keys(wanted).join(', ')} are free`);
  return failure(
    `somebody listens on ${taken.map(([place]) => place).join(', ')}`,
    taken.map(([, next]) => next).join('; '),
  );
}

/** IPv6 asks for it, and VXLAN takes 70 octets of it. */
const LEAST_MTU = 1350;
/** Those of pods, tunnels and other machines inside this one. */
const NOT_UPLINKS = /^(lo|cali|tunl0|vxlan|wireguard|docker|virbr|veth|br-|cni|flannel|cilium|kube-)/;

function mtu({ links }: HostFacts): Found {
  const uplinks = links.filter(({ name, isUp }) => isUp && !NOT_UPLINKS.test(name));
  if (uplinks.length === 0) return failure('no uplink is up', 'bring up the interface that leads to the other nodes');
  const [narrowest] = [...uplinks].sort((a, b) => a.mtu - b.mtu);
  if (narrowest.mtu >= LEAST_MTU) return ok(`${narrowest.mtu} at ${narrowest.name}`);
  return warning(
    `${narrowest.mtu} at ${narrowest.name}: with a tunnel, pods have less than the 1280 that IPv6 needs`,
    `raise it (ip link set ${narrowest.name} mtu 1500), or use no tunnels`,
  );
}

/** Agents of other networks, by what they are called, and how their devices begin. */
const OTHERS: Readonly<Record<string, { readonly processes: readonly string[]; readonly devices: RegExp }>> = {
  Calico: { processes: ['calico-node', 'bird', 'confd'], devices: /^$/ },
  Cilium: { processes: ['cilium-agent'], devices: /^cilium_/ },
  Flannel: { processes: ['flanneld'], devices: /^flannel/ },
  Weave: { processes: ['weaver'], devices: /^(weave|vethwe)/ },
  Antrea: { processes: ['antrea-agent'], devices: /^antrea-gw/ },
  'kube-router': { processes: ['kube-router'], devices: /^kube-bridge$/ },
};
const OUR_PLUGINS = ['calico', 'calico-ipam', 'bandwidth', 'portmap', 'tuning', 'loopback'];

function otherNetworks({ processes, links, cniConfigs, isOursRunning }: HostFacts): Found {
  const running = Object.entries(OTHERS).filter(([, { processes: names }]) =>
    names.some((name) => processes.has(name)),
  );
  if (running.length > 0) {
    const names = running.map(([name]) => name).join(', ');
    const advice = names === 'Calico' ? ' (see "Moving from Calico", docs/howto/moving-from-calico.md)' : '';
    return failure(`${names} runs on this host`, `end it before vRouter starts${advice}`);
  }
  const left = Object.entries(OTHERS).filter(([, { devices }]) => links.some(({ name }) => devices.test(name)));
  const first = [...cniConfigs].sort((a, b) => (a.file < b.file ? -1 : 1))[0];
  const foreign = first !== undefined && !first.types.some((type) => OUR_PLUGINS.includes(type));
  if (foreign) {
    return warning(
      `the runtime would take ${first.file} (${first.types.join(', ') || 'no plugin'}) first`,
      `move it out of the CNI configuration's folder, or name ours so that it is sorted before it`,
    );
  }
  if (left.length > 0) {
    const devices = links.filter(({ name }) => left.some(([, other]) => other.devices.test(name)));
    return warning(
      `devices of ${left.map(([name]) => name).join(', ')} are left: ${devices.map(({ name }) => name).join(', ')}`,
      'remove them (ip link delete NAME) and their configuration, or restart the host',
    );
  }
  return ok(isOursRunning ? 'none but ours' : 'none');
}

function networkManager({ processes, unmanaged }: HostFacts): Found {
  if (!processes.has('NetworkManager')) return ok('does not run');
  if (/cali/.test(unmanaged)) return ok('leaves our interfaces alone');
  return warning(
    'NetworkManager manages interfaces of pods, and takes their routes away',
    'write to /etc/NetworkManager/conf.d/vrouter.conf: [keyfile] unmanaged-devices=interface-name:cali*;interface-name:tunl*;interface-name:vxlan*;interface-name:wireguard.cali',
  );
}

function firewalls({ processes }: HostFacts): Found {
  const running = ['firewalld', 'ufw'].filter((name) => processes.has(name));
  if (running.length === 0) return ok('none that reloads its rules');
  return warning(
    `${running.join(', ')} runs: it may drop what pods send, and flush tables when it reloads`,
    'end it and protect the host with HostEndpoints, or let it forward between cali* interfaces and the uplink',
  );
}

function routes({ routes: all, pools, hasIp }: HostFacts): Found {
  if (!hasIp) return ok('not compared: there is no ip(8) here to list them with');
  if ('failure' in pools) return ok('not compared: the datastore does not tell the pools');
  const wanted = pools.flatMap((cidr) => tryParsePrefix(cidr) ?? []);
  const conflicting = all.filter(({ destination, device, protocol }) => {
    const at = tryParsePrefix(
      destination.includes('/') ? destination : `${destination}/${destination.includes(':') ? 128 : 32}`,
    );
    if (at === undefined || at.length === 0 || ['80', 'bird'].includes(protocol)) return false;
    return !/^(cali|vxlan|tunl0|wireguard)/.test(device) && wanted.some((pool) => overlaps(pool, at));
  });
  if (conflicting.length === 0) return ok('none within the pools');
  const shown = conflicting.slice(0, 5).map(({ destination, device }) => `${destination} dev ${device}`);
  return failure(
    `other networks lie within the pools: ${shown.join(', ')}`,
    'choose pools that overlap with no network of the hosts, or remove these routes',
  );
}

/** When this was written: no clock is before it. */
const LEAST_TIME = Date.UTC(2026, 0, 1);

function clock({ now, isClockSet }: HostFacts): Found {
  const time = new Date(now).toISOString();
  if (now < LEAST_TIME) return failure(`it is ${time} here`, 'set the clock: certificates and tokens would be refused');
  if (isClockSet === false) return warning(`${time}, set by nobody`, 'let chrony or systemd-timesyncd set the clock');
  return ok(time);
}

function datastore({ pools }: HostFacts): Found {
  if (!('failure' in pools)) return ok(`answers; ${pools.length} ${pools.length === 1 ? 'pool' : 'pools'}`);
  return failure(pools.failure, 'see DATASTORE_TYPE and its settings in deploy/README.md');
}
