import t from 'tap';
import { Transaction } from '../../src/nftables/index.ts';
import { pool } from '../calc/pool.ts';
import { Host, wanted } from './host.ts';

const DESIRED = wanted(['10.244.1.0/26'], { web: '10.244.1.2' }, [pool('10.244.0.0/16', { natOutgoing: true })]);
const NAT = { family: 'ip', name: 'vrouter-nat' } as const;

async function started(lookInterval = 0): Promise<Host> {
  const host = await Host.create();
  await host.addPod('web', '10.244.1.2');
  await host.restarted(lookInterval).start(DESIRED);
  await host.settle(500);
  return host;
}

t.test('a setting that the kernel tells of is put right at once, and its own word of that ends there', async (t) => {
  const host = await started();
  const changes = {
    'net.ipv4.ip_forward': '0',
    'net.ipv6.conf.all.forwarding': '0',
    'net.ipv4.conf.caliweb.rp_filter': '0',
    'net.ipv4.conf.caliweb.proxy_arp': '0',
  };
  for (const [name, value] of Object.entries(changes)) {
    const before = await host.kernel.sysctl(name);
    await host.kernel.sysctl(name, value);
    await host.settle(300);
    t.equal(await host.kernel.sysctl(name), before, name);
    t.equal(await host.kernel.sysctl('net.ipv4.conf.caliweb.forwarding'), '1', name);
    host.machine.calls.length = 0;
    await host.settle(1000);
    const after = host.machine.calls.filter((call) => !/^(?:link|address)List$/.test(call));
    t.same(after, [], 'after that nothing is done');
  }
});

t.test(
  'a link of the node’s that no longer lets pods be reached forwards again at once; one of others’ is left',
  async (t) => {
    const host = await started(1000);
    await host.kernel.linkAdd({ kind: 'dummy', name: 'mgmt0' });
    host.dataplane.apply({ ...DESIRED, host: { ...DESIRED.host, addresses: ['172.16.0.1'] } });
    await host.settle();
    const setting = 'net.ipv4.conf.eth0.forwarding';
    await host.kernel.sysctl('net.ipv4.conf.mgmt0.forwarding', '0');
    await host.kernel.sysctl(setting, '0');
    await host.settle(300);
    t.equal(await host.kernel.sysctl(setting), '1', 'as the kernel tells');
    t.equal(await host.kernel.sysctl('net.ipv4.conf.mgmt0.forwarding'), '0');

    host.dataplane.stop();
    await host.kernel.sysctl(setting, '0');
    await host.restarted(1000).start({ ...DESIRED, host: { ...DESIRED.host, addresses: ['172.16.0.1'] } });
    await host.settle(1500);
    t.equal(await host.kernel.sysctl(setting), '1', 'and by the look of each second, where it was so before');
    const leaving = { ...DESIRED, host: { ...DESIRED.host, forwarding: false, addresses: ['172.16.0.1'] } };
    host.dataplane.apply(leaving);
    await host.kernel.sysctl(setting, '0');
    await host.settle(1500);
    t.equal(await host.kernel.sysctl(setting), '0', 'where forwarding is not the node’s business, it stays');
  },
);

t.test('a setting of which the kernel tells nobody is found by a look each second', async (t) => {
  const host = await started(1000);
  for (const name of [
    'net.ipv4.conf.caliweb.route_localnet',
    'net.ipv4.conf.caliweb.accept_source_route',
    'net.ipv6.conf.caliweb.disable_ipv6',
  ]) {
    const before = await host.kernel.sysctl(name);
    await host.kernel.sysctl(name, before === '1' ? '0' : '1');
    await host.settle(1100);
    t.equal(await host.kernel.sysctl(name), before, name);
  }
  host.machine.failOnce({ verb: 'linkSettings' });
  await host.kernel.sysctl('net.ipv4.conf.caliweb.route_localnet', '0');
  await host.settle(2500);
  t.equal(await host.kernel.sysctl('net.ipv4.conf.caliweb.route_localnet'), '1', 'a look that failed is made up for');
  host.dataplane.stop();
  host.machine.calls.length = 0;
  await host.settle(5000);
  t.same(host.machine.calls, [], 'and none comes after the end');
});

t.test('of a pod that ends nobody says that somebody has changed its interface', async (t) => {
  const host = await started();
  host.warnings.length = 0;
  await host.kernel.linkDelete('caliweb');
  await host.settle(1000);
  t.same(host.warnings, []);
  await host.addPod('web', '10.244.1.2');
  await host.settle();
  await host.kernel.linkSet('caliweb', { up: false });
  await host.settle(300);
  t.same(host.warnings, ['somebody has changed a pod interface; put right']);
  t.equal((await host.kernel.linkGet('caliweb'))?.up, true);
});

t.test('somebody who undoes ours again and again is answered ten times a second, no more', async (t) => {
  const host = await started();
  host.machine.calls.length = 0;
  for (let step = 0; step < 100; step++) {
    await host.kernel.sysctl('net.ipv4.conf.caliweb.rp_filter', '0');
    await host.clock.advanceAsync(10);
  }
  const asked = host.machine.calls.length - 100;
  await host.settle(200);
  t.equal(await host.kernel.sysctl('net.ipv4.conf.caliweb.rp_filter'), '1');
  const { length } = host.machine.calls;
  t.ok(asked > 0 && length < 100 + 13 * 12, `${length} calls: at most a round of them for each tenth of a second`);
});

t.test('a table that others change is looked at, once for all that they did; what we did is not', async (t) => {
  const host = await started();
  const shown = JSON.stringify(host.nft.tables.map(([name, { sets }]) => [name, sets]));
  const start = new Transaction(NAT);
  const looks = (): number => host.nft.calls.splice(0).filter((verb) => verb === 'list').length;
  looks();
  const set = { name: 'masq-ipam-pools', type: 'ipv4_addr' } as const;
  for (const attack of [start.removeTable(), start.flushTable(), start.addElements(set, ['10.1.0.0/16'])]) {
    host.nft.changedByOthers(attack);
    host.nft.changedByOthers(start.addTable().addSet({ name: 'another', type: 'ipv4_addr' }));
    await host.settle(600);
    t.equal(
      JSON.stringify(
        host.nft.tables.map(([name, { sets }]) => [name, sets.filter(({ name }) => name !== 'another')]).sort(),
      ),
      shown,
    );
    t.equal(looks(), 1);
  }
  host.nft.changedByOthers(new Transaction({ family: 'ip', name: 'kube-proxy' }).addTable());
  await host.settle(1000);
  t.equal(looks(), 0, "others' tables are theirs");
  host.machine.namespace('/run/netns/host').tell({ kind: 'table', port: 0 });
  await host.settle(1000);
  t.ok(looks() > 3, 'when messages were lost, all of ours');
});
