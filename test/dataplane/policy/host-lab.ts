import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { inNamespace, mustRun } from '../../../src/lab/command.ts';

/** Somewhere in the lab: the host, its one pod, or what is behind `eth0`. */
export type Place = 'host' | 'pod' | 'outside';

/** Addresses of the places, by family. */
export const AT = {
  host: { 4: '192.0.2.1', 6: '2001:db8::1' },
  outside: { 4: '192.0.2.7', 6: '2001:db8::7' },
  pod: { 4: '10.69.1.1', 6: 'fd00:69::1' },
} as const satisfies Record<Place, Record<4 | 6, string>>;

const PORTS = { host: [22, 23, 80, 179, 8080], outside: [80, 179, 443], pod: [80] } as const;

const CLIENT =
  "require('node:net').connect(+process.argv[2],process.argv[1]).on('connect',()=>{console.log('open');process.exit()}).on('error',(e)=>console.log(e.code))";

/** Asks until it is answered: a port that nobody listens at answers too. */
const SENDER =
  "const s=require('node:dgram').createSocket(process.argv[1].includes(':')?'udp6':'udp4');s.on('error',(e)=>{console.log(e.code);process.exit()});s.connect(+process.argv[2],process.argv[1],()=>setInterval(()=>s.send('x',()=>{}),200))";

/** What a client was told, if it was told anything, and where its packets were dropped. */
export interface Told {
  readonly said: string;
  /** The chain that has counted them; undefined when none has. */
  readonly chain: string | undefined;
}

/** A host with a pod behind `cali0` and the world behind `eth0`, each in a network namespace; all take connections. */
export class HostLab {
  readonly #name: string;
  readonly #listeners: ChildProcess[] = [];

  private constructor(name: string) {
    this.#name = name;
  }

  static async make(name: string): Promise<HostLab> {
    const lab = new HostLab(name);
    for (const place of ['host', 'pod', 'outside'] as const)
      await mustRun(['ip', 'netns', 'add', lab.namespace(place)]);
    await lab.run('host', ['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    for (const [place, link] of [
      ['pod', 'cali0'],
      ['outside', 'eth0'],
    ] as const)
      await lab.#connect(place, link);
    for (const place of ['host', 'pod', 'outside'] as const) await lab.#listen(place);
    return lab;
  }

  namespace(place: Place): string {
    return `${this.#name}-${place}`;
  }

  run(place: Place, command: readonly string[], input?: string): Promise<string> {
    return mustRun(inNamespace(this.namespace(place), command), input === undefined ? {} : { input });
  }

  /**
   * Tries to connect: what came of it, or the name of the chain that is looked out for once it has dropped another packet.
   * Silence is no answer: it is waited for one or the other.
   */
  async connect(from: Place, address: string, port: number, drop: string): Promise<string> {
    const before = await this.#drops();
    const command = inNamespace(this.namespace(from), [process.execPath, '-e', CLIENT, address, String(port)]);
    const client = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    client.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(client, 'exit').then(() => true);
    try {
      for (;;) {
        if (said !== '') return said.trim();
        for (const [chain, count] of await this.#drops())
          if (chain.startsWith(drop) && count > (before.get(chain) ?? 0)) return chain;
      }
    } finally {
      client.kill();
      await ended;
    }
  }

  /**
   * What who asks is told, and the chain that has counted his packets. Who is told nothing asks again: a chain that has
   * counted a second segment of his is silent, and one that has counted many datagrams (whose errors come one by one).
   */
  async ask(from: Place, protocol: 'tcp' | 'udp', address: string, port: number): Promise<Told> {
    const before = await this.#drops();
    const text = protocol === 'tcp' ? CLIENT : SENDER;
    const command = inNamespace(this.namespace(from), [process.execPath, '-e', text, address, String(port)]);
    const client = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    client.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(client, 'exit');
    const counted = async (least: number): Promise<string | undefined> =>
      [...(await this.#drops())].find(([chain, count]) => count >= (before.get(chain) ?? 0) + least)?.[0];
    try {
      while (said === '') {
        const chain = await counted(protocol === 'tcp' ? 2 : 50);
        if (chain !== undefined && said === '') return { said: 'nothing', chain };
      }
      return { said: said.trim(), chain: await counted(1) };
    } finally {
      client.kill();
      await ended;
    }
  }

  async remove(): Promise<void> {
    for (const listener of this.#listeners) listener.stdin?.end();
    await Promise.all(this.#listeners.map((one) => one.exitCode ?? once(one, 'exit')));
    for (const place of ['host', 'pod', 'outside'] as const)
      await mustRun(['ip', 'netns', 'del', this.namespace(place)]);
  }

  /** Packets by the chain that dropped them, in the tables of both families together. */
  async #drops(): Promise<ReadonlyMap<string, number>> {
    const { nftables } = JSON.parse(await this.run('host', ['nft', '-j', 'list', 'ruleset'])) as {
      nftables: { rule?: { chain: string; expr: { counter?: { packets: number } }[] } }[];
    };
    const drops = new Map<string, number>();
    for (const { rule } of nftables) {
      if (!rule?.chain.startsWith('drop-')) continue;
      const packets = rule.expr.find((one) => one.counter)?.counter?.packets ?? 0;
      drops.set(rule.chain, (drops.get(rule.chain) ?? 0) + packets);
    }
    return drops;
  }

  async #connect(place: 'pod' | 'outside', link: string): Promise<void> {
    const [host, there] = [this.namespace('host'), this.namespace(place)];
    await mustRun(['ip', '-n', host, 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'far', 'netns', there]);
    const batch = (where: string, lines: readonly string[]): Promise<string> =>
      mustRun(['ip', '-n', where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
    const { 4: four, 6: six } = AT[place];
    const own = [`addr add ${AT.host[4]}/32 dev ${link}`, `addr add ${AT.host[6]}/128 dev ${link} nodad`];
    await batch(host, [
      'link set lo up',
      `link set ${link} up`,
      `addr add fe80::1/64 dev ${link} nodad`,
      ...(place === 'outside' ? [...own, 'route add default dev eth0', 'route add ::/0 dev eth0'] : []),
      `route add ${four} dev ${link}`,
      `route add ${six} dev ${link}`,
    ]);
    // The host answers for itself towards the pod too, as with proxied neighbours.
    await batch(there, [
      'link set lo up',
      'link set far up',
      `addr add ${four}/32 dev far`,
      `addr add ${six}/128 dev far nodad`,
      `route add ${AT.host[4]} dev far`,
      `route add default via ${AT.host[4]} dev far`,
      'route add default via fe80::1 dev far',
    ]);
  }

  async #listen(place: Place): Promise<void> {
    const ports = PORTS[place].map(String);
    const command = inNamespace(this.namespace(place), [
      process.execPath,
      'test/dataplane/policy/listener.ts',
      ...ports,
    ]);
    const listener = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#listeners.push(listener);
    await once(listener.stdout, 'data');
  }
}
