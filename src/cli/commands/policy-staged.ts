import { Command, Option } from 'commander';
import { stagedSchema } from '../../control/answers.ts';
import { request, type StagedFlow, socketPath } from '../../control/index.ts';
import type { Io } from '../io.ts';
import { tabulate } from '../printers/tabwriter.ts';
import { requireRoot } from './root.ts';

/** `vrouter policy staged`: what would change for live connections if all that is staged were enforced. */
export function stagedCommand(io: Io): Command {
  return new Command('staged')
    .description(
      "Show the live connections of this node's pods whose verdict would change if all staged policies were enforced.",
    )
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExit code: 0 it is shown, 2 where it can not be asked, 3 where no daemon answers.')
    .action(async ({ output }: { readonly output: 'text' | 'json' }) => {
      requireRoot(io);
      const answer = await request(socketPath(io.env), { op: 'policy.staged' }, stagedSchema);
      const { isStaged, flows, changed, more } = answer;
      if (output === 'json') io.stdout(`${JSON.stringify(answer, undefined, 2)}\n`);
      else if (!isStaged) io.stdout('No policy is staged.\n');
      else {
        if (changed.length > 0) io.stdout(table(changed));
        io.stdout(`${changed.length + more} of ${flows} connections would be treated otherwise\n`);
      }
    });
}

function table(flows: readonly StagedFlow[]): string {
  const rows = flows.map(({ source, destination, protocol, destinationPort, now, ifStaged, by }) => [
    source,
    destination,
    destinationPort === undefined ? protocol : `${protocol}/${destinationPort}`,
    `${word(now)} → ${word(ifStaged)}`,
    by,
  ]);
  return tabulate([['SOURCE', 'DESTINATION', 'PROTOCOL', 'CHANGE', 'BY'], ...rows]).replaceAll(/ +$/gm, '');
}

function word(allowed: boolean): string {
  return allowed ? 'allowed' : 'denied';
}
