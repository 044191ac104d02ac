import type { Registry } from 'prom-client';
import { gauge } from './define.ts';
import type { NodeFigures } from './figures.ts';

/** RPKI caches by address and port, in order of preference; where none is to be asked there are none of these series. */
export function defineRpkiMetrics(registers: Registry[], figures: () => Pick<NodeFigures, 'rpkiCaches'>): void {
  const caches = (): NodeFigures['rpkiCaches'] => figures().rpkiCaches;
  gauge(
    registers,
    'vrouter_rpki_session_up',
    'Whether the RPKI cache is connected and has told all that it has; of several one is enough',
    ['cache'],
    () => caches().map(({ cache, isUp }) => [{ cache }, isUp ? 1 : 0]),
  );
  gauge(
    registers,
    'vrouter_rpki_records',
    'Prefixes that the RPKI cache has told of and by which routes are judged; 0 of a cache that does not serve',
    ['cache', 'afi'],
    () =>
      caches().flatMap(({ cache, records }) =>
        Object.entries(records).map(([afi, count]) => [{ cache, afi }, count] as const),
      ),
  );
  gauge(registers, 'vrouter_rpki_serial', 'Serial number of what the RPKI cache has told', ['cache'], () =>
    caches().map(({ cache, serial = 0 }) => [{ cache }, serial]),
  );
  gauge(
    registers,
    'vrouter_rpki_session_last_error_timestamp_seconds',
    'When the connection to the RPKI cache ended the last time, or could not be made, in seconds since 1970, and why; 0 for never',
    ['cache', 'reason'],
    () =>
      caches().map(({ cache, lastError }) => [{ cache, reason: lastError?.reason ?? '' }, (lastError?.at ?? 0) / 1000]),
  );
}
