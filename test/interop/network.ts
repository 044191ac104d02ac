import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * Two network namespaces and a cable: this process lives in one, the daemons in the other. Every case has a subnet of
 * its own on the cable, so that cases can run side by side.
 */
export interface Network {
  /** The daemons' namespace. */
  readonly peers: string;
  remove(): void;
}

/** Hosts of a subnet: ours, the daemon's, and further speakers of ours. */
export const HOST = { us: 1, peer: 2, third: 3, fourth: 4 } as const;
export type Host = (typeof HOST)[keyof typeof HOST];

export type IpFamily = 4 | 6;

/** The address of a host in the subnet of a case. */
export function addressOf(subnet: number, host: Host, family: IpFamily = 4): string {
  return family === 4 ? `10.20.${subnet}.${host}` : `fd20:${subnet}::${host}`;
}

/** Makes the network and moves this thread into it: sockets that are opened from now on are in our namespace. */
export function makeNetwork(subnets: number): Network {
  removeStale();
  const ours = `vrt-${process.pid}-interop-us`;
  const peers = `vrt-${process.pid}-interop-peers`;
  const numbers = Array.from({ length: subnets }, (_, number) => number);
  const addresses = (device: string, hosts: readonly Host[]): string[] =>
    numbers.flatMap((number) =>
      hosts.flatMap((host) => [
        `address add ${addressOf(number, host)}/24 dev ${device}`,
        `address add ${addressOf(number, host, 6)}/64 dev ${device} nodad`,
      ]),
    );
  ip([`netns add ${ours}`, `netns add ${peers}`]);
  ip([`link add cable netns ${ours} type veth peer name cable netns ${peers}`]);
  ip(['link set lo up', 'link set cable up', ...addresses('cable', [HOST.us, HOST.third, HOST.fourth])], ours);
  ip(['link set lo up', 'link set cable up', ...addresses('cable', [HOST.peer])], peers);
  enter(ours);
  return { peers, remove: () => ip([`netns delete ${ours}`, `netns delete ${peers}`]) };
}

/** The command to run a program in a namespace. */
export function inNamespace(namespace: string, command: readonly string[]): string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`, '--', ...command];
}

/** Removes what a killed run has left behind. */
function removeStale(): void {
  if (!existsSync('/run/netns')) return;
  for (const name of readdirSync('/run/netns')) {
    const pid = /^vrt-(\d+)-interop-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) ip([`netns delete ${name}`]);
  }
}

function ip(lines: readonly string[], namespace?: string): void {
  const where = namespace === undefined ? [] : ['-n', namespace];
  execFileSync('ip', [...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

function enter(namespace: string): void {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const setns: (descriptor: number, type: number) => number = koffi.load(null).func('int setns(int, int)');
  const descriptor = openSync(`/run/netns/${namespace}`, 'r');
  const answer = setns(descriptor, 0);
  closeSync(descriptor);
  if (answer !== 0) throw new Error(`can't enter ${namespace}: errno ${koffi.errno()}`);
}
