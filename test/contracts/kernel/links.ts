import { type KernelError, printKernel } from '../../../src/netlink/index.ts';
import { names, type Scenarios } from './ground.ts';

/** Links: what they are born with, where they go, and what ends with them. */
export const LINKS: Scenarios = {
  'a fresh namespace has loopback and the three rules': async ({ t, kernel }) => {
    t.equal(
      await printKernel(kernel),
      `link
  1: lo: <LOOPBACK> mtu 65536 state DOWN link/loopback 00:00:00:00:00:00
rule
  0: from all lookup local
  32766: from all lookup main
  32767: from all lookup default
  0: from all lookup local
  32766: from all lookup main
`,
    );
  },

  'a veth is born with its peer in the other namespace': async ({ t, kernel, otherPath, dev }) => {
    await dev();
    const other = await kernel.inNamespace(otherPath);
    const [here] = (await kernel.linkList()).filter(({ name }) => name === 'cali1');
    const [there] = (await other.linkList()).filter(({ name }) => name === 'eth0');
    t.match(here, { kind: 'veth', mtu: 1400, mac: 'ee:ee:ee:ee:ee:ee', up: true, alias: 'pod one' });
    t.match(there, { kind: 'veth', mtu: 1400, mac: '02:00:00:00:00:99', up: true });
    t.ok(here.flags.includes('LOWER_UP') && there.flags.includes('LOWER_UP'), 'both have a carrier');
    t.equal(here.linkIndex, there.index);
    t.type(here.linkNamespaceId, 'number');
    t.equal(await kernel.namespaceId(otherPath), here.linkNamespaceId, 'by which the other namespace is known here');
    other.close();
  },

  'a link is found by its name, as the list has it': async ({ t, kernel, dev }) => {
    await dev();
    t.same(
      await kernel.linkGet('cali1'),
      (await kernel.linkList()).find(({ name }) => name === 'cali1'),
    );
    t.equal(await kernel.linkGet('cali2'), undefined);
  },

  'a link that is up but whose peer is down has no carrier': async ({ t, kernel, otherPath, dev }) => {
    await dev();
    const other = await kernel.inNamespace(otherPath);
    await other.linkSet('eth0', { up: false });
    const [here] = (await kernel.linkList()).filter(({ name }) => name === 'cali1');
    t.ok(here.up && !here.flags.includes('LOWER_UP'));
    other.close();
  },

  'deleting one end of a veth deletes the other, with addresses and routes': async ({ t, kernel, otherPath, dev }) => {
    await dev();
    await kernel.linkDelete('cali1');
    const other = await kernel.inNamespace(otherPath);
    t.same(await names(other), ['lo']);
    t.same(await names(kernel), ['lo']);
    t.same(await kernel.addressList({ family: 4 }), []);
    t.same(await kernel.routeList({ family: 4 }), []);
    other.close();
  },

  'links may be ended many at a time, and each is answered for itself': async ({ t, kernel }) => {
    await kernel.linkAdd({ kind: 'bridge', name: 'br0' });
    for (const round of [1, 2]) {
      const veths = Array.from({ length: 12 }, (_, index) => `v${index}`);
      for (const name of veths) await kernel.linkAdd({ kind: 'veth', name, peerName: `peer-${name}` });
      const ended = await Promise.allSettled([...veths, 'lo', 'nothing'].map((name) => kernel.linkDelete(name)));
      t.same(
        ended.map((one) => (one.status === 'rejected' ? (one.reason as KernelError).code : 'done')),
        [...veths.map(() => 'done'), 'EOPNOTSUPP', 'ENODEV'],
        `round ${round}`,
      );
      t.same(await names(kernel), ['lo', 'br0']);
    }
  },

  'a link can be renamed, and moved to another namespace': async ({ t, kernel, otherPath }) => {
    await kernel.linkAdd({ kind: 'bridge', name: 'br0' });
    await kernel.linkSet('br0', { name: 'br1' });
    t.same(await names(kernel), ['lo', 'br1']);
    await kernel.linkAdd({ kind: 'veth', name: 'v0', peerName: 'v1' });
    await kernel.linkSet('v1', { namespace: otherPath, name: 'eth9' });
    const other = await kernel.inNamespace(otherPath);
    t.same(await names(kernel), ['lo', 'br1', 'v0']);
    t.same(await names(other), ['lo', 'eth9']);
    other.close();
  },

  'a link joins a bridge and leaves it': async ({ t, kernel, dev }) => {
    await dev();
    await kernel.linkAdd({ kind: 'bridge', name: 'br0' });
    const bridge = (await kernel.linkList()).find(({ name }) => name === 'br0')?.index ?? 0;
    const master = async () => (await kernel.linkList()).find(({ name }) => name === 'cali1')?.masterIndex;
    await kernel.linkSet('cali1', { masterIndex: bridge });
    t.equal(await master(), bridge);
    await kernel.linkSet('cali1', { masterIndex: 0 });
    t.equal(await master(), undefined);
  },

  'a VXLAN device keeps its attributes, and its forwarding database': async ({ t, kernel, dev }) => {
    const parentIndex = await dev();
    const vxlan = { vni: 4096, port: 4789, local: '10.1.0.1', parentIndex, learning: false };
    await kernel.linkAdd({ kind: 'vxlan', name: 'vxlan.calico', mtu: 1350, mac: '66:01:02:03:04:05', vxlan });
    const link = (await kernel.linkList()).find(({ name }) => name === 'vxlan.calico');
    t.match(link, { kind: 'vxlan', mtu: 1350, mac: '66:01:02:03:04:05', vxlan });
    const entry = { dev: 'vxlan.calico', destination: '10.1.0.7', mac: '66:01:02:03:04:06', fdb: true };
    await kernel.neighborAdd(entry);
    await kernel.neighborAdd({ ...entry, destination: '10.1.0.8' });
    const fdb = { dev: 'vxlan.calico', fdb: true };
    t.same(await kernel.neighborList(fdb), [{ ...entry, destination: '10.1.0.8', state: 'permanent' }]);
    await kernel.neighborDelete({ ...entry, destination: '10.1.0.8' });
    t.same(await kernel.neighborList(fdb), []);
  },
};
