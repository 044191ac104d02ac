import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { remainsOfFelix } from '../../src/daemon/remains-of-felix.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { RealHost } from './real-host.ts';

t.setTimeout(0);

/** As Felix leaves its chains among kube-proxy's: what comes from an interface that it does not know is dropped. */
const IPTABLES = `*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:cali-PREROUTING - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A PREROUTING -j KUBE-SERVICES
COMMIT
*filter
:FORWARD ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:cali-FORWARD - [0:0]
:cali-from-wl-dispatch - [0:0]
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -j KUBE-FORWARD
-A cali-FORWARD -i cali+ -m comment --comment "cali:8ZoYfO5HKXWbB3pk" -j cali-from-wl-dispatch
-A cali-from-wl-dispatch -m comment --comment "cali:zTj6P0TIgYvgz-md" -j DROP
COMMIT
`;
const NFTABLES = `table ip6 calico {
  chain filter-cali-FORWARD {
    drop
  }
  chain filter-FORWARD {
    type filter hook forward priority filter; policy accept;
    jump filter-cali-FORWARD
  }
}
table inet other {
  chain cali-looks-like-it {
  }
}
`;

t.test('what Felix left is named with the commands that remove it, and they do', needsRoot, async (t) => {
  const { path, remove } = makeNamespace();
  t.teardown(remove);
  const host = await RealHost.open(path, new FakeNft());
  t.teardown(() => host.close());
  host.furnish();
  host.run(['iptables-restore'], IPTABLES);
  host.run(['nft', '-f', '-'], NFTABLES);
  host.run(
    ['ipset', 'restore'],
    'create cali40s:abc hash:net family inet\ncreate cali60s:abc hash:net family inet6\ncreate other hash:ip\n',
  );
  host.run(['ip', 'rule', 'add', 'not', 'fwmark', '0x200000/0x200000', 'priority', '99', 'table', '1']);
  host.ip('link add bpfin.cali type veth peer name bpfout.cali');
  const clock = new VirtualClock();
  const dataplane = RealHost.dataplane(host.kernel, host.nft, clock);
  t.teardown(() => dataplane.stop());
  const before = host.run(['iptables-save']);
  await dataplane.start(wanted(['10.244.1.0/26'], { web: '10.244.1.2' }));
  await dataplane.felixRemains.look();
  const told = (): string[] => remainsOfFelix(dataplane.felixRemains.found);
  const remedies = told().map((sentence) => /(?:remove (?:it|them): )(.*)$/i.exec(sentence)?.[1]);
  t.same(told(), [
    "Felix's chains are still in the packet filter (ip filter, ip nat, ip6 calico) and drop what pods send that Felix does " +
      'not know. If calico-node has ended on this node, remove them: ' +
      "iptables-save | grep -v 'cali[-:]' | iptables-restore; nft delete table ip6 calico",
    "sets of Felix's are left: cali40s:abc, cali60s:abc. They do nothing but take memory. Remove them: " +
      "ipset list -n | grep '^cali' | xargs -rn1 ipset destroy",
    "Felix's rule for WireGuard is left: 99: not from all fwmark 0x200000/0x200000 lookup 1. Remove it: ip rule del priority 99",
    "Calico's eBPF data plane has left devices (bpfin.cali, bpfout.cali), and its programs act on others. Restart the node",
  ]);
  t.equal(
    host.run(['iptables-save']).replaceAll(/#.*/g, ''),
    before.replaceAll(/#.*/g, ''),
    'nothing of it is touched',
  );
  for (const remedy of remedies) if (remedy !== undefined) host.run(['sh', '-c', remedy]);
  host.ip('link delete bpfin.cali');
  await dataplane.resync();
  await dataplane.felixRemains.look();
  t.same(told(), []);
  t.match(host.run(['iptables-save']), /-A FORWARD -j KUBE-FORWARD/, 'what is kube-proxy’s stays');
  t.match(host.run(['ipset', 'list', '-n']), /^other$/m);
});
