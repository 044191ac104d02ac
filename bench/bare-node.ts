import { execFileSync } from 'node:child_process';
import type { NodePlan } from '../src/lab/index.ts';
import { ip } from './process.ts';

/** Where the gateway of a pod's default route is. */
const GATEWAY = { 4: '169.254.1.1', 6: 'fe80::1' } as const;

/**
 * A node with one pod, made with ip(8) alone: what the kernel does when nobody but the operator has told it anything.
 * The node's namespace is there already, with `eth0` on a switch; the pod's belongs to it.
 */
export class BareNode {
  readonly #host: NodePlan;
  readonly #number: number;

  constructor(host: NodePlan, number: number) {
    this.#host = host;
    this.#number = number;
  }

  /** The pod's namespace. */
  get pod(): string {
    return `${this.#host.namespace}-pod`;
  }

  /** On the switch. */
  get #addresses(): Readonly<Record<4 | 6, string>> {
    const [four, six] = [this.#host.address, this.#host.address6!].map((address) => address.split('/')[0]);
    return { 4: four, 6: six };
  }

  get podAddresses(): Readonly<Record<4 | 6, string>> {
    return { 4: `10.245.${this.#number}.2`, 6: `fd00:10:245:${this.#number}::2` };
  }

  /** Of the tunnels' devices. */
  get #mac(): string {
    return `66:00:00:00:00:0${this.#number}`;
  }

  makePod(mtu: number): void {
    const [node, pod] = [this.#host.namespace, this.pod];
    for (const setting of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) {
      execFileSync('ip', ['netns', 'exec', node, 'sysctl', '-qw', `${setting}=1`]);
    }
    ip('netns', 'add', pod);
    ip(
      '-n',
      pod,
      'link',
      'add',
      'eth0',
      'mtu',
      `${mtu}`,
      'type',
      'veth',
      'peer',
      'pod',
      'mtu',
      `${mtu}`,
      'netns',
      node,
    );
    ip('-n', pod, 'link', 'set', 'eth0', 'up');
    ip('-n', node, 'link', 'set', 'pod', 'up');
    ip('-n', node, 'addr', 'add', `${GATEWAY[4]}/32`, 'dev', 'pod');
    ip('-n', node, 'addr', 'add', `${GATEWAY[6]}/64`, 'dev', 'pod', 'nodad');
    ip('-n', pod, 'addr', 'add', `${this.podAddresses[4]}/32`, 'dev', 'eth0');
    ip('-n', pod, 'addr', 'add', `${this.podAddresses[6]}/128`, 'dev', 'eth0', 'nodad');
    for (const family of [4, 6] as const) {
      ip('-n', pod, `-${family}`, 'route', 'add', 'default', 'via', GATEWAY[family], 'dev', 'eth0', 'onlink');
      ip('-n', node, `-${family}`, 'route', 'add', this.podAddresses[family], 'dev', 'pod');
    }
  }

  /** Reaches the other's pod by a route to the other. */
  routeTo(other: BareNode): void {
    for (const family of [4, 6] as const) {
      const way = ['via', other.#addresses[family], 'dev', 'eth0'];
      ip('-n', this.#host.namespace, `-${family}`, 'route', 'add', other.podAddresses[family], ...way);
    }
  }

  /** Reaches the other's pod through VXLAN, over the same family. */
  tunnelTo(other: BareNode): void {
    const node = this.#host.namespace;
    for (const family of [4, 6] as const) {
      const device = `vxlan${family}`;
      const [local, remote] = [this.#addresses[family], other.#addresses[family]];
      const tunnel = ['id', '4096', 'local', local, 'dev', 'eth0', 'dstport', '4789', 'nolearning'];
      ip('-n', node, 'link', 'add', device, 'address', this.#mac, 'type', 'vxlan', ...tunnel);
      ip('-n', node, 'link', 'set', device, 'up');
      const pod = other.podAddresses[family];
      execFileSync('bridge', ['-n', node, 'fdb', 'append', other.#mac, 'dev', device, 'dst', remote]);
      ip('-n', node, 'neigh', 'add', pod, 'lladdr', other.#mac, 'dev', device);
      ip('-n', node, `-${family}`, 'route', 'add', pod, 'dev', device);
    }
  }

  remove(): void {
    ip('netns', 'del', this.pod);
  }
}
