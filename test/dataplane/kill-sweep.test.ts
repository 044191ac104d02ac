import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { formatNeighbor, type KernelEvent } from '../../src/netlink/index.ts';
import type { Nft } from '../../src/nftables/index.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { bring, bringAndDie } from './mortal.ts';
import { RealHost } from './real-host.ts';

const VICTIM = fileURLToPath(new URL('victim.ts', import.meta.url));

t.setTimeout(3_600_000);

type From = 'nothing' | 'before';
/** Something that takes the host from one state to the other, and dies on the way. */
type Dying = (host: RealHost) => Promise<number | undefined>;

interface Outcome {
  /** Writes of one that lived to the end. */
  readonly writes: number | undefined;
  /** The kernel's state once a new process has been over it. */
  readonly dump: string;
  /** Entries of both states that were gone at any time. */
  readonly lost: readonly string[];
}

/**
 * `nft` outlives the dying, as the kernel does. A fake one will do: transactions are atomic anyway, and it starts no
 * process each time.
 */
async function run(namespace: string, from: From, dying: Dying, nft?: Nft): Promise<Outcome> {
  const host = await RealHost.open(namespace, nft);
  try {
    host.furnish();
    if (from === 'before') await bring(host, 'nothing', 'before');
    const lost: string[] = [];
    const monitor = await host.kernel.monitor((event) => lost.push(...gone(event)));
    const writes = await dying(host);
    await bring(host, 'nothing', 'after');
    monitor.stop();
    return { writes, dump: await host.dump(), lost: from === 'before' ? lost : [] };
  } finally {
    host.close();
  }
}

/** What both states have, and a packet may need at any time, if the event says that it is gone. */
function gone(event: KernelEvent): readonly string[] {
  if (!('change' in event) || event.change !== 'deleted') return [];
  const text = textOf(event);
  const kept = [
    'link ',
    'address ',
    '10.244.1.0/26 ',
    '10.244.1.2/32 ',
    '10.244.2.0/26 ',
    '10.244.2.0 ',
    '172.16.0.2 ',
  ];
  return kept.some((part) => text.includes(part)) ? [text] : [];
}

function textOf(event: Extract<KernelEvent, { change: string }>): string {
  if (event.kind === 'link') return `link ${event.link.name}`;
  if (event.kind === 'address') return `address ${event.address.address}`;
  if (event.kind === 'route') return `${event.route.destination} `;
  return event.kind === 'neighbor' ? `${formatNeighbor(event.neighbor)} ` : '';
}

/** A process of its own that ends itself with SIGKILL. */
async function kill(host: RealHost, from: From, dieAt: number): Promise<undefined> {
  const args = [VICTIM, host.namespace, from, 'after', String(dieAt)];
  const [code, signal] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'close');
  if (signal !== 'SIGKILL') throw new Error(`the victim lived, and ended with ${code}`);
}

function same(t: Test, found: Outcome, whole: Outcome, when: string): void {
  t.equal(found.dump, whole.dump, `${when}: all is there in the end`);
  t.same(found.lost, [], `${when}: what did not change never went`);
}

for (const from of ['nothing', 'before'] as const) {
  t.test(
    `ended between any two writes on the way from ${from}, the next start makes it whole`,
    needsRoot,
    async (t) => {
      const { path, remove } = makeNamespace();
      t.teardown(remove);
      const die =
        (dieAt: number): Dying =>
        (host) =>
          bringAndDie(host, from, 'after', dieAt);
      const whole = await run(path, from, die(Number.POSITIVE_INFINITY), new FakeNft());
      const writes = whole.writes ?? 0;
      t.ok(writes > 6, `${writes} writes`);
      t.same(whole.lost, []);
      let deaths = 0;
      for (let step = 0; step < writes; step++) {
        const found = await run(path, from, die(step), new FakeNft());
        same(t, found, whole, `before write ${step} of ${writes}`);
        // What comes in one turn is written together, so one run may do with fewer writes than another.
        if (found.writes === undefined) deaths++;
        else t.ok(found.writes <= step, `${found.writes} writes, and none after them`);
      }
      t.ok(deaths > writes / 2, `${deaths} deaths`);
      const real = await run(path, from, async () => undefined);
      const step = Math.floor(writes / 2);
      same(t, await run(path, from, (host) => kill(host, from, step)), real, `kill -9 before write ${step}`);
    },
  );
}
