import { cp, mkdir, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { reasonOf } from '../../../base/index.ts';
import type { Io } from '../../io.ts';
import { timeStamp } from '../../printers/since.ts';
import { versionOption } from '../options.ts';
import { requireRoot } from '../root.ts';

interface Probe {
  /** The line to show while it runs; none for a quick one. */
  readonly title?: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly file: string;
}

/** The questions to the machine, and the file that each answer goes to. */
const PROBES: readonly Probe[] = [
  { command: ['date'], file: 'date' },
  { command: ['hostname'], file: 'hostname' },
  { command: ['uname', '-a'], file: 'uname' },
  { title: 'Dumping netstat', command: ['ss', '-a', '-n'], file: 'netstat' },
  { title: 'Dumping routes (IPv4)', command: ['ip', '-4', 'route', 'show', 'table', 'all'], file: 'ipv4_route' },
  { title: 'Dumping routes (IPv6)', command: ['ip', '-6', 'route', 'show', 'table', 'all'], file: 'ipv6_route' },
  { title: 'Dumping rules', command: ['ip', 'rule'], file: 'ipv4_rule' },
  { title: 'Dumping interface info (IPv4)', command: ['ip', '-4', 'addr'], file: 'ipv4_addr' },
  { title: 'Dumping interface info (IPv6)', command: ['ip', '-6', 'addr'], file: 'ipv6_addr' },
  { title: 'Dumping links', command: ['ip', '-d', '-s', 'link'], file: 'links' },
  { title: 'Dumping neighbours', command: ['ip', 'neigh'], file: 'neighbours' },
  { title: 'Dumping nftables', command: ['nft', 'list', 'ruleset'], file: 'nft_ruleset' },
  { title: 'Dumping iptables (IPv4)', command: ['iptables-save', '-c'], file: 'ipv4_tables' },
  { title: 'Dumping iptables (IPv6)', command: ['ip6tables-save', '-c'], file: 'ipv6_tables' },
  {
    title: 'Copying journal for vrouter.service',
    command: ['journalctl', '-u', 'vrouter.service', '--no-pager'],
    file: 'journalctl_vrouter',
  },
];

export function diagsCommand(io: Io): Command {
  return versionOption(new Command('diags'))
    .description('Collect what is needed to find out what is wrong with this node, in one archive.')
    .option('--log-dir <LOG_DIR>', 'directory with the logs', '/var/log/calico')
    .action(async (options: { readonly logDir: string }) => {
      requireRoot(io);
      io.stdout('Collecting diagnostics\n');
      const directory = await mkdtemp(join(tmpdir(), 'calico'));
      io.stdout(`Using temp dir: ${directory}\n`);
      const collected = join(directory, 'diagnostics');
      await mkdir(collected);
      for (const probe of PROBES) await run(io, probe, collected);
      await copyLogs(io, options.logDir, join(collected, 'logs'));
      const archive = join(directory, `diags-${timeStamp(io.clock.wallTime())}.tar.gz`);
      const packed = await io.exec('tar', ['-C', directory, '-zcf', archive, 'diagnostics']);
      if (packed.code !== 0) io.stdout(`Error compressing the diagnostics: ${packed.output.trim()}\n`);
      io.stdout(`\nDiags saved to ${packed.code === 0 ? archive : collected}\n`);
    });
}

/** A probe that fails is told of, and its output kept: that too says something. */
async function run(io: Io, { title, command, file }: Probe, directory: string): Promise<void> {
  if (title !== undefined) io.stdout(`${title}\n`);
  const [program, ...args] = command;
  const { code, output } = await io.exec(program, args);
  if (code !== 0) io.stdout(`Failed to run command: ${command.join(' ')}\nError: ${output.trimEnd()}\n`);
  await writeFile(join(directory, file), output);
}

async function copyLogs(io: Io, from: string, to: string): Promise<void> {
  try {
    if (!(await stat(from)).isDirectory()) {
      io.stdout(`No logs found in ${from}; skipping log copying\n`);
      return;
    }
    io.stdout('Copying Calico logs\n');
    await cp(from, to, { recursive: true });
  } catch (error) {
    io.stdout(`Error copying log files: ${reasonOf(error)}\n`);
  }
}
