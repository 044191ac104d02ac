import { parseAddress, parsePrefix } from '../../base/index.ts';
import type { Problem } from '../form.ts';
import { DEFAULT_FAILSAFES, type Failsafe, type HostPacket, type HostSettings, judgeOnHost } from '../host.ts';
import type { Packet } from '../match.ts';
import { protocolNumber } from '../protocol.ts';
import { judge } from '../verdict.ts';
import { describeHostVerdict, describeVerdict } from '../words.ts';
import type { World } from '../world.ts';
import type { CaseFile, CaseHostPacket, CaseProbe, CaseStep, CaseWorld, HostCase, PodCase } from './format.ts';
import { Scene } from './scene.ts';

/** One case after it was judged. */
export interface CaseResult {
  readonly id: string;
  readonly title: string | undefined;
  readonly probes: number;
  /** Where a verdict is another one than the file says: the probe, and why. */
  readonly failures: readonly string[];
  readonly problems: readonly Problem[];
}

/** The node of host cases. */
const HERE = 'here';
const SOURCE_PORT = 40_000;

/** The world that host cases are about, where the file brings none of its own. */
const NO_WORLD: CaseWorld = { namespaces: {}, pods: [], serviceAccounts: {}, nodes: [] };

/** Says whether a packet goes through, and why. */
export type Judge = (packet: Packet) => { readonly allowed: boolean; readonly words: string };

/** The same of a packet that meets host endpoints. */
export type HostJudge = (packet: HostPacket) => { readonly allowed: boolean; readonly words: string };

/** The pure function, of a world and a node's settings. */
export function hostJudgeOf(world: World, settings: HostSettings): HostJudge {
  return (packet) => {
    const verdict = judgeOnHost(world, packet, settings);
    return { allowed: verdict.allowed, words: describeHostVerdict(verdict) };
  };
}

/** The pure function, of a world. */
export function judgeOf(world: World): Judge {
  return (packet) => {
    const verdict = judge(world, packet);
    return { allowed: verdict.allowed, words: describeVerdict(verdict) };
  };
}

/**
 * Judges every case of a file. `worlds` are of other files, for cases that name one that is not in theirs; `judgeIn` is
 * whoever is asked about packets between pods, of the world or of the scene that it was made of, `judgeOnHostIn` about
 * those that meet host endpoints.
 */
export async function runCases(
  file: CaseFile,
  worlds: Readonly<Record<string, CaseWorld>> = {},
  judgeIn: JudgeIn = judgeOf,
  judgeOnHostIn: JudgeOnHostIn = hostJudgeOf,
): Promise<readonly CaseResult[]> {
  const known = { ...worlds, ...file.worlds };
  const results: CaseResult[] = [];
  for (const one of file.cases) {
    results.push('steps' in one ? await runPodCase(one, known, judgeIn) : await runHostCase(one, known, judgeOnHostIn));
  }
  return results;
}

type JudgeIn = (world: World, scene: Scene) => Judge | Promise<Judge>;
type JudgeOnHostIn = (world: World, settings: HostSettings) => HostJudge | Promise<HostJudge>;

async function runPodCase(
  one: PodCase,
  worlds: Readonly<Record<string, CaseWorld>>,
  judgeIn: JudgeIn,
): Promise<CaseResult> {
  const { id, title } = one;
  const start = typeof one.world === 'string' ? worlds[one.world] : one.world;
  if (start === undefined) return { id, title, probes: 0, failures: [`there is no world ${one.world}`], problems: [] };
  const scene = new Scene(start);
  const failures: string[] = [];
  const told: Problem[] = [];
  let count = 0;
  for (const step of one.steps) {
    scene.change(step);
    const { world, problems } = scene.world();
    told.push(...problems);
    const probes = probesOf(step, [...scene.pods.keys()]);
    if (probes.length === 0) continue;
    const ask = await judgeIn(world, scene);
    for (const probe of probes) {
      count++;
      for (const packet of packetsOf(probe, scene)) {
        const { allowed, words } = ask(packet);
        if (allowed !== probe[4]) failures.push(`${probeText(probe)}: ${words}`);
      }
    }
  }
  return { id, title, probes: count, failures, problems: told };
}

