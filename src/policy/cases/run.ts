import { type Address, parseAddress, parsePrefix, tryParseAddress } from '../../base/index.ts';
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
    failures.push(...scene.change(step));
    const { world, problems } = scene.world();
    told.push(...problems);
    const probes = step.expect.flatMap((expected): readonly CaseProbe[] => {
      if ('probes' in expected) return expected.probes;
      const names = expected.pods ?? [...scene.pods.keys()];
      failures.push(...misfits(expected.matrix, names.length));
      return probesOf(expected, names);
    });
    if (probes.length === 0) continue;
    const ask = await judgeIn(world, scene);
    for (const probe of probes) {
      count++;
      const packets = packetsOf(probe, scene);
      if (typeof packets === 'string') failures.push(packets);
      else
        for (const packet of packets) {
          const { allowed, words } = ask(packet);
          if (allowed !== probe[4]) failures.push(`${probeText(probe)}: ${words}`);
        }
    }
  }
  return { id, title, probes: count, failures, problems: told };
}

type Matrix = Exclude<CaseStep['expect'][number], { readonly probes: unknown }>;

/** Rows and cells that are not as many as there are pods. */
function misfits(matrix: Matrix['matrix'], pods: number): readonly string[] {
  if (matrix.length !== pods) return [`a matrix of ${pods} pods has ${matrix.length} rows`];
  return matrix.flatMap((row, at) =>
    row.length === pods ? [] : [`row ${at + 1} of a matrix of ${pods} pods has ${row.length} cells`],
  );
}

function probesOf({ protocol, port, matrix }: Matrix, names: readonly string[]): CaseProbe[] {
  return matrix
    .slice(0, names.length)
    .flatMap((row, from) =>
      [...row]
        .slice(0, names.length)
        .flatMap((cell, to): CaseProbe[] =>
          cell === '-' ? [] : [[names[from], names[to], protocol, port, cell === '.']],
        ),
    );
}

/** One packet for each family that both ends have; a text tells why there is none. */
function packetsOf(probe: CaseProbe, scene: Scene): Packet[] | string {
  const [from, to, protocol, port, , extra] = probe;
  const [sources, destinations] = [addressesOf(from, scene), addressesOf(to, scene)];
  if (typeof sources === 'string') return sources;
  if (typeof destinations === 'string') return destinations;
  const packets = sources.flatMap((source) =>
    destinations
      .filter(({ family }) => family === source.family)
      .map((destination) => ({
        source,
        destination,
        protocol: protocolNumber(protocol) ?? 0,
        sourcePort: extra?.icmp === undefined ? (extra?.sourcePort ?? SOURCE_PORT) : 0,
        destinationPort: port,
        icmp: extra?.icmp && { type: extra.icmp[0], code: extra.icmp[1] },
      })),
  );
  return packets.length > 0 ? packets : `${endsText(probe)}: they have no IP version in common`;
}

function addressesOf(end: string, scene: Scene): readonly Address[] | string {
  const pod = scene.pods.get(end);
  if (pod !== undefined) return [pod.ip].flat().map((text) => parseAddress(text));
  const address = tryParseAddress(end);
  return address === undefined ? `${JSON.stringify(end)} is neither a pod nor an address` : [address];
}

function probeText(probe: CaseProbe): string {
  return `${endsText(probe)} should be ${probe[4] ? 'allowed' : 'denied'}`;
}

function endsText([from, to, protocol, port]: CaseProbe): string {
  return `${from} → ${to} ${protocol}/${port}`;
}

async function runHostCase(
  one: HostCase,
  worlds: Readonly<Record<string, CaseWorld>>,
  judgeOnHostIn: JudgeOnHostIn,
): Promise<CaseResult> {
  const scene = new Scene(Object.values(worlds)[0] ?? NO_WORLD);
  const odd = scene.change({ apply: one.policies, delete: [], labels: [], expect: [] });
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
  return { id: one.id, title: one.title, probes: one.packets.length, failures: [...odd, ...failures], problems };
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
