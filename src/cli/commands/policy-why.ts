import { randomInt } from 'node:crypto';
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
import { CommandError, SilentEnd, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { obstacleTo, type Probe, probe } from './policy-probe.ts';
import { requireRoot } from './root.ts';

interface WhyOptions {
  readonly output: 'text' | 'json';
  readonly sourcePort?: string;
  readonly probe?: boolean;
}

/** `vrouter policy why`: the verdict about one packet, both ends of it, with all that was looked at on the way. */
export function whyCommand(io: Io): Command {
  return new Command('why')
    .description(
      'Say whether a packet may go from one end to another, and which rule decides. Exit code: 0 allowed, 1 denied, 2 for a question that can not be asked, 3 where no daemon answers, 4 where a probe says otherwise.',
    )
    .argument('<source>', 'a pod as namespace/name, an address, or a node')
    .argument('<destination>', 'the same')
    .argument(
      '<protocol>',
      'protocol and port: tcp/443, udp/dns (a port that the destination names), icmp, icmp/3/4, 50',
    )
    .option('--source-port <port>', 'the port that it comes from')
    .option(
      '--probe',
      'send such a packet too (tcp, udp or an echo), from its pod or this node, and say what came of it',
    )
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(async (source: string, destination: string, carried: string, { output, ...options }: WhyOptions) => {
      requireRoot(io);
      const { sourcePort, probe: isProbe = false } = options;
      // A connection of before would answer for another verdict: each probe is a new one.
      const port = sourcePort === undefined ? (isProbe ? freshPort() : undefined) : portNumber(sourcePort);
      const question = {
        ...({ op: 'policy.why', source, destination, carried } as const),
        ...(port !== undefined && { sourcePort: port }),
        ...(isProbe && { probe: true }),
      };
      const answer: ProbedAnswer = await request(socketPath(io.env), question, whySchema);
      const line = `vrouter policy why ${source} ${destination} ${carried} --probe`;
      const probed = isProbe ? { ...answer, verdicts: await probeAll(answer.verdicts, line, io) } : answer;
      io.stdout(output === 'json' ? `${JSON.stringify(probed, undefined, 2)}\n` : whyText(probed));
      const code = exitCode(probed);
      if (code > 0) throw new SilentEnd(code);
    });
}

interface ProbedVerdict extends WhyVerdict {
  readonly probe?: Probe | Unsent;
}

interface ProbedAnswer extends WhyAnswer {
  readonly verdicts: ProbedVerdict[];
}

/** No packet was sent, and why. */
interface Unsent {
  readonly said: 'not sent';
  readonly words: string;
}

async function probeAll(verdicts: readonly WhyVerdict[], line: string, io: Io): Promise<ProbedVerdict[]> {
  const probed: ProbedVerdict[] = [];
  for (const verdict of verdicts) probed.push({ ...verdict, probe: await sendFor(verdict, line, io) });
  return probed;
}

async function sendFor(verdict: WhyVerdict, line: string, io: Io): Promise<Probe | Unsent> {
  const words = obstacleTo(verdict, line);
  if (words !== undefined) return { said: 'not sent', words };
  try {
    return await probe(verdict, io);
  } catch (error) {
    if (error instanceof CommandError) return { said: 'not sent', words: error.message };
    throw error;
  }
}

/** A probe that says otherwise counts more than one that was not sent, and that more than the verdict. */
function exitCode({ allowed, verdicts }: ProbedAnswer): number {
  const probes = verdicts.flatMap((one) => one.probe ?? []);
  if (probes.some((one) => 'agrees' in one && one.agrees === false)) return 4;
  if (probes.some(({ said }) => said === 'not sent')) return 2;
  return allowed ? 0 : 1;
}

/** Of those that clients have (RFC 6335 §6). */
function freshPort(): number {
  return randomInt(49_152, 65_536);
}

function probeLine(sent: Probe | Unsent): string {
  if (!('dropped' in sent)) return `  probe: NOT SENT: ${sent.words}`;
  const verdict = sent.agrees === undefined ? 'can not tell' : sent.agrees ? 'agrees' : 'CONTRADICTS';
  return `  probe: ${verdict}: ${sent.said} came back; ${sent.words}`;
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port > 0 && port <= 65_535) return port;
  throw new UsageError(`--source-port ${JSON.stringify(text)} is not a number from 1 to 65535`);
}

function whyText({ verdicts }: ProbedAnswer): string {
  return verdicts.map(verdictText).join('\n');
}

function verdictText({ source, destination, protocol, allowed, ...rest }: ProbedVerdict): string {
  const { egress, ingress, host, kernel, destinationPort, icmp, probe: sent } = rest;
  const what = icmp === undefined ? (destinationPort ?? '') : `type ${icmp.type} code ${icmp.code}`;
  const agrees = kernel.agrees === undefined ? 'not asked' : kernel.agrees ? 'agrees' : 'DISAGREES';
  return [
    `${allowed ? 'ALLOWED' : 'DENIED'}  ${source} → ${destination} ${protocol} ${what}`.trimEnd(),
    ...decisionLines(egress),
    ...decisionLines(ingress),
    ...(host === undefined ? [] : hostLines(host)),
    `  kernel: ${agrees}: ${kernel.words}`,
    ...(sent === undefined ? [] : [probeLine(sent)]),
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

/** The judge's words where there is no endpoint. */
const NOBODY = 'no policy is asked';

function askedLines(asked: WhyDecision['asked']): readonly string[] {
  return asked.flatMap(({ tier, policy, rules: all }) => [
    `    ${tier === undefined ? '' : `${tier}: `}${policy}${all.length === 0 ? ' (no rules)' : ''}`,
    ...all.map(({ index, name, action, because }) => `      ${action} rule ${name ?? index}: ${because ?? 'decides'}`),
  ]);
}
