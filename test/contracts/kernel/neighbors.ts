import { type KernelEvent, printKernel } from '../../../src/netlink/index.ts';
import { rejects } from '../rejects.ts';
import type { Scenarios } from './ground.ts';

/** Rules, neighbours and settings; and how what can’t be is refused. */
export const NEIGHBORS: Scenarios = {
  'rules are added once, and deleted as they were added': async ({ t, kernel }) => {
    const rule = { family: 4, priority: 99, table: 1000, mark: 0x100000, mask: 0x100000, invert: true } as const;
    await kernel.ruleAdd(rule);
    await rejects(t, kernel.ruleAdd(rule), 'EEXIST');
    await kernel.ruleAdd({ family: 4, priority: 100, table: 7, source: '10.0.0.0/8', destination: '10.9.0.0/16' });
    await kernel.ruleAdd({ family: 6, priority: 100, table: 7, source: 'fd00::/8', incoming: 'lo', protocol: 80 });
    t.match(
      await printKernel(kernel),
      `
  99: not from all fwmark 0x100000/0x100000 lookup 1000
  100: from 10.0.0.0/8 to 10.9.0.0/16 lookup 7
`,
    );
    t.match(await printKernel(kernel), '\n  100: from fd00::/8 iif lo lookup 7 proto 80\n');
    await kernel.ruleDelete(rule);
    await rejects(t, kernel.ruleDelete(rule), 'ENOENT');
  },

  'neighbours are permanent unless said otherwise, and replace themselves': async ({ t, kernel, dev }) => {
    await dev();
    await kernel.neighborAdd({ dev: 'cali1', destination: '10.1.0.2', mac: '02:00:00:00:00:01' });
    await kernel.neighborAdd({ dev: 'cali1', destination: '10.1.0.2', mac: '02:00:00:00:00:02' });
    await kernel.neighborAdd({ dev: 'cali1', destination: 'fd00::2', mac: '02:00:00:00:00:03' });
    const ours = (await kernel.neighborList({ dev: 'cali1' })).filter(({ state }) => state === 'permanent');
    t.match(
      ours.sort((a, b) => (a.mac < b.mac ? -1 : 1)),
      [
        { destination: '10.1.0.2', mac: '02:00:00:00:00:02', family: 4 },
        { destination: 'fd00::2', mac: '02:00:00:00:00:03', family: 6 },
      ],
    );
    await kernel.neighborDelete({ dev: 'cali1', destination: 'fd00::2', mac: '02:00:00:00:00:03' });
    await rejects(t, kernel.neighborDelete({ dev: 'cali1', destination: '10.1.0.77', mac: '' }), 'ENOENT');
  },

  'proxy neighbours have no MAC': async ({ t, kernel, dev }) => {
    await dev();
    const proxy = { dev: 'cali1', destination: 'fd00::99', mac: '', proxy: true };
    await kernel.neighborAdd(proxy);
    const found = (await kernel.neighborList({ dev: 'cali1' })).filter((entry) => entry.proxy);
    t.match(found, [{ destination: 'fd00::99', mac: '', family: 6 }]);
    await kernel.neighborDelete(proxy);
    t.same(
      (await kernel.neighborList({ dev: 'cali1' })).filter((entry) => entry.proxy),
      [],
    );
  },

  'proxies say whose they are': async ({ t, kernel, dev }) => {
    await dev();
    for (const destination of ['fd00::98', '10.1.0.98']) {
      await kernel.neighborAdd({ dev: 'cali1', destination, mac: '', proxy: true, protocol: 80 });
    }
    const found = (await kernel.neighborList({ dev: 'cali1' })).filter((entry) => entry.proxy);
    t.match(found.map(({ destination, protocol }) => `${destination} ${protocol}`).sort(), [
      '10.1.0.98 80',
      'fd00::98 80',
    ]);
  },

  'addresses are announced on a link that has a MAC': async ({ t, kernel, dev }) => {
    await dev();
    await kernel.neighborAnnounce('cali1', ['10.1.0.98', 'fd00::98']);
    await rejects(t, kernel.neighborAnnounce('lo', ['10.1.0.98']), 'EOPNOTSUPP');
    await rejects(t, kernel.neighborAnnounce('nothing', ['10.1.0.98']), 'ENODEV');
  },

  'what is not there, or there already, is refused by its errno': async ({ t, kernel, dev }) => {
    await dev();
    await rejects(t, kernel.linkAdd({ kind: 'bridge', name: 'cali1' }), 'EEXIST');
    await rejects(t, kernel.linkAdd({ kind: 'bridge', name: 'a-name-that-is-too-long' }), 'ERANGE');
    await rejects(t, kernel.linkSet('nothing', { up: true }), 'ENODEV');
    await rejects(t, kernel.linkDelete('nothing'), 'ENODEV');
    await rejects(t, kernel.addressAdd({ dev: 'nothing', address: '10.0.0.1/32' }), 'ENODEV');
    await rejects(t, kernel.addressDelete({ dev: 'cali1', address: '10.77.0.1/32' }), 'EADDRNOTAVAIL');
    await rejects(
      t,
      kernel.neighborAdd({ dev: 'nothing', destination: '10.0.0.1', mac: '02:00:00:00:00:01' }),
      'ENODEV',
    );
    await rejects(t, kernel.inNamespace('/run/netns/vrt-there-is-none'), 'ENOENT');
    await rejects(t, kernel.sysctl('net.ipv4.conf.nothing.proxy_arp'), 'ENOENT');
  },

  'a sysctl is written in its own namespace': async ({ t, kernel, otherPath, dev }) => {
    await dev();
    t.equal(await kernel.sysctl('net.ipv4.conf.cali1.proxy_arp'), '0');
    t.equal(await kernel.sysctl('net.ipv4.conf.cali1.proxy_arp', '1'), '1');
    const other = await kernel.inNamespace(otherPath);
    // A namespace begins with what its host has.
    const before = await other.sysctl('net.ipv4.ip_forward');
    const after = before === '0' ? '1' : '0';
    t.equal(await kernel.sysctl('net.ipv4.ip_forward', after), after);
    t.equal(await other.sysctl('net.ipv4.ip_forward'), before);
    other.close();
  },

  'settings of links are listed, and the kernel tells of some that somebody changes': async ({ t, kernel, dev }) => {
    await dev();
    const events: KernelEvent[] = [];
    const monitor = await kernel.monitor((event) => events.push(event));
    const changes = {
      'net.ipv4.conf.cali1.forwarding': '1',
      'net.ipv4.conf.cali1.rp_filter': '2',
      'net.ipv4.conf.cali1.proxy_arp': '1',
      'net.ipv4.conf.cali1.route_localnet': '1',
      'net.ipv4.neigh.cali1.proxy_delay': '0',
      'net.ipv6.conf.cali1.forwarding': '1',
      'net.ipv6.conf.cali1.proxy_ndp': '1',
      'net.ipv6.conf.cali1.accept_ra': '0',
      'net.ipv6.conf.cali1.accept_dad': '0',
    };
    for (const [name, value] of Object.entries(changes)) await kernel.sysctl(name, value);
    const listed = await kernel.linkSettings();
    for (const [name, value] of Object.entries(changes)) t.equal(listed.get(name), value, name);
    t.equal(listed.get('net.ipv6.conf.cali1.disable_ipv6'), '0');
    await kernel.sysctl('net.ipv4.ip_forward', '1');
    await kernel.sysctl('net.ipv6.conf.all.forwarding', '1');
    await kernel.sysctl('net.ipv4.ip_forward', '0');
    await seen(
      events,
      (event) => event.kind === 'setting' && event.name === 'net.ipv4.conf.cali1.forwarding' && event.value === '0',
    );
    const settings = events.flatMap((event) => (event.kind === 'setting' ? [`${event.name}=${event.value}`] : []));
    for (const name of ['forwarding', 'rp_filter', 'proxy_arp']) {
      const setting = `net.ipv4.conf.cali1.${name}` as keyof typeof changes;
      t.ok(settings.includes(`${setting}=${changes[setting]}`), setting);
    }
    t.ok(settings.includes('net.ipv6.conf.cali1.proxy_ndp=1'));
    t.ok(settings.includes('net.ipv6.conf.all.forwarding=1'));
    t.ok(settings.includes('net.ipv4.conf.all.forwarding=0'), 'ip_forward, by its other name');
    t.equal((await kernel.linkSettings()).get('net.ipv4.conf.cali1.forwarding'), '0', 'which counts for every link');
    monitor.stop();
  },
};

/** Waits, turn by turn of the event loop, until an item that satisfies `wanted` has arrived. */
async function seen<T>(items: readonly T[], wanted: (item: T) => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !items.some(wanted); turn++)
    await new Promise((resolve) => setImmediate(resolve));
}