function probesOf(step: CaseStep, pods: readonly string[]): CaseProbe[] {
  return step.expect.flatMap((expected) => {
    if ('probes' in expected) return expected.probes;
    const names = expected.pods ?? pods;
    return expected.matrix.flatMap((row, from) =>
      [...row].flatMap((cell, to): CaseProbe[] =>
        cell === '-' ? [] : [[names[from], names[to], expected.protocol, expected.port, cell === '.']],
      ),
    );
  });
}

/** One packet for each family that both ends have. */
function packetsOf([from, to, protocol, port, , extra]: CaseProbe, scene: Scene): Packet[] {
  const sources = addressesOf(from, scene);
  const destinations = addressesOf(to, scene);
  const number = protocolNumber(protocol) ?? 0;
  return sources.flatMap((source) =>
    destinations
      .filter(({ family }) => family === source.family)
      .map((destination) => ({
        source,
        destination,
        protocol: number,
        sourcePort: extra?.icmp === undefined ? (extra?.sourcePort ?? SOURCE_PORT) : 0,
        destinationPort: port,
        icmp: extra?.icmp && { type: extra.icmp[0], code: extra.icmp[1] },
      })),
  );
}

function addressesOf(end: string, scene: Scene) {
  const pod = scene.pods.get(end);
  return (pod === undefined ? [end] : [pod.ip].flat()).map((text) => parseAddress(text, 'probe'));
}

function probeText([from, to, protocol, port, allowed]: CaseProbe): string {
  return `${from} → ${to} ${protocol}/${port} should be ${allowed ? 'allowed' : 'denied'}`;
}

async function runHostCase(
  one: HostCase,
  worlds: Readonly<Record<string, CaseWorld>>,
  judgeOnHostIn: JudgeOnHostIn,
): Promise<CaseResult> {
  const scene = new Scene(Object.values(worlds)[0] ?? NO_WORLD);
  scene.change({ apply: one.policies, delete: [], labels: [], expect: [] });
  const { world, problems } = scene.world();
  const settings: HostSettings = {
    node: HERE,
    failsafeInbound: one.failsafeInbound?.map(failsafeOf) ?? DEFAULT_FAILSAFES.inbound,
    failsafeOutbound: one.failsafeOutbound?.map(failsafeOf) ?? DEFAULT_FAILSAFES.outbound,
    defaultEndpointToHostAction: one.defaultEndpointToHostAction ?? 'Drop',
  };
  const ask = await judgeOnHostIn(world, settings);
  const failures = one.packets.flatMap((packet) => {
    const { allowed, words } = ask(hostPacketOf(packet));
    if (allowed === (packet.want === 'accept')) return [];
    const { path, source, destination, protocol, port, want } = packet;
    return [`${path} ${source} → ${destination} ${protocol}/${port} should be ${want}: ${words}`];
  });
  return { id: one.id, title: one.title, probes: one.packets.length, failures, problems };
}

function failsafeOf({ protocol, port, net }: NonNullable<HostCase['failsafeInbound']>[number]): Failsafe {
  return { protocol: protocolNumber(protocol) ?? 0, port, net: net === undefined ? undefined : parsePrefix(net) };
}

function hostPacketOf(packet: CaseHostPacket): HostPacket {
  const destination = parseAddress(packet.destination);
  const { preDNATPort, preDNATDestination } = packet;
  return {
    path: packet.path,
    interfaceName: packet.interface,
    source: parseAddress(packet.source),
    destination,
    protocol: protocolNumber(packet.protocol) ?? 0,
    sourcePort: packet.sourcePort ?? SOURCE_PORT,
    destinationPort: packet.port,
    state: packet.state,
    before:
      preDNATPort === undefined && preDNATDestination === undefined
        ? undefined
        : {
            destination: preDNATDestination === undefined ? destination : parseAddress(preDNATDestination),
            destinationPort: preDNATPort ?? packet.port,
          },
  };
}
