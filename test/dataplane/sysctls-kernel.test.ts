import t from 'tap';
import { needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { POD, PodNetwork } from './pod-network.ts';

t.setTimeout(3_600_000);

/** What Calico sets for a pod with both families, by where it is. `X`: the host end. */
const SETTINGS = {
  node: {
    'net.ipv4.ip_forward': '1',
    'net.ipv6.conf.all.forwarding': '1',
    'net.ipv4.conf.X.route_localnet': '1',
    'net.ipv4.neigh.X.proxy_delay': '0',
    'net.ipv4.conf.X.proxy_arp': '1',
    'net.ipv4.conf.X.forwarding': '1',
    'net.ipv4.conf.X.rp_filter': '1',
    'net.ipv4.conf.X.accept_source_route': '0',
    'net.ipv6.conf.X.disable_ipv6': '0',
    'net.ipv6.conf.X.proxy_ndp': '1',
    'net.ipv6.conf.X.forwarding': '1',
    'net.ipv6.conf.X.accept_ra': '0',
    'net.ipv6.conf.X.accept_dad': '0',
  },
  pod: {
    'net.ipv4.ip_forward': '0',
    'net.ipv6.conf.all.disable_ipv6': '0',
    'net.ipv6.conf.eth0.accept_dad': '0',
  },
} as const;

t.test(
  'every setting of a pod and its node, on the kernel; changed by hand, a full look restores it',
  needsRoot,
  async (t) => {
    const network = await PodNetwork.create(t);
    await network.dataplane.start({ ...wanted([]), workloads: [POD] });
    const read = (where: 'node' | 'pod') =>
      Object.keys(SETTINGS[where]).map((name) => network.run(where, 'sysctl', '-n', named(name)).trim());
    for (const where of ['node', 'pod'] as const) t.same(read(where), Object.values(SETTINGS[where]), where);
    for (const [name, value] of Object.entries(SETTINGS.node)) {
      network.run('node', 'sysctl', '-qw', `${named(name)}=${value === '0' ? '1' : '0'}`);
    }
    await network.dataplane.resync();
    t.same(read('node'), Object.values(SETTINGS.node), 'restored');
  },
);

function named(name: string): string {
  return name.replace('.X.', `.${POD.interfaceName}.`);
}
