import t from 'tap';
import { sleep, systemClock } from '../../src/base/index.ts';
import { type Desired, type DesiredVtep, type DesiredVxlan, NO_TUNNELS } from '../../src/calc/index.ts';
import { type Dataplane, gatewayRoute } from '../../src/dataplane/index.ts';
import { prefixNumber } from '../../src/dataplane/routes/route-table.ts';
import { type Kernel, openKernel } from '../../src/netlink/index.ts';
import { vtep, vxlan } from '../calc/tunnels.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { RealHost } from './real-host.ts';
import { Usable } from './usable.ts';

t.setTimeout(3_600_000);

const ROUNDS = 12;
/** Milliseconds that each request to the kernel takes at most, as on a busy machine. */
const SLOWNESS = 4;
const PATIENCE = 60_000;

interface Family {
  readonly peers: readonly DesiredVtep[];
  readonly block: (number: number) => string;
  readonly desired: (peers: readonly DesiredVtep[], mode?: 'tunnel' | 'subnet') => DesiredVxlan;
}

const NUMBERS = [2, 3, 4];
const FOUR: Family = {
  peers: NUMBERS.map((number) => vtep(`node${number}`, number)),
  block: (number) => `10.244.${number}.0/26`,
  desired: (peers, mode = 'tunnel') => {
    const routes = peers.map(({ node, address, underlay, mac }) => ({
      cidr: FOUR.block(Number(mac.at(-1))),
      mode,
      via: mode === 'tunnel' ? address : underlay,
      why: node,
    }));
    return vxlan(peers, { routes });
  },
};
const SIX: Family = {
  peers: NUMBERS.map((number) => ({
    node: `node${number}`,
    underlay: `fd01::${number}`,
    address: `fd00:${number}::1`,
    mac: `66:00:00:00:00:0${number}`,
  })),
  block: (number) => `fd00:${number}::/122`,
  desired: (peers, mode = 'tunnel') => {
    const base = { family: 6, underlay: 'fd01::1', address: 'fd00:1::1' } as const;
    const routes = peers.map(({ node, address, underlay, mac }) => ({
      cidr: SIX.block(Number(mac.at(-1))),
      mode,
      via: mode === 'tunnel' ? address : underlay,
      why: node,
    }));
    return vxlan(peers, { ...base, routes });
  },
};

/** The namespace's kernel, to which each request takes a while, another one each time. */
async function slow(namespace: string, random: () => number): Promise<Kernel> {
  return new Proxy(await openKernel({ namespace }), {
    get(target, verb: string) {
      const found: unknown = Reflect.get(target, verb);
      if (typeof found !== 'function') return found;
      if (verb === 'close' || verb === 'monitor') return found.bind(target);
      return (...args: unknown[]) => sleep(systemClock, random() * SLOWNESS).then(() => found.apply(target, args));
    },
  });
}

/** A repeatable sequence of numbers from 0 to 1 (a linear congruential generator). */
function randomness(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

for (const [family, { peers, block, desired }] of [
  [4, FOUR],
  [6, SIX],
] as const) {
  t.test(
    `IPv${family}: while a pool's way changes, every block has a usable route at every moment`,
    needsRoot,
    async (t) => {
      const { path, remove } = makeNamespace();
      const host = await RealHost.open(path, new FakeNft());
      host.furnish();
      host.ip('addr add fd01::1/64 dev eth0 nodad');
      const random = randomness(family);
      const kernel = await slow(path, random);
      const usable = new Usable(NUMBERS.map(block));
      const monitor = await host.kernel.monitor((event) => usable.observed(event));
      for (const link of await kernel.linkList()) usable.observed({ kind: 'link', change: 'new', link });
      const dataplane = RealHost.dataplane(kernel, host.nft);
      t.teardown(() => {
        monitor.stop();
        dataplane.stop();
        kernel.close();
        host.close();
        remove();
      });
      await dataplane.start(wanted([]));
      const eth0 = (await kernel.linkGet('eth0'))?.index ?? 0;
      /** What BGP tells, which stays whatever the pool says. */
      const learn = (): void => {
        const table = dataplane.routes.tables[family];
        for (const [place, number] of NUMBERS.entries()) {
          const info = gatewayRoute([{ via: peers[place].underlay, dev: eth0 }]);
          table.want('bgp', prefixNumber(table, block(number)), dataplane.routes.infos.id(info));
        }
      };
      learn();
      await dataplane.routes.flush();
      await until('the routes of BGP', () => NUMBERS.every((number) => usable.hasWay(block(number))));
      for (const number of NUMBERS) usable.expect(block(number));
      const apply = (of: DesiredVxlan | undefined): void => {
        const tunnels = { ...NO_TUNNELS, [`vxlan${family}`]: of };
        (dataplane as Dataplane).apply({ ...wanted([]), tunnels } satisfies Desired);
      };
      const moved = peers.map((peer) => ({
        ...peer,
        address: peer.address.replace(/[01]$/, '9'),
        mac: peer.mac.replace(/^66/, '6a'),
      }));
      for (let round = 0; round < ROUNDS; round++) {
        const known = random() < 0.5 ? peers : moved;
        const steps: (DesiredVxlan | undefined)[] = [
          desired([]),
          desired(known.slice(0, 1)),
          desired(known.slice(0, 2)),
          desired(known),
          desired(known, 'subnet'),
          desired(known),
          desired(random() < 0.5 ? peers : moved),
          desired(peers.slice(1)),
          undefined,
        ];
        for (const step of steps) {
          apply(step);
          await sleep(systemClock, random() * 3 * SLOWNESS);
        }
      }
      apply(desired(peers));
      await until(
        'the last state',
        () =>
          usable.changes > 0 &&
          // What the kernel refused while its device was made anew is tried again.
          dataplane.routes.failures().length === 0 &&
          dataplane.tunnels.entries().length === 7 &&
          dataplane.tunnels.entries().every(({ present }) => present),
      );
      t.same(usable.gaps, []);
      t.ok(usable.changes > ROUNDS, `${usable.changes} changes of routes`);
    },
  );
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = systemClock.now() + PATIENCE;
  while (!isSo()) {
    if (systemClock.now() > end) throw new Error(`waited for ${what} in vain`);
    await sleep(systemClock, 5);
  }
}
