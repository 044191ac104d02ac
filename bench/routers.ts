import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../src/datastore/index.ts';
import { newResource } from '../src/model/index.ts';
import { inNamespace, pause, userAndGroup } from './process.ts';
import { databaseOf, startVrouter, vrouterIsUp } from './vrouter.ts';

/** Where a router runs, and the one neighbour, an internal peer on the same link, that dials it. */
export interface Place {
  readonly namespace: string;
  readonly directory: string;
  readonly address: string;
  readonly neighbour: string;
  readonly asn: number;
}

/** A whole router, all of whose routes go to the kernel. */
export interface Router {
  readonly name: string;
  /** Its processes, in the order in which they are to be ended. */
  start(place: Place): Promise<readonly ChildProcess[]>;
}

export const vrouter: Router = {
  name: 'vRouter',
  async start({ namespace, directory, address, neighbour, asn }) {
    const path = databaseOf(directory);
    rmSync(path, { force: true });
    const store = await openStore({ type: 'sqlite', path });
    await store.create(newResource('BGPPeer', { name: 'neighbour' }, { peerIP: neighbour, asNumber: asn }));
    await store.close();
    const plan = { namespace, directory, node: 'bench', ip: `${address}/24`, env: { NO_DEFAULT_POOLS: 'true' } };
    const child = startVrouter(plan);
    await vrouterIsUp(plan, 0);
    return [child];
  },
};

/** Without the connected network that `direct` tells it of, it would resolve no next hop and write `unreachable` routes. */
const bird: Router = {
  name: 'BIRD 2',
  async start({ namespace, directory, address, neighbour, asn }) {
    const config = join(directory, 'bird.conf');
    writeFileSync(
      config,
      `log "/dev/null" all; router id ${address};
protocol device {}
protocol direct { ipv4; }
protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
protocol bgp {
  local ${address} as ${asn}; neighbor ${neighbour} as ${asn}; passive;
  ipv4 { import all; export none; };
}
`,
    );
    return [inNamespace(namespace, ['bird', '-f', '-c', config, '-s', join(directory, 'bird.ctl')])];
  },
};

/** zebra, which has the kernel, and bgpd. It writes what it learns at once. */
const frr: Router = {
  name: 'FRR',
  async start({ namespace, directory, address, neighbour, asn }) {
    chmodSync(directory, 0o755);
    chownSync(directory, ...userAndGroup('frr'));
    const api = join(directory, 'zserv.api');
    rmSync(api, { force: true });
    writeFileSync(join(directory, 'zebra.conf'), '');
    writeFileSync(
      join(directory, 'bgpd.conf'),
      `router bgp ${asn}
bgp router-id ${address}
no bgp ebgp-requires-policy
no bgp network import-check
coalesce-time 0
neighbor ${neighbour} remote-as ${asn}
neighbor ${neighbour} passive
exit
`,
    );
    const run = (name: string): ChildProcess => {
      const files = ['-f', join(directory, `${name}.conf`), '-i', join(directory, `${name}.pid`)];
      const sockets = ['-z', api, '--vty_socket', directory, '-P', '0'];
      return inNamespace(namespace, [`/usr/lib/frr/${name}`, ...files, ...sockets, '--log', 'file:/dev/null']);
    };
    const zebra = run('zebra');
    while (!existsSync(api)) {
      if (zebra.exitCode !== null) throw new Error('zebra does not run');
      await pause(50);
    }
    return [run('bgpd'), zebra];
  },
};

export const ROUTERS: readonly Router[] = [vrouter, bird, frr];
