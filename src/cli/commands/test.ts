import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { openKubernetesApi } from '../../datastore/index.ts';
import { type ConfigOptions, configOf } from '../config.ts';
import {
  connectivityJunit,
  connectivityText,
  type TestStage,
  type TestTarget,
  testConnectivity,
} from '../connectivity/index.ts';
import { SilentEnd, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { seconds } from './options.ts';
import { requireRoot } from './root.ts';

/** Places of other rooms where a test can be. */
export interface TestStages {
  readonly lab: (name: string) => Promise<unknown>;
}

interface ConnectivityOptions extends ConfigOptions {
  readonly lab?: string | true;
  readonly nodes?: readonly string[];
  readonly pods?: readonly string[];
  readonly outside: readonly TestTarget[];
  readonly dns: readonly TestTarget[];
  readonly image?: string;
  readonly timeout: number;
  readonly all?: boolean;
  readonly output: 'text' | 'json';
  readonly junit?: string;
}

/** `vrouter test connectivity`: after installation, whether pods reach what they should. */
export function testCommand(io: Io, stages: TestStages): Command {
  const root = new Command('vrouter test').description('Try what vRouter is for, with pods and real packets.');
  root.addCommand(connectivityCommand(io, stages));
  return root;
}

function connectivityCommand(io: Io, stages: TestStages): Command {
  return new Command('connectivity')
    .description(
      'Make pods on each node, and try: pod to pod on the same node and on others, MTU with DF, policy that allows and denies, services, DNS, the world outside. Each failure has a reason and a next step. Everything is taken away again.',
    )
    .option('--lab [name]', "in a lab of this machine (it is called 'lab' unless said); without it in Kubernetes")
    .option('--nodes <names>', 'on these nodes alone, with commas between', words)
    .option('--pods <names>', 'these pods are asked, with commas between, and none is made for it', words)
    .option('--outside <host:port>', 'a TCP server outside that pods must reach; can be repeated', outside, [])
    .option(
      '--dns <name[@address]>',
      "a name that the pods' resolver must find, or the resolver at that address; can be repeated",
      dnsName,
      [],
    )
    .option('--image <image>', "in Kubernetes: vRouter's image, if it is not the one of its DaemonSet")
    .option('--timeout <seconds>', 'how long each answer is waited for', seconds, 5)
    .option('-a, --all', 'show what is well too')
    .option('--junit <file>', 'write the results as JUnit XML too')
    .option('-c, --config <file>', 'how to reach the datastore, as for calicoctl')
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExit code: 0 all is well, 1 something is not, 2 wrong usage.')
    .action(async (options: ConnectivityOptions) => {
      const stage = await stageOf(io, stages, options);
      const store = await io.openStore(stage.datastore);
      const { nodes, pods, timeout, output } = options;
      const tell = output === 'json' ? () => {} : (text: string) => io.stderr(`${text}\n`);
      const ended = closedBySignals(stage, io);
      try {
        const targets = [...options.outside, ...options.dns];
        const found = await testConnectivity(stage, store, io.clock, { nodes, pods, timeout, targets, tell });
        if (output === 'json') io.stdout(`${JSON.stringify(found, undefined, 2)}\n`);
        else io.stdout(connectivityText(found, options.all ?? false));
        if (options.junit !== undefined) await writeFile(resolve(io.cwd, options.junit), connectivityJunit(found));
        if (found.some(({ result }) => result === 'failure')) throw new SilentEnd(1);
      } finally {
        ended();
        await store.close();
      }
    });
}

async function stageOf(io: Io, stages: TestStages, options: ConnectivityOptions): Promise<TestStage> {
  if (options.lab !== undefined) {
    requireRoot(io);
    return (await stages.lab(options.lab === true ? 'lab' : options.lab)) as TestStage;
  }
  const config = await configOf(io, options);
  if (config.type !== 'kubernetes') {
    throw new UsageError(
      `pods can be made in a lab (--lab) and in Kubernetes (DATASTORE_TYPE=kubernetes), not beside the datastore '${config.type}'`,
    );
  }
  const { KubernetesStage } = await import('../connectivity/kubernetes/stage.ts');
  const api = await openKubernetesApi(config, io.clock);
  return new KubernetesStage({ api, config, clock: io.clock, image: options.image });
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** An interrupted test leaves no pods behind. Returns how to stop watching. */
function closedBySignals(stage: TestStage, io: Io): () => void {
  const onSignal = (): void => {
    io.stderr('interrupted: taking the pods away\n');
    void stage.close().finally(() => process.exit(130));
  };
  for (const signal of SIGNALS) process.once(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

function words(text: string): readonly string[] {
  const all = text.split(',').map((word) => word.trim());
  if (all.includes('')) throw new InvalidArgumentError('names are expected, with commas between');
  return all;
}

function outside(text: string, before: readonly TestTarget[]): readonly TestTarget[] {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new InvalidArgumentError('HOST:PORT is expected, such as 192.0.2.1:443');
  }
  return [...before, { kind: 'outside', host, port: Number(port), name: text }];
}

function dnsName(text: string, before: readonly TestTarget[]): readonly TestTarget[] {
  const [, host, resolver] = /^([^@\s]+)(?:@(\S+))?$/.exec(text) ?? [];
  if (host === undefined || (resolver !== undefined && isIP(resolver) === 0)) {
    throw new InvalidArgumentError('NAME or NAME@ADDRESS is expected, such as example.com@10.96.0.10');
  }
  const asked = resolver === undefined ? {} : { resolver };
  return [...before, { kind: 'dns', host, port: 0, name: text, ...asked }];
}
