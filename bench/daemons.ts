import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { AS, type PeerCase } from './peer-cases.ts';
import { family, usageOfFamily, userAndGroup } from './process.ts';
import { DAEMON } from './swarm.ts';
import { daemonEnvironment, databaseOf } from './vrouter.ts';

const execute = promisify(execFile);

/**
 * How one BGP daemon is run for measurements: no kernel routes, all routes taken and given at once, whatever would
 * hold them back switched off, and the dialling left to the peers, as none of them listens.
 */
interface Program {
  readonly name: string;
  /** Writes what it needs to `directory` and gives the command that runs it in the foreground. */
  prepare(directory: string, peerCase: PeerCase): readonly string[];
  /** A command that lists all routes. */
  list(directory: string): readonly string[];
}

const vrouter: Program = {
  name: 'vRouter',
  prepare(directory, { holdTime, neighbours }) {
    const config = { asn: AS.daemon, routerId: DAEMON, holdTime, neighbours };
    writeFileSync(join(directory, 'speaker.json'), JSON.stringify(config));
    // In one file, as it is shipped: Node's stripping of types would count as memory of the speaker's.
    const outfile = join(directory, 'speaker.mjs');
    buildSync({ entryPoints: ['bench/speaker-process.ts'], outfile, bundle: true, platform: 'node', format: 'esm' });
    const options = process.env['SPEAKER_OPTIONS']?.split(' ') ?? [];
    return [process.execPath, ...options, outfile, join(directory, 'speaker.json')];
  },
  // It is asked on its input.
  list: () => [],
};

const bird: Program = {
  name: 'BIRD',
  prepare(directory, { holdTime, neighbours }) {
    const sessions = neighbours.map(
      ({ address, asn }, at) => `protocol bgp p${at} {
  local ${DAEMON} as ${AS.daemon}; neighbor ${address} as ${asn}; hold time ${holdTime}; passive;
  ipv4 { import all; export where source = RTS_BGP; };
}`,
    );
    const config = `log "${directory}/log" { fatal, error }; router id ${DAEMON};
protocol device {}
protocol direct { ipv4; interface "*"; }
${sessions.join('\n')}
`;
    writeFileSync(join(directory, 'bird.conf'), config);
    return ['/usr/sbin/bird', '-f', '-c', join(directory, 'bird.conf'), '-s', join(directory, 'bird.ctl')];
  },
  list: (directory) => ['birdc', '-s', join(directory, 'bird.ctl'), 'show route'],
};

const frr: Program = {
  name: 'FRR',
  prepare(directory, { holdTime, neighbours }) {
    const sessions = neighbours.map(
      ({ address, asn }) => `neighbor ${address} remote-as ${asn}
neighbor ${address} timers ${holdTime / 3} ${holdTime}
neighbor ${address} advertisement-interval 0
neighbor ${address} passive`,
    );
    writeFileSync(
      join(directory, 'bgpd.conf'),
      `log stdout errors
router bgp ${AS.daemon}
bgp router-id ${DAEMON}
no bgp ebgp-requires-policy
no bgp network import-check
coalesce-time 0
${sessions.join('\n')}
exit
`,
    );
    const files = ['-f', join(directory, 'bgpd.conf'), '-i', join(directory, 'bgpd.pid'), '--vty_socket', directory];
    return ['/usr/lib/frr/bgpd', ...files, '-l', DAEMON, '-P', '0', '--no_zebra', '--no_kernel', '--log', 'stdout'];
  },
  list: (directory) => ['vtysh', '--vty_socket', directory, '-d', 'bgpd', '-c', 'show bgp ipv4 unicast json'],
};

const gobgp: Program = {
  name: 'GoBGP',
  prepare(directory, { holdTime, neighbours }) {
    const sessions = neighbours.map(
      ({ address, asn }) => `[[neighbors]]
[neighbors.config]
neighbor-address = "${address}"
peer-as = ${asn}
[neighbors.transport.config]
local-address = "${DAEMON}"
passive-mode = true
[neighbors.timers.config]
hold-time = ${holdTime}
keepalive-interval = ${holdTime / 3}
[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "ipv4-unicast"`,
    );
    const global = `[global.config]
as = ${AS.daemon}
router-id = "${DAEMON}"
local-address-list = ["${DAEMON}"]`;
    writeFileSync(join(directory, 'gobgpd.toml'), [global, ...sessions, ''].join('\n'));
    const api = ['--api-hosts', `unix://${directory}/api.sock`, '--pprof-disable'];
    return ['/usr/bin/gobgpd', '-f', join(directory, 'gobgpd.toml'), '-l', 'error', '-p', ...api];
  },
  list: (directory) => ['gobgp', '--target', `unix://${directory}/api.sock`, '-j', 'global', 'rib'],
};

