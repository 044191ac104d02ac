import { EndingClock, sleep, systemClock } from '../../src/base/index.ts';
import type { Dataplane } from '../../src/dataplane/index.ts';
import { type Kernel, openKernel } from '../../src/netlink/index.ts';
import type { Nft } from '../../src/nftables/index.ts';
import { RealHost, STATES, type StateName } from './real-host.ts';

const WRITES: ReadonlySet<string> = new Set<keyof Kernel>([
  'linkAdd',
  'linkSet',
  'linkDelete',
  'addressAdd',
  'addressDelete',
  'applyRoutes',
  'neighborAdd',
  'neighborDelete',
]);

/** The namespace's kernel, where `step` is called before each write, and awaited. */
async function stepped(namespace: string, step: () => Promise<void>): Promise<Kernel> {
  return new Proxy(await openKernel({ namespace }), {
    get(target, verb: string) {
      const found: unknown = Reflect.get(target, verb);
      if (typeof found !== 'function') return found;
      return (...args: unknown[]) =>
        WRITES.has(verb) || (verb === 'sysctl' && args.length > 1)
          ? step().then(() => found.apply(target, args))
          : found.apply(target, args);
    },
  });
}

interface Host {
  readonly namespace: string;
  readonly nft: Nft;
}

interface Life {
  readonly dataplane: Dataplane;
  /** Leaves no timer and no socket behind, whatever it was in the middle of. */
  end(): void;
}

async function live({ namespace, nft }: Host, step: () => Promise<void>): Promise<Life> {
  const clock = new EndingClock(systemClock);
  const kernel = await stepped(namespace, step);
  const steppedNft: Nft = {
    isOwn: () => true,
    close: () => {},
    list: (table) => nft.list(table),
    run: (transaction) => step().then(() => nft.run(transaction)),
  };
  const dataplane = RealHost.dataplane(kernel, steppedNft, clock);
  const end = (): void => {
    dataplane.stop();
    clock.end();
    kernel.close();
  };
  return { dataplane, end };
}

/** Takes the host from one state to the other, with `step` before each write; resolves when there is nothing left to do. */
export async function bring(
  host: Host,
  from: StateName | 'nothing',
  to: StateName,
  step: () => Promise<void> = async () => {},
): Promise<void> {
  const { dataplane, end } = await live(host, step);
  await go(dataplane, from, to).finally(end);
}

async function go(dataplane: Dataplane, from: StateName | 'nothing', to: StateName): Promise<void> {
  await dataplane.start(STATES[from === 'nothing' ? to : from]);
  dataplane.apply(STATES[to]);
  await settle(dataplane);
}

async function settle({ routes, tunnels, tables }: Dataplane): Promise<void> {
  const isThere = ({ present }: { readonly present: boolean }): boolean => present;
  do {
    await sleep(systemClock, 5);
    await tunnels.check();
    await routes.flush();
  } while (routes.pending || !tunnels.entries().every(isThere) || !tables.entries().every(isThere));
}

/**
 * As `bring`, but dies before its n-th write: nothing that it calls is answered from then on, which leaves the kernel as
 * the end of a process would. Resolves when it has died, or with the number of writes if it lived to the end.
 */
export async function bringAndDie(
  host: Host,
  from: StateName | 'nothing',
  to: StateName,
  dieAt: number,
): Promise<number | undefined> {
  let writes = 0;
  const { promise: death, resolve: die } = Promise.withResolvers<undefined>();
  const step = (): Promise<void> => {
    if (writes < dieAt) {
      writes++;
      return Promise.resolve();
    }
    die(undefined);
    return new Promise(() => {});
  };
  const { dataplane, end } = await live(host, step);
  return Promise.race([death, go(dataplane, from, to).then(() => writes)]).finally(end);
}
