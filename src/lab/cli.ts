import { Command, InvalidArgumentError } from 'commander';
import { reasonOf } from '../base/index.ts';
import { labDown, labExec, labLoss, labStatus } from './commands.ts';
import { LabError } from './errors.ts';
import { MAX_NODES, MAX_SUBNETS } from './plan.ts';
import { programsOf } from './program.ts';
import { loadTopology } from './topology/index.ts';
import { labUp } from './up.ts';

/** Runs one `vrouter lab …` command line; resolves to the exit code. */
export async function runLab(args: readonly string[], world: NodeJS.Process): Promise<number> {
  let code = 0;
  const lab = labCommand(world, (ended) => {
    code = ended;
  });
  try {
    await lab.parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : 2;
    world.stderr.write(`vrouter lab: ${reasonOf(error)}\n`);
    return 1;
  }
}

/** `vrouter lab` as a command line; `onEnd` hears the exit code of what was run. */
export function labCommand(world: NodeJS.Process, onEnd: (code: number) => void = () => {}): Command {
  const lab = new Command('vrouter lab')
    .description('a cluster of nodes in network namespaces of this machine')
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => world.stdout.write(text), writeErr: (text) => world.stderr.write(text) });
  const command = (name: string): Command => lab.command(name).option('--name <name>', 'name of the lab', 'lab');

  command('up')
    .description('build a lab, report on it, and keep it until Ctrl-C')
    .option('--nodes <count>', 'nodes', number(1, MAX_NODES), 3)
    .option('--pods <count>', 'pods on each node', number(0, 1000), 2)
    .option('--subnets <count>', 'subnets that the nodes take in turn', number(1, MAX_SUBNETS), 1)
    .option('--dual-stack', 'IPv6 beside IPv4, for nodes and pods', false)
    .option('--topology <file>', 'nodes, routers and cables from a file in the format of containerlab')
    .option('--env <name=value>', 'setting of every daemon; can be repeated', setting, {})
    .option('--exit', 'remove the lab after the report', false)
    .option('--json', 'report as JSON', false)
    .action(async ({ env: environment, topology: file, ...options }, up: Command) => {
      checkRoot(world);
      const drawn = file === undefined ? undefined : await loadTopology(file);
      const name =
        up.getOptionValueSource('name') === 'default' ? (drawn?.topology.name ?? options.name) : options.name;
      const programs = programsOf(world.argv[1]);
      onEnd(await labUp({ ...options, name, environment, programs, ...(drawn && { drawn }) }, world));
    });
  command('status')
    .description('what each node of a lab says of itself')
    .action(async ({ name }) => {
      world.stdout.write(await labStatus(name));
    });
  command('exec')
    .description('run a command on a node, or in a pod')
    .argument('<place>', 'name of a node or pod, such as node1 or node1-p1')
    .argument('<command...>', 'the command, after --')
    .passThroughOptions()
    .action(async (place, words, { name }) => {
      checkRoot(world);
      onEnd(await labExec(name, place, words[0] === '--' ? words.slice(1) : words, programsOf(world.argv[1])));
    });
  command('loss')
    .description('break cables and routers of a fabric, one after another, and count the packets that pods lose')
    .option('--cut <node:interface>', 'only the cable with this end; can be repeated', more, [])
    .option('--kill <router>', 'only this router or reflector, with all its cables; can be repeated', more, [])
    .option('--silent', 'interfaces stay up, so that only BFD and hold times notice', false)
    .option('--seconds <count>', 'how long to watch after each change', number(1, 600), 3)
    .option('--json', 'report as JSON', false)
    .action(async (options) => {
      checkRoot(world);
      onEnd(await labLoss(options, world));
    });
  command('down')
    .description('end a lab, or remove what a killed one left')
    .action(async ({ name }) => {
      checkRoot(world);
      world.stdout.write(await labDown(name));
    });

  return lab;
}

function checkRoot(world: NodeJS.Process): void {
  if (world.getuid?.() === 0) return;
  throw new LabError(
    'NOT_ROOT',
    'this needs root, to make network namespaces and links and to route between them; try it with sudo',
  );
}

function more(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function setting(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('use NAME=VALUE, such as CALICO_IPV4POOL_IPIP=CrossSubnet.');
  return { ...before, [name]: value };
}

function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`use a whole number from ${least} to ${most}.`);
  };
}
