import { Command, Option } from 'commander';
import { countedDropsSchema, droppedSchema } from '../../control/answers.ts';
import { type CountedDrop, type DroppedPacket, request, socketPath } from '../../control/index.ts';
import type { Io } from '../io.ts';
import { tabulate } from '../printers/tabwriter.ts';
import { requireRoot } from './root.ts';

interface DropsOptions {
  readonly follow?: boolean;
  readonly output: 'text' | 'json';
  readonly all?: boolean;
}

/** `vrouter drops`: how often each drop has dropped, or each packet as it is dropped. */
export function dropsCommand(io: Io): Command {
  return new Command('vrouter drops')
    .description(
      'Show what policy drops on this node, by name: how often since the rules were made, or with -f each packet as it comes (of each rule a few in a second).',
    )
    .option(
      '-f, --follow',
      'show packets as they are dropped, until interrupted; nothing is logged while nobody follows',
    )
    .option('-a, --all', 'without -f: those that have dropped nothing too')
    .addOption(
      new Option('-o, --output <format>', 'how to print it: json is a line for each')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addHelpText('after', '\nExit code: 0 they are shown, 2 wrong usage, 3 where no daemon answers.')
    .action(async ({ follow = false, output, all = false }: DropsOptions) => {
      requireRoot(io);
      if (follow) return followDrops(io, output);
      const counted = await request(socketPath(io.env), { op: 'drops.counted' }, countedDropsSchema);
      const shown = counted.filter(({ packets }) => all || packets > 0);
      if (output === 'json') for (const one of shown) io.stdout(`${JSON.stringify(one)}\n`);
      else io.stdout(shown.length === 0 ? 'Nothing has been dropped.\n' : countedText(shown));
    });
}

function countedText(drops: readonly CountedDrop[]): string {
  const rows = drops.map(({ packets, bytes, family, why }) => [String(packets), String(bytes), `IPv${family}`, why]);
  return tabulate([['PACKETS', 'BYTES', 'FAMILY', 'DROPPED BY'], ...rows]).replaceAll(/ +$/gm, '');
}

/** Until the daemon ends or somebody interrupts. */
async function followDrops(io: Io, output: 'text' | 'json'): Promise<void> {
  let after: number | undefined;
  for (;;) {
    const question = { op: 'drops.after', ...(after !== undefined && { after }) } as const;
    const { last, missed, packets } = await request(socketPath(io.env), question, droppedSchema);
    after = last;
    for (const one of packets) io.stdout(output === 'json' ? `${JSON.stringify(one)}\n` : droppedText(one));
    if (missed !== 0 && output === 'text') io.stdout(`(${missed < 0 ? 'some' : missed} more that came too fast)\n`);
  }
}

function droppedText({ at, source, destination, protocol, icmp, why }: DroppedPacket): string {
  const what = icmp === undefined ? protocol : `${protocol} type ${icmp.type} code ${icmp.code}`;
  return `${new Date(at).toISOString()} ${endText(source)} → ${endText(destination)} ${what}: ${why}\n`;
}

function endText({ address, name, port }: DroppedPacket['source']): string {
  const at = port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return name === undefined ? at : `${name} (${at})`;
}
