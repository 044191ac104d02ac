import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { mustRun } from '../../../src/lab/command.ts';

/** A datagram: from, to, port. */
export type Sent = readonly [from: string, to: string, port: number];

interface Place {
  readonly namespace: string;
  readonly addresses: readonly string[];
  readonly sender: ChildProcessByStdio<Writable, Readable, null>;
  readonly lines: AsyncIterator<string>;
}

/** What arrived, and what was dropped by a rule that says so. */
export interface Counted {
  /** `from to port`, and how often. */
  readonly arrived: ReadonlyMap<string, number>;
  readonly dropped: number;
}

interface Listing {
  readonly nftables: readonly {
    readonly set?: {
      readonly elem?: readonly {
        readonly elem: {
          readonly val: { readonly concat: readonly unknown[] };
          readonly counter: { readonly packets: number };
        };
      }[];
    };
  }[];
}

/** Notes what arrives, and keeps the kernel from answering. */
const WITNESS = `table inet witness {
  set four { type ipv4_addr . ipv4_addr . inet_service; size 65535; flags dynamic; counter; }
  set six { type ipv6_addr . ipv6_addr . inet_service; size 65535; flags dynamic; counter; }
  chain input { type filter hook input priority 100;
    meta l4proto udp add @four { ip saddr . ip daddr . udp dport counter } drop
    meta l4proto udp add @six { ip6 saddr . ip6 daddr . udp dport counter } drop
  }
}`;

/**
 * A host and what is around it, each in a network namespace of its own: pods behind `cali0`, `cali1` and so on, and the
 * rest of the world behind `eth0`. Datagrams go the kernel's own way; neighbours are known to everybody, so none waits.
 */
export class PacketLab {
  readonly host: string;
  readonly #places: Place[] = [];

  private constructor(host: string) {
    this.host = host;
  }

  static async make(
    name: string,
    pods: readonly (readonly string[])[],
    outside: readonly string[],
  ): Promise<PacketLab> {
    const lab = new PacketLab(name);
    await mustRun(['ip', 'netns', 'add', lab.host]);
    for (const key of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) await lab.#set(lab.host, `${key}=1`);
    await mustRun(['ip', '-n', lab.host, 'link', 'set', 'lo', 'up']);
    for (const [at, addresses] of pods.entries()) await lab.#add(`cali${at}`, addresses);
    await lab.#add('eth0', outside);
    return lab;
  }

  /** Sends all of it, and resolves when each datagram has arrived or was counted by a drop in the host's tables. */
  async send(datagrams: readonly Sent[]): Promise<Counted> {
    await this.forget();
    const before = await this.#dropped();
    await this.sendOnly(datagrams);
    // What is with the kernel is on its way through: a few looks are enough, however slow each of them is.
    let counted: Counted = { arrived: new Map(), dropped: 0 };
    for (let look = 0; look < 20; look++) {
      counted = { arrived: await this.arrived(), dropped: (await this.#dropped()) - before };
      if (counted.arrived.size + counted.dropped >= datagrams.length) break;
    }
    return counted;
  }

  /** Resolves when the kernel has all of it. */
  async sendOnly(datagrams: readonly Sent[]): Promise<void> {
    for (const { addresses, sender, lines } of this.#places) {
      const own = datagrams.filter(([from]) => addresses.includes(from));
      if (own.length === 0) continue;
      sender.stdin.write(`${JSON.stringify(own)}\n`);
      await lines.next();
    }
  }

  /** As if nothing had arrived yet. */
  async forget(): Promise<void> {
    for (const { namespace } of this.#places) {
      for (const set of ['four', 'six']) {
        await mustRun(inside(namespace, ['nft', 'flush', 'set', 'inet', 'witness', set]));
      }
    }
  }

  async remove(): Promise<void> {
    for (const { sender } of this.#places) sender.stdin.end();
    await Promise.all(
      this.#places.map(({ sender }) => sender.exitCode ?? new Promise((resolve) => sender.once('exit', resolve))),
    );
    for (const namespace of [...this.#places.map((place) => place.namespace), this.host]) {
      await mustRun(['ip', 'netns', 'del', namespace]);
    }
  }

  async #add(link: string, addresses: readonly string[]): Promise<void> {
    const namespace = `${this.host}-${link}`;
    const [near, far] = ['02:00:00:00:00:01', '02:00:00:00:00:02'];
    await mustRun(['ip', 'netns', 'add', namespace]);
    await mustRun([
      'ip',
      '-n',
      this.host,
      'link',
      'add',
      link,
      'address',
      near,
      'type',
      'veth',
      'peer',
      'name',
      'pod',
      'address',
      far,
      'netns',
      namespace,
    ]);
    await this.#set(namespace, 'net.ipv6.conf.all.dad_transmits=0');
    const batch = (commands: readonly string[], where: string): Promise<string> =>
      mustRun(['ip', '-n', where, '-batch', '-'], { input: `${commands.join('\n')}\n` });
    await batch(
      [
        'link set lo up',
        'link set pod up',
        ...addresses.map((one) => `addr add ${one}/${bits(one)} dev pod${bits(one) === 128 ? ' nodad' : ''}`),
        'route add 169.254.1.1 dev pod',
        'route add default via 169.254.1.1 dev pod',
        `neigh replace 169.254.1.1 lladdr ${near} dev pod nud permanent`,
        'route add fe80::1 dev pod',
        'route add default via fe80::1 dev pod',
        `neigh replace fe80::1 lladdr ${near} dev pod nud permanent`,
      ],
      namespace,
    );
    await batch(
      [
        `link set ${link} up`,
        ...addresses.flatMap((one) => [
          `route add ${one} dev ${link}`,
          `neigh replace ${one} lladdr ${far} dev ${link} nud permanent`,
        ]),
      ],
      this.host,
    );
    await mustRun(inside(namespace, ['nft', '-f', '-']), { input: WITNESS });
    const command = inside(namespace, [process.execPath, 'test/dataplane/policy/packet-sender.ts', ...addresses]);
    const sender = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: sender.stdout })[Symbol.asyncIterator]();
    await lines.next();
    this.#places.push({ namespace, addresses, sender, lines });
  }

  #set(namespace: string, setting: string): Promise<string> {
    return mustRun(inside(namespace, ['sysctl', '-qw', setting]));
  }

  /** What arrived since `forget`. */
  async arrived(): Promise<Counted['arrived']> {
    const listings = await Promise.all(
      this.#places.flatMap(({ namespace }) =>
        ['four', 'six'].map((set) =>
          mustRun(inside(namespace, ['nft', '-j', '-n', 'list', 'set', 'inet', 'witness', set])),
        ),
      ),
    );
    return new Map(
      listings
        .flatMap((text) => (JSON.parse(text) as Listing).nftables.flatMap(({ set }) => set?.elem ?? []))
        .map(({ elem: { val, counter } }) => [val.concat.join(' '), counter.packets]),
    );
  }

  /** Datagrams that rules of ours dropped, by their counters. */
  async #dropped(): Promise<number> {
    const text = await mustRun(inside(this.host, ['nft', '-n', 'list', 'ruleset']));
    return [...text.matchAll(/counter packets (\d+) bytes \d+ drop/g)].reduce(
      (sum, [, packets]) => sum + Number(packets),
      0,
    );
  }
}

function inside(namespace: string, command: readonly string[]): readonly string[] {
  return ['ip', 'netns', 'exec', namespace, ...command];
}

function bits(address: string): 32 | 128 {
  return address.includes(':') ? 128 : 32;
}
