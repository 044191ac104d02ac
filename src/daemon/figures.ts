import type { NodeFigures, RpkiCacheFigures } from '../observe/index.ts';
import { endpoint, type PeerReport, type Routing } from '../routing/index.ts';
import { kernelRefusals, type QuerySources } from './queries.ts';
import type { LastNotification } from './session-history.ts';

export interface FigureSources extends Pick<QuerySources, 'dataplane' | 'desired' | 'kinds' | 'peers'> {
  /** The main loop: whether it has applied once, and what became of its last attempt. */
  readonly loop: { readonly hasApplied: boolean; readonly problem: string | undefined; readonly working: number };
  /** Since the event loop's last beat, in seconds. */
  readonly sinceBeat: number;
  /** Whether the datastore has ever been in sync, and lets itself be read now. */
  readonly isTold: boolean;
  readonly bfdTotals: NodeFigures['bfdPackets'];
  readonly rpkiCaches: ReturnType<Routing['rpkiCaches']>;
  readonly notification: (peer: string) => LastNotification | undefined;
}

const NO_MESSAGES = { received: {}, sent: {} };

/** The figures that Prometheus alone asks for. */
export function nodeFigures(sources: FigureSources): NodeFigures {
  const { dataplane, loop } = sources;
  const kinds = sources.kinds();
  const { policy } = sources.desired();
  const isRefused = kernelRefusals(dataplane).length > 0 || kinds.some(({ invalid }) => invalid.size > 0);
  return {
    config: {
      loaded: loop.hasApplied,
      stale: loop.hasApplied && (loop.problem !== undefined || isRefused || !sources.isTold),
    },
    objects: kinds.map(({ kind, objects: count }) => ({ kind, count })),
    routes: ([4, 6] as const).flatMap((family) =>
      Object.entries(dataplane.routes.tables[family].bySource).map(([proto, count]) => {
        return { proto, table: 'main', afi: `ipv${family}`, count };
      }),
    ),
    policy: {
      endpoints: policy?.endpoints.size ?? 0,
      policies: policy?.policies.size ?? 0,
      sets: policy?.sets.size ?? 0,
    },
    heartbeats: {
      'event-loop': sources.sinceBeat,
      calculation: loop.working,
      routes: dataplane.routes.written.waited,
      filter: dataplane.filter.working,
    },
    peers: sources.peers().map(({ status }: PeerReport) => ({
      peer: status.name,
      messages: status.messages.byType ?? NO_MESSAGES,
      notification: sources.notification(status.name),
    })),
    bfdPackets: packets(sources.bfdTotals),
    rpkiCaches: sources.rpkiCaches.map(cacheFigures),
  };
}

function packets({ sent, received, unheard, unsent }: NodeFigures['bfdPackets']): NodeFigures['bfdPackets'] {
  return { sent, received, unheard, unsent };
}

/** What a cache has told counts while it serves, and after that until it expires. */
function cacheFigures(cache: FigureSources['rpkiCaches'][number]): RpkiCacheFigures {
  const { settled, ipv4, ipv6, data, lastError } = cache;
  return { cache: endpoint(cache), isUp: settled, records: { ipv4, ipv6 }, serial: data?.serial, lastError };
}
