import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import * as z from 'zod';
import { type Clock, type Log, silentLog, systemClock } from '../../src/base/index.ts';
import { cniResultSchema, nodeStatusSchema } from '../../src/control/answers.ts';
import { type CniRequest, request } from '../../src/control/index.ts';
import { readConfig } from '../../src/daemon/config.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import { MemoryStore, type Store } from '../../src/datastore/index.ts';
import { until } from '../../src/lab/until.ts';
import { newResource } from '../../src/model/index.ts';
import type { Nft } from '../../src/nftables/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { FakeNft } from '../fakes/fake-nft.ts';

export const ASN = 64512;
/** Loopback addresses and a port of this process's own. */
const TEN = `127.${(process.pid >> 8) & 255}.${process.pid & 255}`;
const NODE = `${TEN}.1`;
export const PEER = `${TEN}.2`;
export const PORT = 20_000 + (process.pid % 20_000);

/** A daemon of this process, on a fake machine and a real loopback. It ends with the test. */
export interface LoneDaemon {
  readonly daemon: Daemon;
  readonly store: Store;
  /** Path of its control socket. */
  readonly socket: string;
  /** Resolves with the pod's address; `args` are what the runtime tells of it. */
  add(containerId: string, args?: CniRequest['args']): Promise<string>;
  del(containerId: string, args?: CniRequest['args']): Promise<void>;
}

export interface LoneDaemonOptions {
  readonly clock?: Clock;
  readonly log?: Log;
  /** What it runs on; `/host` is its own namespace. */
  readonly machine?: FakeMachine;
  readonly nft?: Nft;
  readonly engine?: { readonly type: string; readonly store: Store };
  /** Somebody who may make pools and peers, where the daemon may not. */
  readonly administrator?: Store;
  readonly environment?: Readonly<Record<string, string>>;
  /** Lets the clock go on while something is waited for. */
  readonly tick?: () => Promise<unknown>;
}

/** A machine with the daemon's own namespace, empty. */
export function oneHost(): FakeMachine {
  const machine = new FakeMachine();
  machine.addNamespace('/host');
  return machine;
}

/** Resolves when it is ready. Its blocks have four addresses; it dials `PEER`, where the test may listen or not. */
export async function loneDaemon(
  t: Pick<Test, 'teardown'>,
  {
    clock = systemClock,
    log = silentLog,
    machine = oneHost(),
    nft = new FakeNft(),
    engine = { type: 'memory', store: new MemoryStore({ clock }) },
    administrator = engine.store,
    environment = {},
    tick = async () => {},
  }: LoneDaemonOptions = {},
): Promise<LoneDaemon> {
  const { store } = engine;
  await administrator.create(newResource('IPPool', { name: 'p' }, { cidr: '10.244.0.0/24', blockSize: 30 }));
  const bgp = { nodeToNodeMeshEnabled: false, asNumber: ASN, listenPort: PORT, bindMode: 'NodeIP' } as const;
  await administrator.create(newResource('BGPConfiguration', { name: 'default' }, bgp));
  await administrator.create(newResource('BGPPeer', { name: 'peer' }, { peerIP: `${PEER}:${PORT}`, asNumber: ASN }));
  // Paths of unix sockets are short.
  const folder = mkdtempSync(join(tmpdir(), 'vrt-lone-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 's');
  const daemon = new Daemon({
    config: await readConfig({
      NODENAME: 'n1',
      IP: `${NODE}/24`,
      VROUTER_SOCKET: socket,
      NO_DEFAULT_POOLS: 'true',
      VROUTER_IPAM_LEDGER: 'none',
      VROUTER_MTU_FILE: 'none',
      CALICO_NODENAME_FILE: '',
      FELIX_HEALTHPORT: '0',
      VROUTER_SNAPSHOT: 'none',
      ...environment,
    }),
    store,
    datastoreType: engine.type,
    kernel: machine.kernel('/host'),
    nft,
    clock,
    log,
  });
  await daemon.start();
  t.teardown(() => daemon.stop('the test is over'));
  const isReady = async (): Promise<boolean> => {
    await tick();
    return (await request(socket, { op: 'status' }, nodeStatusSchema)).serving === true;
  };
  await until(systemClock, 'the daemon to be ready', isReady);
  const pod = (containerId: string, args: CniRequest['args']): CniRequest => {
    const config = { cniVersion: '1.0.0', name: 'net' };
    return { containerId, netns: `/run/netns/${containerId}`, ifName: 'eth0', args, config };
  };
  const add = async (containerId: string, args: CniRequest['args'] = {}): Promise<string> => {
    const asked = pod(containerId, args);
    machine.addNamespace(asked.netns);
    const { ips } = await request(socket, { op: 'cni.add', request: asked }, cniResultSchema);
    return ips[0].address;
  };
  const del = async (containerId: string, args: CniRequest['args'] = {}): Promise<void> => {
    await request(socket, { op: 'cni.del', request: pod(containerId, args) }, z.unknown());
  };
  return { daemon, store, socket, add, del };
}