const openbgpd: Program = {
  name: 'OpenBGPD',
  prepare(directory, { holdTime, neighbours }) {
    const sessions = neighbours.map(({ address, asn }) => `neighbor ${address} {\n  remote-as ${asn}\n  passive\n}`);
    const config = `AS ${AS.daemon}
router-id ${DAEMON}
listen on ${DAEMON}
socket "${directory}/bgpd.sock"
holdtime ${holdTime}
holdtime min 3
fib-update no
${sessions.join('\n')}
allow from any
allow to any
`;
    writeFileSync(join(directory, 'openbgpd.conf'), config);
    chmodSync(join(directory, 'openbgpd.conf'), 0o600);
    return ['/usr/sbin/bgpd', '-d', '-f', join(directory, 'openbgpd.conf')];
  },
  list: (directory) => ['bgpctl', '-s', `${directory}/bgpd.sock`, 'show', 'rib'],
};

export const PROGRAMS: readonly Program[] = [vrouter, bird, frr, gobgp, openbgpd];

/** The whole daemon as it is shipped. What is learned goes to the kernel, and on to the peers. */
const wholeVrouter: Program = {
  name: 'vRouter',
  prepare(directory, { neighbours }) {
    const path = databaseOf(directory);
    rmSync(path, { force: true });
    const apiVersion = 'projectcalico.org/v3';
    const exportV4 = [{ action: 'Accept' }];
    const objects = [
      { apiVersion, kind: 'BGPFilter', metadata: { name: 'all' }, spec: { exportV4 } },
      ...neighbours.map(({ address, asn }, at) => {
        const spec = { peerIP: address, asNumber: asn, filters: ['all'] };
        return { apiVersion, kind: 'BGPPeer', metadata: { name: `p${at}` }, spec };
      }),
    ];
    const env = { ...process.env, DATASTORE_TYPE: 'sqlite', SQLITE_PATH: path };
    execFileSync('dist/bin/calicoctl', ['create', '-f', '-'], {
      env,
      input: JSON.stringify({ apiVersion, kind: 'List', items: objects }),
    });
    const settings = daemonEnvironment({
      directory,
      node: 'bench',
      ip: `${DAEMON}/16`,
      env: { AS: `${AS.daemon}`, NO_DEFAULT_POOLS: 'true' },
    });
    return [
      'env',
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
      'dist/bin/vrouter',
      'daemon',
    ];
  },
  list: () => [],
};

const birdWithKernel: Program = {
  ...bird,
  prepare(directory, peerCase) {
    const command = bird.prepare(directory, peerCase);
    const kernel = 'protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }\n';
    appendFileSync(join(directory, 'bird.conf'), kernel);
    return command;
  },
};

/** Whole routers, whose routes go to the kernel too. */
export const WITH_KERNEL: readonly Program[] = [wholeVrouter, birdWithKernel];

/** A program that runs, with its children. */
export class Daemon {
  readonly #program: Program;
  readonly #namespace: string;
  readonly #directory: string;
  readonly #child: ChildProcess;
  #listing = false;

  constructor(program: Program, peerCase: PeerCase, namespace: string, directory: string) {
    this.#program = program;
    this.#namespace = namespace;
    this.#directory = directory;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    if (program === frr) chownSync(directory, ...userAndGroup('frr'));
    const log = openSync(join(directory, 'log'), 'a');
    this.#child = spawn('nsenter', this.#inside(program.prepare(directory, peerCase)), { stdio: ['pipe', log, log] });
    closeSync(log);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether anybody in its namespace listens on port 179 (0xb3). */
  get isListening(): boolean {
    try {
      return /:00B3 00000000:0000 0A/.test(readFileSync(`/proc/${this.#child.pid}/net/tcp`, 'utf8'));
    } catch {
      return false;
    }
  }

  /** The end of what it said. */
  get log(): string {
    return readFileSync(join(this.#directory, 'log'), 'utf8').slice(-1000);
  }

  /** Of all its processes together. */
  usage(): { peakMiB: number; cpuSeconds: number } {
    return usageOfFamily(this.#child.pid ?? 0);
  }

  /** Lists all routes, four times a second and never two at once, until it ends. */
  async listAgainAndAgain(): Promise<void> {
    this.#listing = true;
    while (this.#listing && this.isRunning) {
      const [command, ...args] = this.#inside(this.#program.list(this.#directory));
      if (this.#program === vrouter) this.#child.stdin?.write('list\n');
      else await execute('nsenter', [command, ...args], { maxBuffer: 1 << 30, timeout: 10_000 }).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  async end(): Promise<void> {
    this.#listing = false;
    if (!this.isRunning) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    const impatience = setTimeout(() => this.kill(), 5000);
    this.#child.kill('SIGTERM');
    await gone;
    clearTimeout(impatience);
  }

  kill(): void {
    for (const pid of family(this.#child.pid ?? 0)) process.kill(pid, 'SIGKILL');
  }

  #inside(command: readonly string[]): string[] {
    return [`--net=/run/netns/${this.#namespace}`, ...command];
  }
}
