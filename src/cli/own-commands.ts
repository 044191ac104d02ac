import { Command } from 'commander';
import { bgpCommand } from './commands/bgp.ts';
import { bundleCommand } from './commands/bundle.ts';
import { checkCommand } from './commands/check.ts';
import { completionCommand } from './commands/completion.ts';
import { drainCommand } from './commands/drain.ts';
import { dropsCommand } from './commands/drops.ts';
import { explainCommand } from './commands/explain.ts';
import { flowsCommand } from './commands/flows.ts';
import { ipamCommand } from './commands/ipam.ts';
import { ledgerCommand } from './commands/ledger.ts';
import { policyCommand } from './commands/policy.ts';
import { resyncCommand } from './commands/resync.ts';
import { statusCommand } from './commands/status.ts';
import { testCommand } from './commands/test.ts';
import { timelineCommand } from './commands/timeline.ts';
import { topCommand } from './commands/top.ts';
import { transferCommand } from './commands/transfer.ts';
import { webCommand } from './commands/web.ts';
import type { Io } from './io.ts';
import { program } from './program.ts';

/** The commands of `vrouter` that are made here, by the name that follows it. */
const OWN: Readonly<Record<string, (io: Io) => Command>> = {
  calicoctl: program,
  ipam: ipamCommand,
  datastore: transferCommand,
  status: statusCommand,
  bgp: bgpCommand,
  policy: policyCommand,
  drops: dropsCommand,
  flows: flowsCommand,
  ledger: ledgerCommand,
  timeline: timelineCommand,
  check: checkCommand,
  bundle: bundleCommand,
  explain: explainCommand,
  drain: drainCommand,
  test: (io) => testCommand(io, { lab: async () => undefined }),
  top: topCommand,
  resync: resyncCommand,
  web: webCommand,
  completion: completionCommand,
};

/** The parts of `vrouter` beyond this room. */
export interface Whole {
  /** Its own help: a line `  name  what it does` for each command. */
  readonly help: string;
  /** Commands of other rooms, by the name that follows `vrouter`. */
  readonly others: Readonly<Record<string, Command>>;
}

/** All of `vrouter` as one tree, which is read and never run: for completion and the manual. */
export function wholeTree(io: Io, { help, others }: Whole): Command {
  const [first = ''] = help.split('\n', 1);
  const root = new Command('vrouter').description(`${first.replace(/^vRouter: /, '')}.`).helpCommand(false);
  for (const [, name, description] of help.matchAll(/^ {2}([a-z-]+) {2,}(\S.*)$/gm)) {
    const command = others[name] ?? OWN[name]?.(io) ?? new Command(name).description(description);
    root.addCommand(command.name(name));
  }
  return root;
}
