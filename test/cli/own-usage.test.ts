import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import t from 'tap';
import {
  runBgp,
  runBundle,
  runFlows,
  runLedger,
  runPolicy,
  runStatus,
  runTest,
  runTimeline,
} from '../../src/cli/index.ts';
import { type Io, processIo } from '../../src/cli/io.ts';
import { wholeTree } from '../../src/cli/own-commands.ts';
import { Cluster } from './harness.ts';

/** What people do at a command line that is not quite right, where no daemon runs. */

type Run = (argv: readonly string[], io: Partial<Io>) => Promise<number>;

const runTests: Run = (argv, io) => runTest(argv, { lab: async () => undefined }, io);

async function said(run: Run, line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(
    line.split(' ').filter((word) => word !== ''),
    {
      stdout: (text) => out.push(text),
      stderr: (text) => err.push(text),
      env: { VROUTER_SOCKET: '/nowhere/vrouter.sock', DATASTORE_TYPE: 'memory' },
      uid: 0,
      cwd: '/',
    },
  );
  return { code, stdout: out.join(''), stderr: err.join('') };
}

interface Mistake {
  readonly run: Run;
  readonly line: string;
  readonly says: string;
}

const MISTAKES: readonly Mistake[] = [
  {
    run: runStatus,
    line: '--wat',
    says: "unknown option '--wat'; did you mean '--wait'?\nSee: vrouter status --help\n",
  },
  {
    run: runStatus,
    line: 'gadgets',
    says: "'gadgets' is none of routes, tunnels, endpoints, nat, egress, services (what)\nSee: vrouter status --help\n",
  },
  {
    run: runStatus,
    line: '-o yaml',
    says: "'yaml' is none of table, json (-o, --output <format>)\nSee: vrouter status --help\n",
  },
  {
    run: runStatus,
    line: '--timeout x',
    says: "'x': seconds are expected, a day of them at most (--timeout <seconds>)\nSee: vrouter status --help\n",
  },
  {
    run: runTimeline,
    line: 'pod a',
    says: '"a" is not namespace/name\nSee: vrouter timeline pod --help\n',
  },
  {
    run: runBgp,
    line: 'neighbour 192.0.2.1 eaten',
    says: "'eaten' is none of received, accepted, filtered, advertised, not-exported (routes)\nSee: vrouter bgp neighbor --help\n",
  },
  { run: runBgp, line: 'sumary', says: "unknown command 'sumary'; did you mean 'summary'?\nSee: vrouter bgp --help\n" },
  { run: runLedger, line: 'somewhere', says: 'invalid IP address specified: somewhere\n' },
  {
    run: runFlows,
    line: '--since yesterday',
    says: 'invalid time specified: yesterday. Use one such as 2026-01-02T15:04:05Z, 2026-01-02 15:04, 15:04 (the last one), or 10m (ago)\n',
  },
  {
    run: runTests,
    line: 'connectivity --dns a@b',
    says: "'a@b': NAME or NAME@ADDRESS is expected, such as example.com@10.96.0.10 (--dns <name[@address]>)\nSee: vrouter test connectivity --help\n",
  },
];

for (const { run, line, says } of MISTAKES) {
  t.test(`${line}: what is wrong is said first, then where more is told`, async (t) => {
    t.same(await said(run, line), { code: 2, stdout: '', stderr: says });
  });
}

for (const [name, run] of Object.entries({ bgp: runBgp, policy: runPolicy, timeline: runTimeline, test: runTests })) {
  t.test(`vrouter ${name} alone says which commands it has, in 80 columns`, async (t) => {
    const { code, stdout, stderr } = await said(run, '');
    t.equal(code, 2);
    t.equal(stdout, '');
    t.match(stderr, new RegExp(`^Usage: vrouter ${name} \\[options\\] \\[command\\]\n[^]*Commands:\n`));
    t.same(
      stderr.split('\n').filter((row) => row.length > 80),
      [],
    );
    t.match(await said(run, '--help'), { code: 0, stdout: stderr, stderr: '' });
  });
}

/** Its commands that are Calico's, of other rooms, or that only print. */
const OTHERS = ['calicoctl', 'ipam', 'daemon', 'cni', 'install-cni', 'lab', 'completion', 'version'];

t.test('each command says its exit codes in its help', async (t) => {
  const [, help] = /const HELP = `([\s\S]*?)`;/.exec(readFileSync('src/main.ts', 'utf8')) ?? [];
  const silent: string[] = [];
  const look = (command: Command): void => {
    for (const one of command.commands) look(one);
    let text = '';
    command.configureOutput({ writeOut: (more) => (text += more) }).outputHelp();
    if (command.commands.length === 0 && !/exit code/i.test(text)) silent.push(command.name());
  };
  for (const command of wholeTree(processIo(), { help, others: {} }).commands) {
    if (!OTHERS.includes(command.name())) look(command);
  }
  t.same(silent, []);
});

t.test('help is where people look for it', async (t) => {
  const ask = (...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['src/main.ts', ...words], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  const told = ask('help', 'policy', 'why');
  t.match(told, { status: 0, stdout: /^Usage: vrouter policy why /, stderr: '' });
  t.same(told, ask('policy', 'why', '--help'));
  t.match(ask('cni', '--help'), { status: 0, stdout: /^Usage: vrouter cni, by a container runtime/, stderr: '' });
  t.match(ask('completion', '--help'), { status: 0, stdout: /^Usage: vrouter completion / });
  t.match(ask('help'), { status: 0, stdout: /^vRouter: / });
  t.match(ask('statsu'), { status: 2, stderr: /^vrouter: unknown command 'statsu'\n/ });
});

t.test('a group of calicoctl alone is answered as Calico does', async (t) => {
  t.same(await new Cluster().run('ipam'), {
    code: 1,
    stdout: '',
    stderr: "invalid option: 'calicoctl ipam'. Use flag '--help' to read about a specific subcommand.\n",
  });
});

t.test('where no daemon answers, it is said how there will be one', async (t) => {
  const { code, stderr } = await said(runStatus, '');
  t.equal(code, 3);
  t.match(
    stderr,
    /^the vRouter daemon does not answer on \/nowhere\/vrouter\.sock: .*\nStart it: systemctl start vrouter, or see its pod\. VROUTER_SOCKET names another socket\.\n$/,
  );
});

t.test('a bundle that can not be written is said before anything is gathered', async (t) => {
  t.same(await said(runBundle, '-o /nowhere/b.tar.gz'), {
    code: 1,
    stdout: '',
    stderr: "can't write /nowhere/b.tar.gz: there is no folder /nowhere\n",
  });
});
