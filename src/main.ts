#!/usr/bin/env node
import { basename } from 'node:path';

const HELP = `vRouter: makes this Linux host a router for its pods

Usage: vrouter COMMAND [OPTIONS]

Commands:
  daemon       run the node: IPAM, routes, BGP (needs root)
  calicoctl    read and change resources, node status, IPAM; also on its own as calicoctl
  cni          the CNI plugin, as a container runtime calls it; also on its own as calico
  install-cni  put the CNI plugin and its configuration where the runtime looks for them
  lab          a cluster of nodes in network namespaces of this machine (needs root)
  ipam         addresses, and who had them when: calicoctl ipam
  datastore    copy everything between sqlite, etcd and Kubernetes: export, import
  status       this node's sessions and problems; each of its routes, tunnels and pods with why
  bgp          this node's BGP sessions; the routes of each; why a prefix goes where it goes
  policy       what network policies say: why, list, verify; try them from files of cases
  drops        the packets that policy drops on this node, by name
  flows        who talked to whom on this node, allowed or denied by what; -f follows, --cluster asks all
  ledger       who had an address, and when
  timeline     what was done for a pod, step by step, and who has the route to it
  web          one page in a browser for the whole cluster
  check        whether this host will do, before anything is installed
  test         connectivity: pods on each node try what they should reach, and what not
  explain      what an error code, a metric or an alert means and what to do, offline
  bundle       everything that support needs in one archive, without secrets
  drain        have BGP peers move traffic away from this node before it stops
  top          this node at one screen that keeps up to date: sessions, pods, policies, drops, blocks
  resync       compare this node's kernel with what it should be, now, and repair what differs
  completion   a script that makes bash, zsh or fish complete commands, options and names
  version      print the version

Each command has its own --help.
`;

const CNI_HELP = `Usage: vrouter cni, by a container runtime: CNI_COMMAND and the other CNI_ variables in the environment,
the network's configuration on stdin, the answer on stdout
`;

/** Commands that are the CLI's alone. */
const VERBS =
  'datastore status bgp policy drops flows ledger timeline web check bundle explain drain resync top __probe';

/** Every program loads only its own code: the runtime waits for the CNI plugin at each pod. */
const programs: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  daemon: async (args) => {
    (await import('./cni/index.ts')).followToken(process);
    // Whatever is still open when it has ended, a server or a request to a datastore that is away, keeps nobody alive.
    const code = await (await import('./daemon/index.ts')).runDaemon(args, process);
    return (await import('./netlink/index.ts')).leave(code);
  },
  cni: async ([word]) => (word === '--help' ? print(CNI_HELP) : (await import('./cni/index.ts')).runCniProcess()),
  'install-cni': async (args) => (await import('./cni/index.ts')).installCni(args, process),
  calicoctl: async (args) =>
    args[0] === '__names' ? programs['__names'](args.slice(1)) : (await import('./cli/index.ts')).runCalicoctl(args),
  lab: async (args) => (await import('./lab/index.ts')).runLab(args, process),
  ipam: async (args) => (await import('./cli/index.ts')).runCalicoctl(['ipam', ...args]),
  test: async (args) =>
    (await import('./cli/index.ts')).runTest(args, {
      lab: async (name) => (await import('./lab/index.ts')).labStage(name, process.argv[1]),
    }),
  completion: async (args) => (await import('./cli/index.ts')).runCompletion(args, await whole()),
  __names: async (args) =>
    (await import('./netlink/index.ts')).leave(await (await import('./cli/index.ts')).runNames(args)),
  __documents: async (args) => (await import('./cli/index.ts')).runDocuments(args, await whole()),
  version: async () => print(`${(await import('./base/index.ts')).VERSION}\n`),
  '--help': async () => print(HELP),
};

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** All commands, for what is made from their tree. */
async function whole(): Promise<import('./cli/index.ts').Whole> {
  const { daemonCommand } = await import('./daemon/index.ts');
  const { labCommand } = await import('./lab/index.ts');
  return { help: HELP, others: { daemon: await daemonCommand(), lab: labCommand(process) } };
}

/** Names that the file may be called by, and what they stand for. */
const aliases = { calicoctl: 'calicoctl', 'kubectl-calico': 'calicoctl', calico: 'cni', 'calico-ipam': 'cni' };

async function main(path: string, args: readonly string[]): Promise<number> {
  const called = Object.entries(aliases).find(([name]) => name === basename(path, '.js'))?.[1];
  if (called !== undefined) return programs[called](args);
  const [first = '--help', ...rest] = args;
  if (first === 'help' && rest.length > 0) return main(path, [...rest, '--help']);
  const name = first === '-h' || first === 'help' ? '--help' : first === '--version' ? 'version' : first;
  if (VERBS.split(' ').includes(name)) return (await import('./cli/index.ts')).runVerb(name, rest);
  if (Object.hasOwn(programs, name)) return programs[name](rest);
  process.stderr.write(`vrouter: unknown command '${first}'\n\n${HELP}`);
  return 2;
}

process.exitCode = await main(process.argv[1], process.argv.slice(2));
