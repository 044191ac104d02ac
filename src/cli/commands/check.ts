import { Command, Option } from 'commander';
import { type Judgement, judge } from '../check/judgements.ts';
import { lookAtHost } from '../check/look.ts';
import type { ConfigOptions } from '../config.ts';
import { SilentEnd } from '../errors.ts';
import type { Io } from '../io.ts';
import { requireRoot } from './root.ts';

interface CheckOptions extends ConfigOptions {
  readonly output: 'text' | 'json';
}

/** `vrouter check`: before installation, whether this host will do. */
export function checkCommand(io: Io): Command {
  return new Command('vrouter check')
    .description(
      'Look at this host before vRouter is installed: kernel, nft, ports, MTU, other networks, routes, clock, datastore. Nothing is changed. Exit code: 0 it will do, 1 it will not, 2 wrong usage.',
    )
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .option('-c, --config <file>', 'how to reach the datastore, as for calicoctl')
    .action(async ({ output, ...options }: CheckOptions) => {
      requireRoot(io);
      const found = judge(await lookAtHost(io, options));
      if (output === 'json') io.stdout(`${JSON.stringify(found, undefined, 2)}\n`);
      else io.stdout(found.map(lineOf).join(''));
      if (found.some(({ result }) => result === 'failure')) throw new SilentEnd(1);
    });
}

function lineOf({ check, result, detail, next }: Judgement): string {
  const advice = next === undefined ? '' : `${' '.repeat(31)}→ ${next}\n`;
  return `${result.padEnd(9)} ${check.padEnd(20)} ${detail}\n${advice}`;
}
