import { Command, Option } from 'commander';
import { whySchema } from '../../control/answers.ts';
import {
  type HostDecision,
  request,
  socketPath,
  type WhyAnswer,
  type WhyDecision,
  type WhyVerdict,
} from '../../control/index.ts';
import { SilentEnd, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { requireRoot } from './root.ts';

interface WhyOptions {
  readonly output: 'text' | 'json';
  readonly sourcePort?: string;
}

/** `vrouter policy why`: the verdict about one packet, both ends of it, with all that was looked at on the way. */
export function whyCommand(io: Io): Command {
  return new Command('why')
    .description(
      'Say whether a packet may go from one end to another, and which rule decides. Exit code: 0 allowed, 1 denied, 2 for a question that can not be asked, 3 where no daemon answers.',
    )
    .argument('<source>', 'a pod as namespace/name, an address, or a node')
    .argument('<destination>', 'the same')
    .argument(
      '<protocol>',
      'protocol and port: tcp/443, udp/dns (a port that the destination names), icmp, icmp/3/4, 50',
    )
    .option('--source-port <port>', 'the port that it comes from')
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(async (source: string, destination: string, carried: string, { output, sourcePort }: WhyOptions) => {
      requireRoot(io);
      const port = sourcePort === undefined ? {} : { sourcePort: portNumber(sourcePort) };
      const question = { op: 'policy.why', source, destination, carried, ...port } as const;
      const answer = await request(socketPath(io.env), question, whySchema);
      io.stdout(output === 'json' ? `${JSON.stringify(answer, undefined, 2)}\n` : whyText(answer));
      if (!answer.allowed) throw new SilentEnd(1);
    });
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port > 0 && port <= 65_535) return port;
  throw new UsageError(`--source-port ${JSON.stringify(text)} is not a number from 1 to 65535`);
}

function whyText({ verdicts }: WhyAnswer): string {
  return verdicts.map(verdictText).join('\n');
}

function verdictText({ source, destination, protocol, allowed, ...rest }: WhyVerdict): string {
  const { egress, ingress, host, kernel, destinationPort, icmp } = rest;
  const what = icmp === undefined ? (destinationPort ?? '') : `type ${icmp.type} code ${icmp.code}`;
  const agrees = kernel.agrees === undefined ? 'not asked' : kernel.agrees ? 'agrees' : 'DISAGREES';
  return [
    `${allowed ? 'ALLOWED' : 'DENIED'}  ${source} → ${destination} ${protocol} ${what}`.trimEnd(),
    ...decisionLines(egress),
    ...decisionLines(ingress),
    ...(host === undefined ? [] : hostLines(host)),
    `  kernel: ${agrees}: ${kernel.words}`,
    '',
  ].join('\n');
}

/** Paths of packets at a node, in words. */
const PATHS: Readonly<Record<string, string>> = {
  in: 'to the node',
  out: 'from the node',
  'forward-in': 'passing on to a pod',
  'forward-out': 'passing on from a pod',
  'pod-to-host': 'from a pod to its node',
  'host-to-pod': 'from the node to a pod of its own',
};

function hostLines({ path, hook, endpoint, allowed, decidedBy, asked, ...where }: HostDecision): readonly string[] {
  const by = where.interface === undefined ? '' : ` by ${where.interface}`;
  const whose = endpoint === undefined ? '' : `, host endpoint ${endpoint} (${hook})`;
  const verdict = `${allowed ? 'allowed' : 'denied'} by ${decidedBy}`;
  return [`  host: ${PATHS[path] ?? path}${by}${whose}: ${verdict}`, ...askedLines(asked)];
}

function decisionLines({ direction, allowed, endpoint, isHere, decidedBy, asked }: WhyDecision): readonly string[] {
  if (endpoint === undefined) {
    const why = decidedBy === NOBODY ? "nobody is asked, it is no pod's" : decidedBy;
    return [`  ${direction}: ${why}`];
  }
  const where = isHere ? '' : ', on another node';
  const verdict = `${allowed ? 'allowed' : 'denied'} by ${decidedBy}`;
  return [`  ${direction} of ${endpoint}${where}: ${verdict}`, ...askedLines(asked)];
}

/** What the judge says where nobody is. */
const NOBODY = 'no policy is asked';

function askedLines(asked: WhyDecision['asked']): readonly string[] {
  return asked.flatMap(({ tier, policy, rules: all }) => [
    `    ${tier === undefined ? '' : `${tier}: `}${policy}${all.length === 0 ? ' (no rules)' : ''}`,
    ...all.map(({ index, name, action, because }) => `      ${action} rule ${name ?? index}: ${because ?? 'decides'}`),
  ]);
}
