import { countedDropsSchema } from '../../control/answers.ts';
import { type CountedDrop, request, socketPath, type WhyDecision, type WhyVerdict } from '../../control/index.ts';
import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';

/** The outcome of a real packet, beside policy's verdict on it. */
export interface Probe {
  /** The answer: `connected`, `answered`, `refused` (nobody listens there), an error's name, or `nothing`. */
  readonly said: string;
  /** Drops of this node that counted packets meanwhile, by name. */
  readonly dropped: readonly string[];
  /** Absent: what came back says neither that it arrived nor that it was dropped here. */
  readonly agrees?: boolean;
  readonly words: string;
}

/** Milliseconds that an answer is waited for: a second SYN goes out meanwhile. */
const PATIENCE = 2500;

/** Answers with one word. Whose packet is refused by this kernel itself is told an error too. */
const SENDER = `
const [protocol, from, fromPort, to, toPort, patience] = process.argv.slice(1);
const tell = (word) => { console.log(word); process.exit(); };
setTimeout(tell, +patience, 'nothing');
const failed = ({ code }) => tell(code === 'ECONNREFUSED' ? 'refused' : code);
if (protocol === 'tcp') {
  require('node:net').connect({ host: to, port: +toPort, localAddress: from, localPort: +fromPort })
    .on('connect', () => tell('connected')).on('error', failed);
} else {
  const socket = require('node:dgram').createSocket(to.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', failed).on('message', () => tell('answered'));
  socket.bind(+fromPort, from, () => socket.connect(+toPort, to, (error) => {
    if (error) return failed(error);
    const send = () => socket.send('vrouter policy why --probe', (error) => error && failed(error));
    send();
    setInterval(send, 500);
  }));
}`;

/**
 * Sends a packet as the question says, from where its source is, and says whether what came of it is what policy says.
 */
export async function probe(verdict: WhyVerdict, io: Io): Promise<Probe> {
  const command = commandOf(verdict);
  const before = await counts(io);
  const said = await send(command, verdict, io);
  const now = await counts(io);
  const dropped = [...now].filter(([key, { packets }]) => packets > (before.get(key)?.packets ?? 0));
  return judge(
    verdict,
    said,
    dropped.map(([, drop]) => drop),
  );
}

/** Why it can't be sent from here; undefined when it can. */
export function obstacleTo({ origin, protocol, source, icmp }: WhyVerdict, line: string): string | undefined {
  if (origin === undefined) return 'the daemon is of a version that does not know how';
  if (origin.at === 'elsewhere') {
    const where = origin.node === undefined ? 'where it is' : `on node ${origin.node}`;
    return `${source} is neither a pod of this node nor the node itself; ask ${where}: ${line}`;
  }
  if (origin.at === 'pod' && origin.namespace === undefined) {
    return `the network namespace of ${source} was not found: not in /run/netns, nor among those of processes`;
  }
  const isEcho = icmp !== undefined && icmp.code === 0 && (icmp.type === 8 || icmp.type === 128);
  if (protocol === 'tcp' || protocol === 'udp' || isEcho) return undefined;
  return 'only tcp, udp and an echo of icmp can be sent';
}

type Origin = NonNullable<WhyVerdict['origin']>;

function commandOf({ origin, protocol, sourcePort, destinationPort }: WhyVerdict): readonly string[] {
  const { namespace, sourceAddress, destinationAddress } = origin as Origin;
  const inside = namespace === undefined ? [] : ['nsenter', `--net=${namespace}`, '--'];
  if (protocol.startsWith('icmp')) {
    const patience = String(Math.ceil(PATIENCE / 1000));
    return [...inside, 'ping', '-n', '-c1', `-W${patience}`, '-I', sourceAddress, destinationAddress];
  }
  const words = [protocol, sourceAddress, sourcePort, destinationAddress, destinationPort, PATIENCE].map(String);
  return [...inside, process.execPath, '-e', SENDER, ...words];
}

async function send([command, ...args]: readonly string[], { protocol }: WhyVerdict, io: Io): Promise<string> {
  const { code, output } = await io.exec(command, args);
  if (/not found|No such file/.test(output) || code === 127) {
    const missing = protocol.startsWith('icmp')
      ? 'nsenter (util-linux) or ping (iputils-ping)'
      : 'nsenter (util-linux)';
    throw new CommandError(`the packet can not be sent: ${missing} is not installed: ${output.trim()}`);
  }
  if (protocol.startsWith('icmp')) {
    if (code === 0) return 'answered';
    return /prohibited|not permitted/.exec(output)?.[0] ?? (/unreachable/i.test(output) ? 'unreachable' : 'nothing');
  }
  const word = output.trim();
  if (code !== 0 || word.includes('\n')) throw new CommandError(`the packet could not be sent: ${word}`);
  return word;
}

async function counts(io: Io): Promise<ReadonlyMap<string, CountedDrop>> {
  const drops = await request(socketPath(io.env), { op: 'drops.counted' }, countedDropsSchema);
  return new Map(drops.map((drop) => [`${drop.family} ${drop.why}`, drop]));
}

/** These say that the packet was where it should be, unless a drop here has counted one that it refused. */
const ARRIVED = ['connected', 'answered', 'refused'];

function judge(verdict: WhyVerdict, said: string, counted: readonly CountedDrop[]): Probe {
  const family = verdict.origin?.destinationAddress.includes(':') ? 6 : 4;
  const drops = counted.filter((drop) => drop.family === family);
  const dropped = drops.map(({ why }) => why);
  const named = drops.find((drop) => denials(verdict).some((decision) => isBy(drop, decision)));
  const hasArrived = said === 'refused' ? drops.length === 0 : ARRIVED.includes(said);
  const at = (words: string, agrees?: boolean): Probe => ({
    ...{ said, dropped, words },
    ...(agrees !== undefined && { agrees }),
  });
  if (hasArrived) {
    return verdict.allowed ? at('it arrived, as policy says', true) : at('it arrived, and policy denies it', false);
  }
  if (verdict.allowed) {
    if (drops.length > 0) return at(`policy allows it, and it was dropped here by ${dropped.join(', ')}`, false);
    return at('nothing here dropped it by policy: nobody answers there, or something else or another node drops it');
  }
  if (named !== undefined) return at(`it was dropped by ${named.why}, as policy says`, true);
  if (drops.length > 0) {
    return at(`it was dropped here, but by ${dropped.join(', ')}: policy says something else`, false);
  }
  if (denials(verdict).every(({ isHere }) => !isHere)) {
    return at('no answer, as when the other node drops it; what it dropped says there: vrouter drops', undefined);
  }
  return at('no answer, but no drop of policy here has counted it: something else drops it before');
}

function denials({ egress, ingress, host }: WhyVerdict): readonly WhyDecision[] {
  return [egress, ingress, ...(host === undefined ? [] : [host])].filter(({ allowed }) => !allowed);
}

/** Whether the drop is what the decision says: of the same rule or the same end of a tier, or of no policy. */
function isBy(drop: CountedDrop, { direction, tier, policy, rule, decidedBy }: WhyDecision): boolean {
  if (drop.direction !== undefined && drop.direction !== direction) return false;
  if (rule !== undefined && policy !== undefined) {
    return drop.policy === policy && drop.rule === (rule.name ?? String(rule.index));
  }
  if (tier !== undefined) return drop.tier === tier && drop.rule === undefined;
  return drop.policy === undefined && (drop.tier === undefined || decidedBy.includes('profile'));
}
