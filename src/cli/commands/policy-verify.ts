import { Command, Option } from 'commander';
import { verifySchema } from '../../control/answers.ts';
import { request, socketPath } from '../../control/index.ts';
import { SilentEnd } from '../errors.ts';
import type { Io } from '../io.ts';
import { requireRoot } from './root.ts';

/** `vrouter policy verify`: the kernel's tables, read back, against what policy says. */
export function verifyCommand(io: Io): Command {
  return new Command('verify')
    .description(
      "Read the kernel's tables back and compare what they do with packets at the borders of all rules with what policy says. No packet is sent. Exit code: 0 the same, 1 for a difference, 2 where it can not be asked, 3 where no daemon answers.",
    )
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(async ({ output }: { readonly output: 'text' | 'json' }) => {
      requireRoot(io);
      const answer = await request(socketPath(io.env), { op: 'policy.verify' }, verifySchema);
      const { endpoints, hosts = 0, packets, disagreements, more } = answer;
      if (output === 'json') io.stdout(`${JSON.stringify(answer, undefined, 2)}\n`);
      else {
        for (const words of disagreements) io.stdout(`${words}\n`);
        if (more > 0) io.stdout(`and ${more} more\n`);
        const wrong = disagreements.length + more;
        io.stdout(
          `${endpoints} pods${hosts === 0 ? '' : `, ${hosts} interfaces with host endpoints`}, ${packets} packets, ${wrong} that the kernel treats otherwise than policy says\n`,
        );
      }
      if (disagreements.length > 0) throw new SilentEnd(1);
    });
}
