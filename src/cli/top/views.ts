import type { BgpPeersAnswer, CountedDrop, ExplainedEntry, StatusAnswer } from '../../control/index.ts';
import { ago } from '../printers/ago.ts';

export const VIEW_NAMES = ['sessions', 'pods', 'policies', 'drops', 'blocks'] as const;
export type ViewName = (typeof VIEW_NAMES)[number];

/** The daemon's last answers; an absent one has not been asked for yet, or did not come. */
export interface TopAnswers {
  readonly status?: StatusAnswer;
  readonly peers?: BgpPeersAnswer;
  readonly pods?: readonly ExplainedEntry[];
  readonly drops?: readonly CountedDrop[];
  /** The drops before these, and the milliseconds between both: for rates. */
  readonly before?: { readonly drops: readonly CountedDrop[]; readonly age: number };
}

export interface TopRow {
  readonly cells: readonly string[];
  /** Whether somebody should look at it. */
  readonly isBad: boolean;
}

export interface TopTable {
  readonly columns: readonly string[];
  readonly rows: readonly TopRow[];
}

/** The table of a view; undefined while it has not been answered. `now`: milliseconds since 1970. */
export function tableOf(view: ViewName, answers: TopAnswers, now: number): TopTable | undefined {
  switch (view) {
    case 'sessions':
      return answers.peers && sessions(answers.peers, now);
    case 'pods':
      return answers.pods && pods(answers.pods);
    case 'policies':
      return answers.drops && policies(answers.drops, answers.before);
    case 'drops':
      return answers.drops && drops(answers.drops, answers.before);
    case 'blocks':
      return answers.status && blocks(answers.status);
  }
}

function sessions({ peers }: BgpPeersAnswer, now: number): TopTable {
  return {
    columns: ['PEER', 'AS', 'TYPE', 'STATE', 'SINCE', 'RCVD', 'SENT', 'FLAPS', 'WHY'],
    rows: peers.map((peer) => ({
      cells: [
        peer.name,
        String(peer.remoteAs),
        peer.type,
        peer.session,
        ago(now - peer.since),
        String(peer.prefixes.received),
        String(peer.prefixes.advertised),
        String(peer.flaps),
        peer.reason ?? '',
      ],
      isBad: peer.session !== 'Established',
    })),
  };
}

function pods(entries: readonly ExplainedEntry[]): TopTable {
  return {
    columns: ['POD', 'INTERFACE', 'ADDRESSES', 'WANTED', 'PRESENT', 'WHY'],
    rows: entries.map(({ text, why, wanted, present }) => {
      const [endpoint = '', device = '', ...addresses] = text.split(/\s+/);
      const reason = why === `endpoint ${endpoint}` ? '' : why;
      return {
        cells: [podOf(endpoint), device, addresses.join(' '), wanted ? 'yes' : 'no', present ? 'yes' : 'no', reason],
        isBad: wanted !== present,
      };
    }),
  };
}

/** `red/db` of the endpoint `red/node1-k8s-db-eth0`: in its parts a hyphen is written twice. */
function podOf(endpoint: string): string {
  const [namespace, name = ''] = endpoint.split('/');
  const parts = name.replaceAll('--', '\n').split('-');
  return parts.length === 4 ? `${namespace}/${parts[2].replaceAll('\n', '-')}` : endpoint;
}

function drops(counted: readonly CountedDrop[], before: TopAnswers['before']): TopTable {
  const seen = counted.filter(({ packets }) => packets > 0).sort((one, other) => other.packets - one.packets);
  return {
    columns: ['PACKETS', 'PER SECOND', 'BYTES', 'FAMILY', 'DROPPED BY'],
    rows: seen.map((drop) => {
      const rate = rateOf([drop], before);
      return {
        cells: [String(drop.packets), rate.toFixed(1), String(drop.bytes), `IPv${drop.family}`, drop.why],
        isBad: rate > 0,
      };
    }),
  };
}

function policies(counted: readonly CountedDrop[], before: TopAnswers['before']): TopTable {
  const named = counted.filter(({ policy, tier }) => policy !== undefined || tier !== undefined);
  const groups = Map.groupBy(named, ({ tier, policy, direction }) =>
    [tier ?? '-', policy ?? '(end of tier)', direction ?? '-'].join('\n'),
  );
  const rows = [...groups].map(([key, of]) => {
    const packets = of.reduce((sum, drop) => sum + drop.packets, 0);
    const bytes = of.reduce((sum, drop) => sum + drop.bytes, 0);
    const rate = rateOf(of, before);
    return { packets, cells: [...key.split('\n'), String(packets), rate.toFixed(1), String(bytes)], isBad: rate > 0 };
  });
  return {
    columns: ['TIER', 'POLICY', 'DIRECTION', 'DROPPED', 'PER SECOND', 'BYTES'],
    rows: rows.sort((one, other) => other.packets - one.packets),
  };
}

/** Packets a second since the answer before; 0 where there was none, or the rules were made anew. */
function rateOf(drops: readonly CountedDrop[], before: TopAnswers['before']): number {
  if (before === undefined || before.age <= 0) return 0;
  const more = drops.map(({ family, why, packets }) => {
    const then = before.drops.find((one) => one.family === family && one.why === why)?.packets;
    return then === undefined ? 0 : Math.max(0, packets - then);
  });
  return (more.reduce((sum, count) => sum + count, 0) * 1000) / before.age;
}

/** Cells of a picture of how full a block is. */
const BAR = 20;
const NEARLY_FULL = 0.9;

function blocks(status: StatusAnswer): TopTable {
  return {
    columns: ['BLOCK', 'STATE', 'IN USE', 'SIZE', 'FULL'],
    rows: status.blocks.map(({ cidr, state, inUse, size }) => {
      const share = size === 0 ? 0 : inUse / size;
      const filled = Math.round(share * BAR);
      const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR - filled)} ${Math.round(share * 100)}%`;
      return {
        cells: [cidr, state, String(inUse), String(size), bar],
        isBad: state !== 'confirmed' || share >= NEARLY_FULL,
      };
    }),
  };
}
