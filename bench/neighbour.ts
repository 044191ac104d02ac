import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ip, Talker } from './process.ts';
import type { Place } from './routers.ts';

/** A router's place, a namespace for its neighbour and the link between them, for as long as `work` takes. */
export async function withLink(work: (place: Place, neighbours: string) => Promise<void>): Promise<void> {
  const neighbours = `vrb-${process.pid}-s`;
  const place: Place = {
    namespace: `vrb-${process.pid}-r`,
    directory: mkdtempSync(join(tmpdir(), 'vrouter-bench-')),
    address: '172.31.250.2',
    neighbour: '172.31.250.1',
    asn: 64512,
  };
  ip('netns', 'add', neighbours);
  ip('netns', 'add', place.namespace);
  try {
    ip('link', 'add', 'eth0', 'netns', neighbours, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', place.namespace);
    for (const [name, address] of [
      [neighbours, place.neighbour],
      [place.namespace, place.address],
    ] as const) {
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
    }
    await work(place, neighbours);
  } finally {
    ip('netns', 'del', neighbours);
    ip('netns', 'del', place.namespace);
    rmSync(place.directory, { recursive: true, force: true });
  }
}

/** Routes that come and go by themselves in a router's kernel, at most: those of its links, its block, its addresses. */
const OTHERS = 20;

/** The router's neighbour, and somebody who counts the routes in the router's kernel. */
export class Neighbour {
  readonly #prefixes: number;
  readonly #sender: Talker;
  readonly #fib: Talker;

  constructor({ namespace, address, neighbour, asn }: Place, neighbours: string, prefixes: number) {
    this.#prefixes = prefixes;
    this.#fib = new Talker(namespace, ['node', 'bench/fib-count.ts', `${prefixes}`]);
    this.#sender = new Talker(neighbours, ['node', 'bench/sender.ts', address, neighbour, `${asn}`, `${prefixes}`]);
  }

  /** Until the session is up. */
  async up(): Promise<void> {
    await this.#fib.next();
    await this.#sender.next();
  }

  /** Seconds from the first octet of the UPDATEs to the last route in the kernel. */
  announce(): Promise<number> {
    return this.#timed('announce', `${this.#prefixes}`);
  }

  /** Seconds from the first octet of the UPDATEs until the kernel has none of the routes. */
  withdraw(): Promise<number> {
    return this.#timed('withdraw', `-${OTHERS}`);
  }

  async end(): Promise<void> {
    await this.#sender.end();
    await this.#fib.end();
  }

  async #timed(command: string, goal: string): Promise<number> {
    this.#fib.say(goal);
    this.#sender.say(command);
    const began = Number(await this.#sender.next());
    return (Number(await this.#fib.next()) - began) / 1000;
  }
}
