import t, { type Test } from 'tap';
import { silentLog } from '../../src/base/index.ts';
import type { Desired } from '../../src/calc/index.ts';
import { Dataplane } from '../../src/dataplane/index.ts';
import { type Kernel, printKernel } from '../../src/netlink/index.ts';
import type { Nft } from '../../src/nftables/index.ts';
import { HOST, type Host } from './host.ts';
import { host, MBIT, pods, qos } from './limited.ts';

const WRITES = /^(linkAdd|linkSet|linkDelete|qdiscReplace|qdiscDelete|redirectAdd)$/;
const LIMITED = pods({ web: qos({ ...MBIT, packetRate: 5 }, { ...MBIT, maxConnections: 3 }), other: undefined });
const OTHERWISE = pods({ web: undefined, other: qos({ packetRate: 7 }, MBIT) });

/** What is called, after `lives` writes, is never answered: so does a process end for the kernel. */
class Mortal {
  #lives: number;
  /** Writes that were answered. */
  writes = 0;

  constructor(lives: number) {
    this.#lives = lives;
  }

  get isDead(): boolean {
    return this.#lives < 0;
  }

  kernel(kernel: Kernel): Kernel {
    return new Proxy(kernel, {
      get: (target, verb: string) => {
        const found: unknown = Reflect.get(target, verb);
        if (typeof found !== 'function') return found;
        return (...args: unknown[]) =>
          WRITES.test(verb) ? this.#step(() => found.apply(target, args)) : found.apply(target, args);
      },
    });
  }

  nft(nft: Nft): Nft {
    return {
      isOwn: () => true,
      close: () => {},
      list: (table) => nft.list(table),
      run: (changes) => this.#step(() => nft.run(changes)),
    };
  }

  #step<T>(work: () => Promise<T>): Promise<T> {
    if (--this.#lives < 0) return new Promise(() => {});
    this.writes++;
    return work();
  }
}

async function shown(node: Host): Promise<string> {
  const tables = ['vrouter-packet-rates', 'vrouter-connections'].map((name) => node.nft.list({ family: 'inet', name }));
  const [, tc = ''] = (await printKernel(node.kernel)).split('\ntc\n');
  const ifbs = (await node.kernel.linkList()).filter(({ kind }) => kind === 'ifb').map(({ name }) => name);
  const lists = (await Promise.all(tables)).map((found) => [
    found?.rules.map(({ chain, comment }) => `${chain} ${comment}`).sort(),
    found?.maps.map(({ entries }) => entries),
  ]);
  return JSON.stringify([tc.split('\n').sort(), ifbs, lists], undefined, 1);
}

/** Goes from one state to the other and dies on the way; then another comes. Answers what is there in the end. */
async function lives(t: Test, from: Desired, to: Desired, writes: number): Promise<Mortal & { readonly end?: string }> {
  const node = await host('web', 'other');
  await node.dataplane.start(from);
  await node.settle();
  node.dataplane.stop();
  const mortal = new Mortal(writes);
  const options = { clock: node.clock, log: silentLog, resyncInterval: 0 };
  const dying = new Dataplane({
    ...options,
    kernel: mortal.kernel(node.machine.kernel(HOST)),
    nft: mortal.nft(node.nft),
  });
  // Who dies on the way never comes to the end of it.
  void dying.start(to);
  await node.settle();
  dying.stop();
  await node.restarted().start(to);
  await node.settle();
  t.same(node.dataplane.qos.failures(), []);
  t.ok(node.dataplane.qos.entries().every(({ present }) => present));
  const end = await shown(node);
  node.dataplane.stop();
  return Object.assign(mortal, { end });
}

for (const [what, from, to] of [
  ['limits come', pods({ web: undefined, other: undefined }), LIMITED],
  ['limits go', LIMITED, pods({ web: undefined, other: undefined })],
  ['one pod is limited in another’s place', LIMITED, OTHERWISE],
] as const) {
  t.test(`${what}: ended between any two writes, the next start makes it whole`, async (t) => {
    const whole = await lives(t, from, to, Number.POSITIVE_INFINITY);
    t.ok(whole.writes > 4, `${whole.writes} writes`);
    for (let step = 0; step < whole.writes; step++) {
      const found = await lives(t, from, to, step);
      t.ok(found.isDead, `it died before write ${step}`);
      t.equal(found.end, whole.end, `before write ${step} of ${whole.writes}`);
    }
  });
}
