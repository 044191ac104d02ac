import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';

/**
 * Two network namespaces and a cable: this process lives in one, the daemons in the other. Every case has a subnet of
 * its own on the cable, so that cases can run side by side.
 */
export interface Network {
  /** The daemons' namespace. */
  readonly peers: string;
  /** For files; anybody may look into it, since daemons give up root. */
  readonly directory: string;
  /** Ends whatever still runs in the daemons' namespace, and leaves nothing behind. */
  remove(): void;
}

/** Hosts of a subnet: ours, the daemon's, and further speakers of ours. */
export const HOST = { us: 1, peer: 2, third: 3, fourth: 4 } as const;
export type Host = (typeof HOST)[keyof typeof HOST];

export type IpFamily = 4 | 6;

/** The ends of the cable. */
export const DEVICE = 'cable';

/** The address of a host in the subnet of a case. */
export function addressOf(subnet: number, host: Host, family: IpFamily | 'link-local' = 4): string {
  if (family === 'link-local') return `fe80::${subnet + 1}:${host}`;
  return family === 4 ? `10.20.${subnet}.${host}` : `fd20:${subnet}::${host}`;
}

/** Makes the network and moves this thread into it: sockets that are opened from now on are in our namespace. */
export function makeNetwork(subnets: number): Network {
  removeStale();
  const { ours, peers, directory } = namesOf(process.pid);
  mkdirSync(directory);
  const numbers = Array.from({ length: subnets }, (_, number) => number);
  const addresses = (device: string, hosts: readonly Host[]): string[] =>
    numbers.flatMap((number) =>
      hosts.flatMap((host) => [
        `address add ${addressOf(number, host)}/24 dev ${device}`,
        `address add ${addressOf(number, host, 6)}/64 dev ${device} nodad`,
        `address add ${addressOf(number, host, 'link-local')}/64 dev ${device} nodad`,
      ]),
    );
  ip([`netns add ${ours}`, `netns add ${peers}`]);
  ip([`link add cable netns ${ours} type veth peer name cable netns ${peers}`]);
  ip(['link set lo up', 'link set cable up', ...addresses('cable', [HOST.us, HOST.third, HOST.fourth])], ours);
  ip(['link set lo up', 'link set cable up', ...addresses('cable', [HOST.peer])], peers);
  enter(ours);
  return { peers, directory, remove: () => remove(process.pid) };
}

/** The command to run a program in a namespace. */
export function inNamespace(namespace: string, command: readonly string[]): string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`, '--', ...command];
}

function namesOf(pid: number) {
  return {
    ours: `vrt-${pid}-interop-us`,
    peers: `vrt-${pid}-interop-peers`,
    directory: `${tmpdir()}/vrt-${pid}-interop`,
  };
}

/** Removes what runs that were killed have left behind. */
function removeStale(): void {
  if (!existsSync('/run/netns')) return;
  const pids = readdirSync('/run/netns').map((name) => Number(/^vrt-(\d+)-interop-us$/.exec(name)?.[1]));
  for (const pid of pids) if (pid > 0 && !existsSync(`/proc/${pid}`)) remove(pid);
}

function remove(pid: number): void {
  const { ours, peers, directory } = namesOf(pid);
  for (const left of execFileSync('ip', ['netns', 'pids', peers], { encoding: 'utf8' }).split('\n')) {
    if (left !== '') kill(Number(left));
  }
  ip([`netns delete ${peers}`, `netns delete ${ours}`]);
  rmSync(directory, { recursive: true, force: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
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
