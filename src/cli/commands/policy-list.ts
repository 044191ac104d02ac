import { Command, Option } from 'commander';
import { effectiveSchema } from '../../control/answers.ts';
import { type EffectiveAnswer, request, socketPath } from '../../control/index.ts';
import type { Io } from '../io.ts';
import { requireRoot } from './root.ts';

type Direction = EffectiveAnswer['directions'][number];
type Policy = Direction['profiles'][number];

interface ListOptions {
  readonly effective: string;
  readonly output: 'text' | 'json';
}

/** `vrouter policy list --effective`: all that a pod is asked, in order. */
export function listCommand(io: Io): Command {
  return new Command('list')
    .description(
      'List what a pod is asked, in order and for both directions, with the rules that can decide nothing marked.',
    )
    .requiredOption('--effective <pod>', 'the pod, as namespace/name or by an address')
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExit code: 0 it is listed, 2 for a pod that is not here, 3 where no daemon answers.')
    .action(async ({ effective, output }: ListOptions) => {
      requireRoot(io);
      const answer = await request(socketPath(io.env), { op: 'policy.effective', pod: effective }, effectiveSchema);
      io.stdout(output === 'json' ? `${JSON.stringify(answer, undefined, 2)}\n` : listText(answer));
    });
}

function listText({ pod, addresses, directions }: EffectiveAnswer): string {
  return `${[`${pod} (${addresses.join(', ')})`, ...directions.flatMap(directionLines)].join('\n')}\n`;
}

function directionLines({ direction, tiers, profiles }: Direction): readonly string[] {
  if (tiers.length + profiles.length === 0) return [`${direction}: nothing is asked`];
  return [
    direction,
    ...tiers.flatMap(({ tier, order, defaultAction, policies }) => [
      `  tier ${tier}${order === undefined ? '' : ` (order ${order})`}`,
      ...policies.flatMap(policyLines),
      `    at its end: ${defaultAction}`,
    ]),
    ...(profiles.length === 0 ? [] : ['  profiles', ...profiles.flatMap(policyLines), '    at their end: Deny']),
  ];
}

function policyLines({ policy, order, rules }: Policy): readonly string[] {
  return [
    `    ${policy}${order === undefined ? '' : ` (order ${order})`}`,
    ...rules.map(({ index, name, text, shadowedBy, dead }) => {
      const mark = shadowedBy === undefined ? dead && `DEAD: ${dead}` : `SHADOWED by ${shadowedBy}`;
      return `      ${name ?? index}: ${text}${mark ? `  [${mark}]` : ''}`;
    }),
  ];
}
