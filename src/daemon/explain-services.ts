import type { ExplainedEntry } from '../control/index.ts';
import type { QuerySources } from './queries.ts';

/** Each address of a Service, what this node announces of it, and why or why not. */
export function explainServices({
  advertised,
  desired,
}: Pick<QuerySources, 'advertised' | 'desired'>): ExplainedEntry[] {
  const { bgp } = desired();
  return advertised().map(({ service, address, of, announced, why }) => ({
    text: `${service} ${address} (${of})${announced === undefined ? '' : ` by ${announced}`}`,
    wanted: announced !== undefined,
    present: announced !== undefined && bgp?.announce.get(announced) !== undefined,
    why,
  }));
}
